"""The torture set: odd films that are good, and broken ones, each with what should become of it.

A film is 6.5 s of grey frames at 25 fps that tell their number, with noise of a known loudness over time as English
and as Spanish sound: two clips of 3 s. docs/films.md has the set as a table.
"""

# One film a line, as in a table.
# ruff: noqa: E501

import subprocess
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, partial
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from av.stream import Disposition
from surgery import (
    behead,
    clap,
    dolby_vision,
    join,
    overwrite,
    patch,
    remux,
    say_of_picture,
    skip_first_second,
    spoil_packets,
    truncate,
    turn,
)

from dubaug.media.track import resample
from film_factory import Coding, make_film, retime

RATE_HZ = 48000
FPS = 25
CLIP_S = 3.0
SECONDS = 6.5
LONGEST_S = 20
GREY_STEP, NUMBERS = 9, 24
LOUDNESS_S = 0.2
"""How long each loudness of the sound lasts."""
CHANNELS = {"mono": 1, "stereo": 2, "2.1": 3, "quad": 4, "5.1": 6, "5.1(side)": 6, "6.1": 7, "7.1": 8}

H264 = Coding(pix_fmt="yuv420p", options={"crf": "4", "preset": "ultrafast", "g": "25"})
B_FRAMES = Coding(
    pix_fmt="yuv420p", options={"crf": "4", "preset": "fast", "bf": "3", "g": "50", "x264-params": "open-gop=1"}
)
HEVC_OPTIONS = {"preset": "ultrafast", "x265-params": "crf=4:log-level=none"}
HEVC = Coding(codec="libx265", pix_fmt="yuv420p", options=HEVC_OPTIONS)
HEVC_10 = Coding(codec="libx265", pix_fmt="yuv420p10le", options=HEVC_OPTIONS)
VP9 = Coding(
    codec="libvpx-vp9", pix_fmt="yuv420p", options={"crf": "8", "b": "0", "deadline": "realtime", "cpu-used": "8"}
)
AV1 = Coding(codec="libsvtav1", pix_fmt="yuv420p", options={"preset": "12", "crf": "8"})
MPEG2 = Coding(codec="mpeg2video", pix_fmt="yuv420p", options={"b": "6000000", "bf": "2"})
INTERLACED = Coding(codec="mpeg2video", pix_fmt="yuv420p", options={"b": "9000000", "flags": "+ildct+ilme"})
MPEG4 = Coding(codec="mpeg4", pix_fmt="yuv420p", options={"b": "6000000", "bf": "2"})


def draw_number(number: int, size: tuple[int, int] = (64, 36)) -> np.ndarray:
    """Return a picture whose grey tells its number, modulo `NUMBERS`, whatever a codec does to it."""
    return np.full((size[1], size[0], 3), 20 + GREY_STEP * (number % NUMBERS), dtype=np.uint8)


def read_number(picture_HWC: np.ndarray) -> int:
    return round((float(np.median(picture_HWC)) - 20) / GREY_STEP)


@lru_cache(maxsize=8)
def sound(language: str, seconds: float = SECONDS) -> np.ndarray:
    """Return a language's sound, float32 `(S,)` at 48 kHz: noise whose loudness over time is its own."""
    rng = np.random.default_rng(list(language.encode()))
    loudness = np.exp(rng.uniform(-4, 0, round(LONGEST_S / LOUDNESS_S)))
    noise = rng.uniform(-0.4, 0.4, LONGEST_S * RATE_HZ) * np.repeat(loudness, round(LOUDNESS_S * RATE_HZ))
    return noise[: round(seconds * RATE_HZ)].astype(np.float32)


def channels(signal_S: np.ndarray, layout: str = "5.1(side)", rate: int = RATE_HZ) -> np.ndarray:
    """Return the signal in every channel: mixed down by any right matrix whose gains add up to 1 it is itself."""
    resampled_S = signal_S if rate == RATE_HZ else resample(signal_S[None], RATE_HZ, rate)[0]
    return np.repeat(resampled_S[None], CHANNELS[layout], axis=0)


def film(
    path: Path,
    *,
    languages: Sequence[str] = ("eng", "spa"),
    tags: Sequence[str] | None = None,
    layout: str = "5.1(side)",
    rate: int = RATE_HZ,
    seconds: float = SECONDS,
    begin_s: float = 0.0,
    **keys: object,
) -> Path:
    """Write a film with the sound of these languages, from `begin_s` of it on, under these tags."""
    first = round(begin_s * RATE_HZ)
    cut = [sound(language, seconds + begin_s)[first:] for language in languages]
    tracks = [(tag, channels(signal, layout, rate)) for tag, signal in zip(tags or languages, cut, strict=True)]
    if "draw" not in keys:
        first_frame, size = round(begin_s * FPS), keys.get("size", (64, 36))
        keys["draw"] = lambda number: draw_number(first_frame + number, size)  # type: ignore[arg-type]
    return make_film(path, tracks=tracks, layout=layout, rate=rate, seconds=seconds, fps=FPS, **keys)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A row that the reject list should have."""

    stage: str
    reason: str
    """A part of the reason."""
    clips: int | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One film of the set."""

    name: str
    about: str
    """What it is, for people."""
    file: str
    """Its file's name, whatever is in it."""
    make: Callable[[Path], object]
    clips: int = 2
    """How many come of it."""
    losses: tuple[Loss, ...] = ()
    tracks: str = ""
    """What the catalogue says in that column."""
    frame_at: Callable[[float], float] | None = lambda time_s: time_s * FPS
    """Which frame is shown at a time; None where the picture is looked at otherwise, or not at all."""
    frame_tolerance: int = 0
    sound_late_s: float | None = 0.0
    """How much later than the source the sound is to be heard; None where it is not compared."""
    size: tuple[int, int] | None = None
    """The width and height of the stored frames, where they matter."""
    rows: tuple[int, ...] = field(default=())
    """The numbers of the clips that come of it, where they are not the first ones."""

    @property
    def outcome(self) -> str:
        """What becomes of it, for people."""
        given = f"{self.clips} clip{'s' * (self.clips != 1)}" if self.clips else ""
        fate = "lost" if self.clips else "rejected"
        lost = [
            f"{'noted' if loss.clips == 0 else fate}{f' ({loss.clips} clips)' if loss.clips else ''}: {loss.reason}"
            for loss in self.losses
        ]
        return "; ".join(filter(None, [given, *lost]))


def _draw_marked(number: int) -> np.ndarray:
    """A dark picture, white in its upper left corner."""
    image = np.full((36, 64, 3), 30, dtype=np.uint8)
    image[:12, :16] = 230
    return image


def _draw_moving_bar(number: int) -> np.ndarray:
    """A bar that is 8 pixels further in every second row: two fields of something that moves."""
    image = np.full((112, 128, 3), 40, dtype=np.uint8)
    image[0::2, 40:56] = 200
    image[1::2, 48:64] = 200
    return image


VARIABLE_MS = [number * 40 if number < 50 else 2000 + (number - 50) * 125 for number in range(87)]
"""25 frames a second for 2 s, then 8."""


def run_ffmpeg(source: Path, path: Path, *options: str) -> Path:
    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(source), *options, "-map", "0", "-strict", "-2"]
    subprocess.run([*words, str(path)], check=True, stdin=subprocess.DEVNULL)
    return path


def by_ffmpeg(*options: str, layout: str = "5.1(side)", rate: int = RATE_HZ) -> Callable[[Path], object]:
    """Return a maker of films in codecs that PyAV's FFmpeg reads and cannot write: the command line's does."""

    def make(path: Path) -> None:
        run_ffmpeg(film(path.with_suffix(".source.mkv"), codec="flac", layout=layout, rate=rate), path, *options)

    return make


def _variable(time_s: float) -> int:
    return max(number for number, begin_ms in enumerate(VARIABLE_MS) if begin_ms <= time_s * 1000 + 2)


def _spliced(path: Path, second: dict[str, object], jump_s: float = 0.0) -> Path:
    """A broadcast whose format changes after 3.2 s, or whose clock jumps."""
    one = film(path.with_suffix(".one"), seconds=3.2, coding=H264, container_format="mpegts")
    keys = {"begin_s": 3.2, "start_offset_s": 3.2 + jump_s, "seconds": 3.3, **second}
    two = film(path.with_suffix(".two"), coding=H264, container_format="mpegts", **keys)  # type: ignore[arg-type]
    return join(path, [one, two])


def _cover_first(path: Path) -> Path:
    film(path, codec="aac", layout="stereo")
    cover = av.VideoFrame.from_ndarray(np.full((100, 100, 3), 255, dtype=np.uint8), format="rgb24")
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 100, 100, "rgb24", Fraction(1, 25)
    (picture,) = [*encoder.encode(cover), *encoder.encode(None)]

    def add(container: av.container.OutputContainer) -> None:
        stream = container.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 100, 100, "rgb24"
        stream.disposition = Disposition.attached_pic
        picture.stream = stream

    return remux(path, before=add, after=lambda container: container.mux(picture))


def _side_car(
    path: Path, *, codec: str = "ac3", layout: str = "5.1(side)", suffix: str = ".ac3", **keys: object
) -> None:
    film(path, languages=["eng"])
    side = path.with_name(f"{path.stem}_es{suffix}")
    film(side, languages=["spa"], tags=[""], picture=False, codec=codec, layout=layout, **keys)


def _without(path: Path, stream: int, after_s: float) -> Path:
    """A film one of whose streams ends early."""
    return remux(
        film(path),
        keep=lambda packet: packet.stream.index != stream or float(packet.pts * packet.time_base) < after_s,
    )


def _two_programmes(path: Path) -> None:
    """A recording of two broadcasts, each by its own clock; the second has both languages."""
    first, second = path.with_suffix(".first.mkv"), path.with_suffix(".second.mkv")
    film(first, languages=["com"], tags=["eng"], coding=H264, draw=lambda number: draw_number(number + 7))
    film(second, coding=H264)
    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(first), "-itsoffset", "40", "-i", str(second)]
    programmes = ["-program", "program_num=1:st=0:st=1", "-program", "program_num=2:st=2:st=3:st=4"]
    words += ["-map", "0", "-map", "1", "-c", "copy", *programmes, str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def _two_languages_in_stereo(path: Path) -> None:
    """A film whose one stream has English on the left and Spanish on the right."""
    both_CS = np.stack([sound("eng"), sound("spa")])
    make_film(path, tracks=[("", both_CS)], layout="stereo", codec="flac", fps=FPS, seconds=SECONDS, draw=draw_number)


def _titled(path: Path) -> Path:
    """Sound that only its title tells apart: commentary, audio description and the film's own in each language."""
    languages = ["com", "eng", "des", "spa"]
    titles = ["Director's Commentary", "English 5.1", "Audiodescripci\u00f3n", "Espa\u00f1ol (Director's Cut)"]
    return film(path, languages=languages, tags=["eng", "eng", "spa", "spa"], titles=titles)


def hdr(transfer: str) -> Callable[[Path], object]:
    """Return a maker of films whose greys are coded in BT.2100."""
    to = f"zscale=tin=709:pin=709:min=709:t={transfer}:p=2020:m=2020_ncl,format=yuv420p10le"
    return by_ffmpeg("-vf", to, "-c:v", "libx265", "-x265-params", "crf=4:log-level=none", "-c:a", "copy")


def with_late_subtitle(path: Path) -> Path:
    """A film, and a subtitle ten hours later."""
    source, text = film(path.with_suffix(".source.mkv")), path.with_suffix(".srt")
    text.write_text("1\n00:00:01,000 --> 00:00:02,000\nYes\n\n2\n09:59:58,000 --> 10:00:00,000\nNo\n", encoding="utf-8")
    return run_ffmpeg(source, path, "-i", str(text), "-map", "1", "-c", "copy")


def cropped(path: Path) -> Path:
    """A film with bars above and below, which Matroska's header tells to leave out, and pixels that are not square."""
    keys = {"size": (64, 48), "draw": _with_bars, "codec": "aac", "layout": "stereo"}
    inside = say_of_picture(film(path.with_suffix(".mp4"), coding=H264, **keys), clap(64, 32, down=2))
    return run_ffmpeg(inside, path, "-c", "copy", "-aspect", "32:27")


def _with_bars(number: int) -> np.ndarray:
    image = np.full((48, 64, 3), 250, dtype=np.uint8)
    image[10:42] = draw_number(number, (64, 32))
    return image


def _picture_ends_early(path: Path) -> Path:
    return remux(
        film(path, seconds=12.5), keep=lambda packet: packet.stream.index != 0 or packet.pts * packet.time_base < 8
    )


def _twelve_channels(path: Path) -> None:
    film(path, languages=["eng"])
    with wave.open(str(path.with_name(f"{path.stem}_es.wav")), "wb") as file:
        file.setnchannels(12)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(b"\x01\x00" * 12 * round(SECONDS * RATE_HZ))


def _write(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def _after(surgery: Callable[[Path], object], **keys: object) -> Callable[[Path], object]:
    """A film, then what happens to it."""
    return lambda path: surgery(film(path, **keys))  # type: ignore[arg-type]


def _stretched(path: Path, streams: Mapping[int, float], hole_s: float = 0.0) -> Path:
    """A film some of whose sound (streams and their clocks) has timestamps at another speed, and a hole after 4 s."""
    langs = ["eng", "spa"]
    signals = [sound(tag, LONGEST_S) for tag in langs]
    longer = [resample(S[None], round(RATE_HZ * streams.get(n, 1.0)), RATE_HZ)[0] for n, S in enumerate(signals, 1)]
    tracks = [
        (tag, channels(S[: round((SECONDS - 0.3) / streams.get(n, 1.0) * RATE_HZ)]))
        for n, (tag, S) in enumerate(zip(langs, longer, strict=True), 1)
    ]
    make_film(path, tracks=tracks, seconds=SECONDS, fps=FPS, draw=draw_number)
    return retime(path, {n: lambda s, rate=rate: rate * s + hole_s * (rate * s > 4) for n, rate in streams.items()})


BOTH = "en:0|es:1"


def good_films() -> list[Case]:
    """Odd, but nothing is wrong with them."""
    stereo = {"codec": "aac", "layout": "stereo"}
    of = partial(partial, film)
    return [
        Case(name="mkv_h264_ac3", about="Matroska, H.264, AC-3 5.1(side)", file="a.mkv", make=of()),
        Case(name="mkv_b_frames", about="H.264 with B-frames and open groups of pictures, E-AC-3", file="a.mkv", make=of(coding=B_FRAMES, codec="eac3")),
        Case(name="mp4_aac_51", about="MP4, H.264, AAC 5.1", file="a.mp4", make=of(codec="aac", layout="5.1")),
        Case(name="mp4_hevc", about="MP4, HEVC, AAC stereo", file="a.mp4", make=of(coding=HEVC, **stereo)),
        Case(name="mkv_hevc_10_bit", about="Matroska, HEVC with 10 bits", file="a.mkv", make=of(coding=HEVC_10)),
        Case(name="mov_pcm", about="QuickTime, H.264, PCM stereo", file="a.mov", make=of(codec="pcm_s16le", layout="stereo")),
        Case(name="mp4_alac", about="MP4, H.264, ALAC stereo", file="a.m4v", make=of(codec="alac", layout="stereo", container_format="mp4")),
        Case(name="ts_h264_ac3", about="MPEG-TS, H.264, AC-3", file="a.ts", make=of(coding=H264), frame_tolerance=1),
        Case(name="ts_mpeg2_eac3", about="MPEG-TS, MPEG-2 with B-frames, E-AC-3", file="a.ts", make=of(coding=MPEG2, codec="eac3"), frame_tolerance=1),
        Case(name="mpg_mpeg2_mp2", about="MPEG program stream, MPEG-2, MP2, languages by `tracks`", file="a.mpg", make=of(coding=MPEG2, codec="mp2", layout="stereo"), tracks=BOTH, frame_tolerance=1),
        Case(name="vob_ac3", about="DVD's VOB, MPEG-2, AC-3, languages by `tracks`", file="a.vob", make=of(coding=MPEG2), tracks=BOTH, frame_tolerance=1),
        Case(name="avi_mpeg4_mp3", about="AVI, MPEG-4 with B-frames (no presentation times in the file), MP3", file="a.avi", make=of(coding=MPEG4, codec="libmp3lame", layout="stereo"), tracks=BOTH, frame_tolerance=1),
        Case(name="webm_vp9_opus", about="WebM, VP9, Opus 5.1", file="a.webm", make=of(coding=VP9, codec="libopus", layout="5.1")),
        Case(name="webm_av1_opus", about="WebM, AV1, Opus stereo", file="a.webm", make=of(coding=AV1, codec="libopus", layout="stereo")),
        Case(name="mxf_pcm", about="MXF, MPEG-2, PCM mono, languages by `tracks`", file="a.mxf", make=of(coding=Coding(codec="mpeg2video", pix_fmt="yuv420p", options={"b": "6000000"}), codec="pcm_s16le", layout="mono"), tracks=BOTH),
        Case(name="flv_side_car", about="FLV, H.264, AAC mono at 22.05 kHz, Spanish in a side-car file", file="a.flv", make=_flv, tracks="en:0|es:flv_side_car_es.ac3", frame_tolerance=2, sound_late_s=None),
        Case(name="mkv_ffv1_flac_71", about="Matroska, FFV1, FLAC 7.1", file="a.mkv", make=of(coding=Coding(codec="ffv1", options={}), codec="flac", layout="7.1")),
        Case(name="mkv_pcm_mono", about="PCM mono", file="a.mkv", make=of(codec="pcm_s16le", layout="mono")),
        Case(name="mkv_quad", about="FLAC quad", file="a.mkv", make=of(codec="flac", layout="quad")),
        Case(name="mkv_61", about="FLAC 6.1", file="a.mkv", make=of(codec="flac", layout="6.1")),
        Case(name="mkv_dts", about="DTS 5.1(side)", file="a.mkv", make=by_ffmpeg("-c:v", "copy", "-c:a", "dca")),
        Case(name="mkv_truehd", about="TrueHD 5.1", file="a.mkv", make=by_ffmpeg("-c:v", "copy", "-c:a", "truehd")),
        Case(name="ts_dts", about="MPEG-TS (as on Blu-ray discs), H.264, DTS", file="a.m2ts", make=by_ffmpeg("-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv420p", "-c:a", "dca"), frame_tolerance=1),
        Case(name="webm_vorbis", about="WebM, VP8, Vorbis stereo", file="a.webm", make=by_ffmpeg("-c:v", "libvpx", "-b:v", "4M", "-pix_fmt", "yuv420p", "-c:a", "libvorbis", layout="stereo")),
        Case(name="ogv_theora", about="Ogg, Theora, Vorbis stereo, languages under the key LANGUAGE", file="a.ogv", make=by_ffmpeg("-c:v", "libtheora", "-q:v", "10", "-pix_fmt", "yuv420p", "-c:a", "libvorbis", "-map_metadata:s:a:0", "-1", "-map_metadata:s:a:1", "-1", "-metadata:s:a:0", "LANGUAGE=eng", "-metadata:s:a:1", "LANGUAGE=spa", layout="stereo")),
        Case(name="wmv_wma", about="ASF, WMV 8, WMA stereo (43 ms late: ASF does not tell the delay), languages by `tracks`", file="a.wmv", make=by_ffmpeg("-c:v", "wmv2", "-b:v", "6M", "-pix_fmt", "yuv420p", "-c:a", "wmav2", "-b:a", "192k", layout="stereo"), tracks="en:0|es:1", frame_tolerance=2, sound_late_s=None),
        Case(name="mov_prores", about="QuickTime, ProRes, PCM 5.1 with 24 bits", file="a.mov", make=by_ffmpeg("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s24le")),
        Case(name="mkv_wavpack", about="WavPack, whose packets do not say how long they are", file="a.mkv", make=of(codec="wavpack", layout="stereo")),
        Case(name="rate_16k", about="sound at 16 kHz", file="a.mkv", make=of(codec="flac", layout="stereo", rate=16000)),
        Case(name="rate_96k", about="sound at 96 kHz", file="a.mkv", make=of(codec="flac", layout="stereo", rate=96000)),
        Case(name="raw_h264", about="a bare H.264 stream without any timestamps, both languages in side-car files", file="a.h264", make=_raw, tracks="en:raw_h264_en.flac|es:raw_h264_es.flac"),
        Case(name="variable_rate", about="variable frame rate, Matroska", file="a.mkv", make=of(times_ms=VARIABLE_MS), frame_at=_variable),
        Case(name="variable_rate_mp4", about="variable frame rate, MP4", file="a.mp4", make=of(times_ms=VARIABLE_MS, **stereo), frame_at=_variable),
        Case(name="interlaced", about="interlaced MPEG-2: the first field is taken", file="a.ts", make=of(coding=INTERLACED, size=(128, 112), draw=_draw_moving_bar), frame_at=None, size=(64, 56)),
        Case(name="rotated_90", about="display matrix: a quarter turn clockwise", file="a.mp4", make=_after(lambda path: turn(path, (0, 1, -1, 0)), draw=_draw_marked, **stereo), frame_at=None, size=(32, 56)),
        Case(name="rotated_180", about="display matrix: upside down", file="a.mp4", make=_after(lambda path: turn(path, (-1, 0, 0, -1)), draw=_draw_marked, **stereo), frame_at=None, size=(100, 56)),
        Case(name="mirrored", about="display matrix: mirrored", file="a.mp4", make=_after(lambda path: turn(path, (-1, 0, 0, 1)), draw=_draw_marked, **stereo), frame_at=None, size=(100, 56)),
        Case(name="anamorphic", about="pixels that are not square (64:45)", file="a.mkv", make=of(coding=Coding(pixel_aspect=Fraction(64, 45))), size=(142, 56)),
        Case(name="cropped", about="bars that Matroska's PixelCrop leaves out, shown as 16:9", file="a.mkv", make=cropped, size=(100, 56)),
        Case(name="hdr10", about="HEVC with 10 bits in PQ and BT.2020", file="a.mkv", make=hdr("smpte2084")),
        Case(name="odd_size", about="a picture of 65x37 pixels", file="a.mkv", make=of(size=(65, 37)), size=(98, 56)),
        Case(name="late_subtitle", about="a subtitle ten hours after the film's end", file="a.mkv", make=with_late_subtitle),
        Case(name="start_at_5_s", about="all timestamps begin at 5 s", file="a.mkv", make=of(start_offset_s=5.0)),
        Case(name="clock_wraps", about="MPEG-TS whose 33-bit clock wraps round", file="a.ts", make=of(coding=H264, start_offset_s=95441.0), frame_tolerance=1),
        Case(name="picture_late", about="the picture begins 0.4 s after the sound (MP4 edit list)", file="a.mp4", make=of(picture_offset_s=0.4, **stereo), frame_at=lambda time_s: max(0.0, (time_s - 0.4) * FPS)),
        Case(name="sound_late", about="the sound begins 0.5 s after the picture", file="a.mkv", make=of(sound_offset_s=0.5), sound_late_s=0.5),
        Case(name="stretched", about="the Spanish timestamps run at 24/25 of its sound (`mkvmerge --sync 2:0,24/25`)", file="a.mkv", make=partial(_stretched, streams={2: 24 / 25}), losses=(Loss(stage="catalogue", reason="sound is resampled: es has timestamps that run at 0.96000", clips=0),)),
        Case(name="stretched_with_a_hole", about="MPEG-TS, both stretched (25/24, 1.001), 0.1 s of sound is missing in each", file="a.ts", make=partial(_stretched, streams={1: 25 / 24, 2: 1.001}, hole_s=0.1), frame_tolerance=1, sound_late_s=None, losses=(Loss(stage="catalogue", reason="sound is resampled: en has timestamps that run at 1.04167", clips=0), Loss(stage="catalogue", reason="sound is resampled: es has timestamps that run at 1.00100", clips=0), Loss(stage="shards", reason="holes in the sound are filled with silence: 0.10 s of en in clips 1", clips=0), Loss(stage="shards", reason="holes in the sound are filled with silence: 0.10 s of es in clips 1", clips=0))),
        Case(name="edit_list", about="an MP4 edit list that leaves out the first second", file="a.mp4", make=_after(skip_first_second, seconds=7.5, **stereo), frame_at=lambda time_s: (time_s + 1) * FPS, sound_late_s=-1.0),
        Case(name="fragmented", about="fragmented MP4", file="a.mp4", make=of(muxing={"movflags": "frag_keyframe+empty_moov"}, **stereo), frame_tolerance=1),
        Case(name="index_first", about="MP4 with its index at the front", file="a.mp4", make=of(muxing={"movflags": "faststart"}, **stereo)),
        Case(name="two_letters", about="language tags en-US and es_419", file="a.mkv", make=of(tags=["en-US", "es_419"])),
        Case(name="capitals", about="language tags ENG and Spanish", file="a.mkv", make=of(tags=["ENG", "Spanish"])),
        Case(name="undetermined", about="language tags und, languages by `tracks`", file="a.mkv", make=of(tags=["und", "und"]), tracks=BOTH),
        Case(name="commentary_first", about="an English commentary, marked as such, before the English track", file="a.mkv", make=of(languages=["com", "eng", "spa"], tags=["eng", "eng", "spa"], dispositions=[Disposition.comment])),
        Case(name="audio_description_first", about="a Spanish audio description before the Spanish track", file="a.mkv", make=of(languages=["eng", "des", "spa"], tags=["eng", "spa", "spa"], dispositions=[Disposition.default, Disposition.visual_impaired])),
        Case(name="titles_alone", about="commentary and audio description that only their titles tell, before the film's own sound", file="a.mkv", make=_titled),
        Case(name="two_programmes", about="a recording of two broadcasts: the one with both languages is taken, its picture and its clock", file="a.ts", make=_two_programmes, frame_tolerance=1),
        Case(name="dual_mono", about="English on the left and Spanish on the right of one stream, by `tracks`", file="a.mkv", make=_two_languages_in_stereo, tracks="en:0.left|es:0.right"),
        Case(name="side_car_of_several", about="Spanish in the second stream of a file beside the film", file="a.mkv", make=lambda path: (film(path, languages=["eng"]), film(path.with_suffix(".mka"), picture=False, container_format="matroska")), tracks="es:side_car_of_several.mka"),
        Case(name="side_car", about="Spanish in an AC-3 file beside the film", file="a.mkv", make=_side_car, tracks="es:side_car_es.ac3"),
        Case(name="side_car_late", about="Spanish in a Matroska file beside the film, whose times begin at 3 s", file="a.mkv", make=partial(_side_car, suffix=".mka", start_offset_s=3.0), tracks="es:side_car_late_es.mka"),
        Case(name="cover_first", about="a cover picture before the film's own picture", file="a.mp4", make=_cover_first),
        Case(name="wrong_suffix", about="an MP4 named .avi", file="a.avi", make=of(container_format="mp4", **stereo)),
        Case(name="strange_name", about="blanks, quotes and accents in the file's name", file="l'été %d [1].mkv", make=of()),
        Case(name="layout_changes", about="a broadcast that changes from 5.1 to stereo", file="a.ts", make=lambda path: _spliced(path, {"layout": "stereo"}), frame_tolerance=2),
        Case(name="size_changes", about="a broadcast whose picture changes its size: the first size is kept", file="a.ts", make=lambda path: _spliced(path, {"size": (96, 54)}), frame_tolerance=2, size=(100, 56)),
        Case(name="recorded_from_the_middle", about="a broadcast that begins in the middle of a group of pictures", file="a.ts", make=_after(lambda path: behead(path, 0.3), seconds=9.5, coding=H264), frame_at=None, sound_late_s=None),
        Case(name="ts_cut_short", about="a broadcast that ends early: nothing promised more", file="a.ts", make=_after(lambda path: truncate(path, 0.6), coding=H264), clips=1, frame_tolerance=1),
    ]  # fmt: skip


def _raw(path: Path) -> None:
    for language, short in (("eng", "en"), ("spa", "es")):
        side = path.with_name(f"{path.stem}_{short}.flac")
        film(side, languages=[language], tags=[""], picture=False, codec="flac", layout="stereo")
    film(path, languages=[], coding=H264)


def _flv(path: Path) -> None:
    _side_car(path)
    film(path, languages=["eng"], tags=[""], codec="aac", layout="mono", rate=22050, coding=H264)


def broken_films() -> list[Case]:
    """Something is wrong with each, and it is to be said."""

    def bad(name: str, about: str, file: str, make: Callable[[Path], object], reason: str, **keys: object) -> Case:
        stage, clips = ("shards", 2) if keys.pop("decoding", False) else ("catalogue", None)
        loss = Loss(stage=stage, reason=reason, clips=clips)
        return Case(name=name, about=about, file=file, make=make, clips=0, losses=(loss,), **keys)  # type: ignore[arg-type]

    stereo = {"codec": "aac", "layout": "stereo"}
    of = partial(partial, film)
    damage = {"frame_at": None, "sound_late_s": None}
    return [
        bad("missing", "no file at all", "a.mkv", lambda path: None, "there is no file"),
        bad("folder", "a folder in place of a film", "a.mkv", lambda path: path.mkdir(), "there is no file"),
        bad("link_to_nowhere", "a link to itself", "a.mkv", lambda path: path.symlink_to(path), "there is no file"),
        bad("empty", "an empty file", "a.mkv", _write(b""), "the file is empty"),
        bad("text", "a text named .mkv", "a.mkv", _write(b"no film\n" * 999), "the file cannot be read"),
        bad("noise", "random bytes", "a.mp4", _write(np.random.default_rng(0).bytes(50000)), "the file cannot be read"),
        bad("zeros", "a download that was never filled", "a.mkv", _write(bytes(50000)), "the file cannot be read"),
        bad("cut_short", "Matroska cut at 60 %", "a.mkv", _after(lambda path: truncate(path, 0.6), seconds=12.5), "of the 12.5 s its header promises"),
        bad("header_only", "Matroska cut after its header", "a.mkv", _after(lambda path: truncate(path, 0.01)), "its header promises"),
        bad("mp4_without_index", "MP4 cut before its index", "a.mp4", _after(lambda path: truncate(path, 0.8), **stereo), "the file cannot be read"),
        bad("mp4_cut_short", "MP4 with its index at the front, cut at 50 %", "a.mp4", _after(lambda path: truncate(path, 0.5), seconds=12.5, muxing={"movflags": "faststart"}, **stereo), "of the 12.5 s its header promises"),
        bad("avi_cut_short", "AVI cut at 50 %, for which FFmpeg states a new duration", "a.avi", _after(lambda path: truncate(path, 0.5), coding=MPEG4, codec="libmp3lame", layout="stereo"), "bytes its header promises", tracks=BOTH),
        bad("no_picture", "sound only", "a.mka", of(picture=False, container_format="matroska"), "the file has no picture"),
        bad("no_sound", "picture only", "a.mkv", of(languages=[]), "the file has no sound"),
        bad("no_primary", "no English track", "a.mkv", of(languages=["spa", "fra"]), "no English (en) sound: its audio streams are es, fr"),
        bad("untagged", "language tags und, and nothing in `tracks`", "a.mkv", of(tags=["und", "und"]), "no English (en) sound: its audio streams are untagged"),
        bad("commentary_only", "the only Spanish track is a commentary, by its title", "a.mkv", of(titles=["", "Comentarios del director"]), "es is not there, only audio stream 1 (es@commentary)"),
        bad("wrong_tracks", "`tracks` names a stream that is not there", "a.mkv", of(), "the film has no audio stream 7", tracks="en:7"),
        bad("too_short", "a film of 2 s", "a.mkv", of(seconds=2.0), "less than one clip"),
        bad("one_picture", "a single frame with 6.5 s of sound", "a.mkv", lambda path: _without(path, 0, 0.01), "go together for only"),
        bad("dub_ends_early", "the Spanish track ends after 2 s", "a.mkv", lambda path: _without(path, 2, 2.0), "es ends at 2.0 s of 6.5 s and is not counted"),
        bad("dub_without_packets", "a Spanish track without any sound", "a.mkv", lambda path: _without(path, 2, -1.0), "es ends at 0.0 s of 6.5 s and is not counted"),
        bad("side_car_missing", "the side-car file is not there", "a.mkv", of(languages=["eng"]), "es: there is no file", tracks="es:none.ac3"),
        bad("side_car_cut_short", "Spanish in a WAV file cut at 90 %", "a.mkv", lambda path: (_side_car(path, codec="pcm_s16le", layout="stereo", suffix=".wav"), truncate(path.with_name("side_car_cut_short_es.wav"), 0.9)), "es: side_car_cut_short_es.wav ends after", tracks="es:side_car_cut_short_es.wav"),
        bad("side_car_is_text", "the side-car file is a text", "a.mkv", lambda path: (film(path, languages=["eng"]), path.with_name("text.ac3").write_text("no sound" * 99)), "es ends at 0.0 s", tracks="es:text.ac3"),
        bad("clock_jumps", "a splice after which the clock is 5000 s ahead", "a.ts", lambda path: _spliced(path, {}, jump_s=5000.0), "its timestamps jump from"),
        bad("unknown_picture_codec", "a picture in a codec that nobody knows", "a.mkv", _after(lambda path: patch(path, b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ")), "a codec that cannot be decoded"),
        bad("unknown_sound_codec", "sound in a codec that nobody knows", "a.mkv", _after(lambda path: patch(path, b"A_AC3", b"A_XC9")), "a codec that cannot be decoded"),
        bad("dolby_vision", "Dolby Vision, profile 5", "a.mp4", _after(lambda path: say_of_picture(path, dolby_vision(5, 0)), **stereo), "it is in Dolby Vision, profile 5"),
        bad("twelve_channels", "12 channels that do not say which is which", "a.mkv", _twelve_channels, "the audio has 12 channels", tracks="es:twelve_channels_es.wav", decoding=True),
        bad("picture_spoilt", "every frame's data overwritten", "a.mkv", _after(lambda path: spoil_packets(path, 0, 0, 99), coding=H264), "damaged data (picture) in every clip", decoding=True),
        Case(name="picture_ends_early", about="the picture ends after 8 s of 12.5 s", file="a.mkv", make=_picture_ends_early, losses=(Loss(stage="catalogue", reason="only the first 2 of 4 clips can be used: the picture ends at 8.0 s of 12.5 s"),)),
        Case(name="picture_damaged", about="1.5 s of frames overwritten in the second of four clips", file="a.mkv", make=_after(lambda path: spoil_packets(path, 0, 3.5, 5.0), seconds=12.5, coding=H264), clips=3, losses=(Loss(stage="shards", reason="damaged data (picture) in clips 1 of 0-3", clips=1),), rows=(0, 2, 3)),
        Case(name="sound_damaged", about="FLAC frames overwritten in the first of four clips", file="a.mkv", make=_after(lambda path: spoil_packets(path, 1, 1.0, 2.0), seconds=12.5, codec="flac", layout="stereo"), clips=3, losses=(Loss(stage="shards", reason="damaged data (en) in clips 0 of 0-3", clips=1),), rows=(1, 2, 3)),
        Case(name="hole", about="a tenth of the file overwritten with zeros", file="a.mkv", make=_after(lambda path: overwrite(path, 0.45, 0.55), seconds=12.5), clips=2, losses=(Loss(stage="shards", reason="damaged data (en, es) in clips 1-2 of 0-3", clips=2),), rows=(0, 3)),
        Case(name="long_groups_from_the_middle", about="a broadcast whose first key frame comes after 2.7 s", file="a.ts", make=_after(lambda path: behead(path, 0.1), seconds=12.5, coding=Coding(pix_fmt="yuv420p", options={"crf": "4", "preset": "ultrafast", "g": "100", "sc_threshold": "0"})), clips=2, losses=(Loss(stage="shards", reason="damaged data (picture) in clips 0 of 0-2", clips=1),), rows=(1, 2), **damage),
        Case(name="picture_begins_late", about="the picture begins 3.2 s after the sound", file="a.mkv", make=of(seconds=9.5, picture_offset_s=3.2), clips=1, losses=(Loss(stage="catalogue", reason="only the first 3 of 4 clips can be used: en ends at 9.5 s of 12.7 s"), Loss(stage="shards", reason="damaged data (picture) in clips 0-1 of 0-2", clips=2)), rows=(2,), frame_at=lambda time_s: (time_s - 3.2) * FPS),
    ]  # fmt: skip


def all_films() -> list[Case]:
    """Return the set, the good ones first."""
    return [*good_films(), *broken_films()]
