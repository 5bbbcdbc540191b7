"""Ingest and reading of shards, each beside what a competent user would run in its place (`make bench-media`).

- ingest_cpu_vs_ffmpeg: CPU seconds of cutting a title with four 5.1 tracks into clips (frames, log-mels of all tracks,
  shard written and hashed), against the FFmpeg command line decoding the same streams to null and encoding 16 frames
  a clip as JPEG. FFmpeg makes no spectrograms.
- ingest_peak_rss_gib: resident memory of the same on a two-hour film (the title repeated, packets copied), in a process
  of its own; and of the short title, which should be nearly the same.
- loader_vs_jpeg_bound: training batches as the trainer reads them (frames, log-mels of two tracks, random views drawn)
  against bare JPEG decoding of the same bytes, on one core.
- loader_vs_pyav: clips a second against decoding the same clips' 16 frames with PyAV from the 320x180 film, at random
  positions, on one core.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from record import record

from dubaug.config import Experiment, resolve
from dubaug.corpus.titles import Title, Track
from dubaug.demo.filmfiles import write_title
from dubaug.demo.titles import plan_titles
from dubaug.media.jpeg import decode
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource
from dubaug.shards.format import ShardReader
from dubaug.shards.index import ClipIndex
from dubaug.shards.ingest import Settings, make_shard

REPOSITORY = Path(__file__).parents[1]
LANGUAGES = ("en", "es", "fr", "ja")
FILM_S = 120.0
TWO_HOURS_S = 7200.0
BATCH = 26


def paper_settings() -> Settings:
    """Return the paper's clips and log-mels."""
    experiment = _experiment("paper")
    return Settings(clips=experiment.clips, mel=experiment.mel, languages=LANGUAGES)


def _experiment(scale: str) -> Experiment:
    import yaml

    user = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    return resolve({**user, "scale": scale}, REPOSITORY / "workflow")


def make_film(path: Path) -> None:
    """Write a generated film of two minutes, 320x180 at 24 frames a second, four AC-3 5.1 tracks."""
    demo = _experiment("demo").demo
    assert demo is not None
    films = replace(demo.films, titles=1, scenes_per_title=round(FILM_S / demo.films.scene_s))
    (title,) = plan_titles(films, demo.seed)
    assert title.languages == LANGUAGES
    write_title(path, title)


def repeat_film(source: Path, target: Path, seconds: float) -> None:
    """Write `source` again and again, packets copied, until `seconds` are full."""
    with av.open(str(target), "w", format="matroska") as out:
        shift_s = 0.0
        streams: dict[int, av.stream.Stream] = {}
        while shift_s < seconds:
            with av.open(str(source)) as film:
                length_s = 0.0
                for packet in film.demux():
                    if packet.dts is None:
                        continue
                    number = packet.stream.index
                    if number not in streams:
                        streams[number] = out.add_stream_from_template(packet.stream)
                        streams[number].metadata.update(packet.stream.metadata)
                    shift = round(shift_s / packet.time_base)
                    length_s = max(length_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[number]
                    out.mux(packet)
            shift_s += length_s


def title_of(path: Path, seconds: float) -> Title:
    """Return the title as `dubaug select` would."""
    tracks = tuple(Track(language=language, stream=stream) for stream, language in enumerate(LANGUAGES))
    return Title(title_id=path.stem, path=path, minutes=seconds / 60, clips=int(seconds // 3), tracks=tracks)


def ingest(path: Path, seconds: float, out_dir: Path) -> dict[str, float]:
    """Make a shard; return CPU seconds, clips and peak memory of this process, with imports out of the way."""
    settings = paper_settings()
    import torch

    from dubaug.media.mel import log_mel

    torch.set_num_threads(1)
    log_mel(torch.zeros(2, 144000), sample_rate_hz=48000, mel=settings.mel)  # filters made, libraries loaded
    start_s = time.process_time()
    outcome = make_shard(title_of(path, seconds), settings=settings, out_dir=out_dir, threads=1)
    cpu_s = time.process_time() - start_s
    assert outcome.entry is not None, outcome.rejects
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"cpu_s": cpu_s, "clips": outcome.entry.clips, "peak_gib": peak_gib}


def in_a_process(path: Path, seconds: float, out_dir: Path) -> dict[str, float]:
    """Return `ingest` of a fresh process."""
    words = [sys.executable, __file__, "--ingest", str(path), str(seconds), str(out_dir)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def ffmpeg_cpu_s(path: Path, height: int, frames_a_clip: int, clip_s: float) -> float:
    """Return the CPU seconds of the FFmpeg command line: all streams decoded, the clips' frames scaled and encoded."""
    import imageio_ffmpeg

    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-threads", "1", "-drc_scale", "0", "-i", str(path)]
    words += ["-filter_threads", "1", "-map", "0:v", "-vf", f"fps={frames_a_clip / clip_s},scale=-2:{height}"]
    words += ["-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "3", "-threads", "1", "-f", "null", "-"]
    for stream in range(len(LANGUAGES)):
        words += ["-map", f"0:a:{stream}", "-f", "null", "-"]
    process = subprocess.Popen(words)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_utime + usage.ru_stime


def bench_ingest(folder: Path, film: Path) -> None:
    """Measure CPU and memory of ingest."""
    clips = paper_settings().clips
    ours, peer = [], []
    for turn in range(3):
        ours.append(in_a_process(film, FILM_S, folder / f"shards{turn}"))
        peer.append(ffmpeg_cpu_s(film, clips.frame_height, clips.frames, clips.duration_s))
    our_s, peer_s = float(np.median([turn["cpu_s"] for turn in ours])), float(np.median(peer))
    print(
        json.dumps(
            record(
                "ingest_cpu_vs_ffmpeg",
                ratio=float(np.median([turn["cpu_s"] / other for turn, other in zip(ours, peer, strict=True)])),
                ours=our_s,
                peer=peer_s,
                unit="CPU seconds for a 2 min film",
            )
        )
    )
    long_film = folder / "long.mkv"
    repeat_film(film, long_film, TWO_HOURS_S)
    long_run = in_a_process(long_film, TWO_HOURS_S, folder / "long")
    print(
        json.dumps(
            record(
                "ingest_peak_rss_gib",
                ratio=None,
                ours=long_run["peak_gib"],
                peer=None,
                unit="GiB resident, two-hour film",
                short_film=round(max(turn["peak_gib"] for turn in ours), 4),
                clips=long_run["clips"],
                cpu_s=round(long_run["cpu_s"], 1),
            )
        )
    )


def bench_reading(folder: Path, film: Path) -> None:
    """Measure reading of training batches, on one core."""
    settings = paper_settings()
    outcome = make_shard(title_of(film, FILM_S), settings=settings, out_dir=folder / "read", threads=1)
    assert outcome.entry is not None
    index = folder / "clips.json"
    ClipIndex(shards=(outcome.entry,), tracks=LANGUAGES, sample_rate_hz=settings.clips.sample_rate_hz).save(index)
    source = ClipSource(_experiment("paper"), "es", 0, index, None)
    reader = ShardReader(outcome.entry.path)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(reader))[:BATCH] for _ in range(12)]
    jpegs = [reader.frames_jpeg(row) for row in range(len(reader))]

    def from_shards(order: np.ndarray) -> None:
        source.read([Clip(film.stem, int(row)) for row in order], epoch=0, step=0)

    def bare(order: np.ndarray) -> None:
        for row in order:
            decode(jpegs[row])

    shard_s, bare_s = side_by_side(from_shards, bare, orders)
    print(
        json.dumps(
            record(
                "loader_vs_jpeg_bound",
                ratio=float(np.median(bare_s / shard_s)),
                ours=BATCH / float(np.median(shard_s)),
                peer=BATCH / float(np.median(bare_s)),
                unit="clips/s on one core",
            )
        )
    )
    few = [order[:10] for order in orders[:4]]

    def from_film(order: np.ndarray) -> None:
        for row in order:
            decode_16(film, 3.0 * row, settings.clips.frames, settings.clips.duration_s)

    shard_s, film_s = side_by_side(from_shards, from_film, few)
    print(
        json.dumps(
            record(
                "loader_vs_pyav",
                ratio=float(np.median(film_s / shard_s)),
                ours=10 / float(np.median(shard_s)),
                peer=10 / float(np.median(film_s)),
                unit="clips/s on one core",
            )
        )
    )


def side_by_side(
    one: Callable[[np.ndarray], None], other: Callable[[np.ndarray], None], orders: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return both's CPU seconds by turn, taken alternately; the first turn of each is thrown away."""
    times: tuple[list[float], list[float]] = ([], [])
    for order in orders:
        for place, work in enumerate((one, other)):
            start_s = time.process_time()
            work(order)
            times[place].append(time.process_time() - start_s)
    return np.array(times[0][1:]), np.array(times[1][1:])


def decode_16(film: Path, start_s: float, frames: int, duration_s: float) -> list[np.ndarray]:
    """Return a clip's frames, decoded from the film: seek to the key frame before, decode on to each."""
    wanted = [start_s + (place + 0.5) * duration_s / frames for place in range(frames)]
    found: list[np.ndarray] = []
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        container.seek(int(start_s / stream.time_base), stream=stream)
        half = 0.5 / float(stream.average_rate)
        for frame in container.decode(stream):
            while len(found) < frames and frame.time + half >= wanted[len(found)]:
                found.append(frame.to_ndarray(format="rgb24"))
            if len(found) == frames:
                break
    return found


def main() -> None:
    """Run everything, or one ingest in this process (for `in_a_process`)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingest", nargs=3, metavar=("FILM", "SECONDS", "OUT"), help="used by the benchmark itself")
    options = parser.parse_args()
    if options.ingest:
        print(json.dumps(ingest(Path(options.ingest[0]), float(options.ingest[1]), Path(options.ingest[2]))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-media-") as name:
        film = Path(name) / "film.mkv"
        make_film(film)
        bench_reading(Path(name), film)
        bench_ingest(Path(name), film)


if __name__ == "__main__":
    main()
