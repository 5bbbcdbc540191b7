"""Write the demo's films (Matroska with H.264 and one AC-3 5.1 track a language) and the catalogue beside them."""

import io
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageChops

from dubaug.config import Demo
from dubaug.demo import scenes
from dubaug.demo.films import scene_background, scene_speech
from dubaug.demo.generator import generator_sha256
from dubaug.demo.titles import FPS, FRAMES_A_PICTURE, DemoTitle, Look, Scene, plan_titles
from dubaug.digests import digest
from dubaug.files import atomic_path, write_text
from dubaug.progress import Progress, log_line

WIDTH, HEIGHT = 320, 180
RATE_HZ = 48000
LAYOUT = "5.1(side)"
AC3_SAMPLES = 1536
"""Samples a frame of AC-3."""
AC3_BITRATE = 256_000
X264 = {"preset": "ultrafast", "crf": "23", "x264-params": "mbtree=0"}
"""Macroblock trees are off because x264's assembly for them gives other bytes from run to run at this picture size."""
ISO_639_2 = {"en": "eng", "es": "spa", "fr": "fra", "ja": "jpn"}
TAG = "DUBAUG_SETTINGS"
"""In each film's metadata: a hash of all that it was made from."""

CATALOGUE_COLUMNS = ("title_id", "path", "original_language", "year", "genres")


def write_films(directory: Path, *, demo: Demo, jobs: int) -> None:
    """Write `catalogue.csv` and `films/<title_id>.mkv` under `directory`, with `jobs` processes.

    The bytes depend on `demo.seed`, `demo.films` and this package alone. A film that is there already and was made
    from the same is left as it is; each appears whole or not at all. Other files are not touched.
    """
    titles = plan_titles(demo.films, demo.seed)
    generator = generator_sha256(tasks=False)
    films = directory / "films"
    wanted = {title: digest(title, generator) for title in titles}
    missing = [title for title, settings in wanted.items() if settings_of(_path(films, title)) != settings]
    if missing:
        progress = Progress("demo films", len(missing), "titles")
        for title_id in _write_all(films, [(title, wanted[title]) for title in missing], jobs):
            progress.advance(note=title_id)
    else:
        log_line(f"demo films: all {len(titles)} are up to date in {films}")
    write_text(directory / "catalogue.csv", _catalogue(titles))


def settings_of(path: Path) -> str | None:
    """Return the hash that a generated film carries; None for no file, or one that is not a generated film."""
    if not path.is_file():
        return None
    try:
        with av.open(str(path)) as container:
            return container.metadata.get(TAG)
    except av.error.FFmpegError:
        return None


def _path(films: Path, title: DemoTitle) -> Path:
    return films / f"{title.title_id}.mkv"


def _write_all(films: Path, work: list[tuple[DemoTitle, str]], jobs: int) -> Iterator[str]:
    """Write the titles, each in one process; yield each one's name when it is done."""
    if jobs <= 1 or len(work) == 1:
        for title, settings in work:
            write_title(_path(films, title), title, settings)
            yield title.title_id
        return
    with ProcessPoolExecutor(min(jobs, len(work)), mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(write_title, _path(films, title), title, tag): title.title_id for title, tag in work}
        for future in as_completed(futures):
            future.result()
            yield futures[future]


def write_title(path: Path, title: DemoTitle, settings: str = "") -> None:
    """Write one film to `path`, atomically. `settings` goes into its metadata."""
    with atomic_path(path) as temporary:
        # One thread and bit-exact muxing (no random ids, no dates): the same film is the same bytes.
        options = {"fflags": "+bitexact"}
        with av.open(str(temporary), "w", format="matroska", container_options=options) as container:
            container.metadata.update({"title": title.title_id.replace("_", " ").title(), TAG: settings})
            video = container.add_stream("libx264", rate=FPS, options=dict(X264))
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            video.thread_count = 1
            video.codec_context.gop_size = 2 * FPS
            tracks = [_TrackWriter(container, language, number) for number, language in enumerate(title.languages)]
            reformatter = VideoReformatter()
            frame_number = 0
            for scene in title.scenes:
                background_CS = scene_background(scene, title.acoustics, title.theme, sample_rate_hz=RATE_HZ)
                for track in tracks:
                    speech_CS = scene_speech(
                        scene, title.acoustics, title.cast, language=track.language, sample_rate_hz=RATE_HZ
                    )
                    track.write(background_CS + speech_CS)
                for picture in graded(scene, title.look):
                    rgb = av.VideoFrame.from_ndarray(picture, format="rgb24")
                    for _ in range(FRAMES_A_PICTURE):
                        # A frame may be handed to the encoder once only: hence the conversion inside.
                        frame = reformatter.reformat(rgb, format="yuv420p", threads=1)
                        frame.pts = frame_number
                        frame_number += 1
                        container.mux(video.encode(frame))
            container.mux(video.encode(None))
            for track in tracks:
                track.close()


class _TrackWriter:
    """Encodes one language's sound, handed over in pieces of any length, into the container."""

    def __init__(self, container: av.container.OutputContainer, language: str, number: int) -> None:
        self.language = language
        self._container = container
        self._stream = container.add_stream("ac3", rate=RATE_HZ, layout=LAYOUT)
        self._stream.bit_rate = AC3_BITRATE
        self._stream.metadata["language"] = ISO_639_2[language]
        self._stream.disposition = Disposition.default if number == 0 else Disposition(0)
        self._rest = np.zeros((6, 0), np.float32)
        self._done = 0

    def write(self, sound_CS: np.ndarray) -> None:
        """Encode all whole AC-3 frames there are; keep the rest for the next piece."""
        sound_CS = np.concatenate([self._rest, sound_CS], axis=1)
        whole = sound_CS.shape[1] // AC3_SAMPLES * AC3_SAMPLES
        for start in range(0, whole, AC3_SAMPLES):
            self._encode(sound_CS[:, start : start + AC3_SAMPLES])
        self._rest = sound_CS[:, whole:]

    def close(self) -> None:
        """Encode what is left, filled up with silence, and the encoder's last packets."""
        if self._rest.shape[1]:
            self._encode(np.pad(self._rest, ((0, 0), (0, AC3_SAMPLES - self._rest.shape[1]))))
        self._container.mux(self._stream.encode(None))

    def _encode(self, frame_CS: np.ndarray) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(frame_CS), format="fltp", layout=LAYOUT)
        frame.sample_rate, frame.pts = RATE_HZ, self._done
        self._done += AC3_SAMPLES
        self._container.mux(self._stream.encode(frame))


def graded(scene: Scene, look: Look) -> Iterator[np.ndarray]:
    """Yield a scene's drawings in its title's look, FPS / FRAMES_A_PICTURE a second, uint8 RGB (HEIGHT, WIDTH, 3).

    The camera drifts over a slightly larger picture; then come saturation, gain and gamma by channel, darkened
    corners, and bars.
    """
    margin_x = round(look.drift * WIDTH)
    margin_y = round(margin_x * HEIGHT / WIDTH)
    large_THWC = scenes.picture_of(
        scene.plan, fps=FPS / FRAMES_A_PICTURE, height=HEIGHT + 2 * margin_y, width=WIDTH + 2 * margin_x
    )
    path = scene.plan.rng("camera").uniform(0.2, 0.8, 4)
    times = np.arange(len(large_THWC)) * FRAMES_A_PICTURE / FPS
    left = np.round(margin_x * (1 + np.sin(path[0] * times * 2 + 9 * path[1]))).astype(int)
    top = np.round(margin_y * (1 + np.sin(path[2] * times * 2 + 9 * path[3]))).astype(int)
    luma = np.array([0.299, 0.587, 0.114])
    matrix = np.diag(look.gain) @ (look.saturation * np.eye(3) + (1 - look.saturation) * luma)
    affine = tuple(np.pad(matrix, ((0, 0), (0, 1))).ravel().tolist())
    levels = np.linspace(0, 1, 256)
    table = np.concatenate([255 * levels**gamma for gamma in look.gamma]).round().astype(int).tolist()
    mask = _mask(look)
    for number, frame_HWC in enumerate(large_THWC):
        view = frame_HWC[top[number] : top[number] + HEIGHT, left[number] : left[number] + WIDTH]
        image = Image.fromarray(np.ascontiguousarray(view)).convert("RGB", affine).point(table)
        yield np.asarray(ImageChops.multiply(image, mask))


def _mask(look: Look) -> Image.Image:
    """Return what every frame of a title is multiplied by: dark corners and black bars."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    mask = 1 - look.vignette * np.clip((x**2 + y**2) / 2, 0, 1) ** 1.2
    bar = round(look.bars * HEIGHT)
    mask[:bar] = mask[HEIGHT - bar :] = 0
    return Image.fromarray((255 * mask).round().astype(np.uint8)).convert("RGB")


def _catalogue(titles: tuple[DemoTitle, ...]) -> str:
    text = io.StringIO()
    text.write(",".join(CATALOGUE_COLUMNS) + "\n")
    for title in titles:
        genres = "|".join(title.genres)
        row = (title.title_id, f"films/{title.title_id}.mkv", title.original_language, str(title.year), genres)
        text.write(",".join(row) + "\n")
    return text.getvalue()
