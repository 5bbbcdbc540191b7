"""Ingest and reading of shards, each beside what a competent user would run in its place (`make bench-media`).

- ingest_cpu_vs_ffmpeg: CPU seconds of cutting a title with four 5.1 tracks into clips (frames, log-mels of all tracks,
  shard written and hashed), against the FFmpeg command line decoding the same streams to null and encoding 16 frames
  a clip as JPEG. FFmpeg makes no spectrograms.
- ingest_peak_rss_gib: resident memory of the same on a two-hour film (the title repeated, packets copied), in a process
  of its own; and of the short title, which should be nearly the same.
- short_film_vs_ffmpeg: catalogue, alignment and shard of a film of 48 s with the same tracks, which alignment reads
  as a whole, against the same FFmpeg command line.
- loader_vs_jpeg_bound: training batches as the trainer gets them (frames, log-mels of two tracks, random views drawn),
  read by as many threads as there are cores, against bare JPEG decoding of the same bytes by as many; by the clock.
- loader_vs_pyav: clips a second against decoding the same clips' 16 frames with PyAV from the 320x180 film, at random
  positions, on one core. The film is encoded as libx264 does if told nothing (medium, CRF 23, groups of 250 pictures).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from ingest_once import TRACKS, paper_settings, title_of
from record import record
from scales import experiment_at

from dubaug.demo.filmfiles import write_title
from dubaug.demo.titles import plan_titles
from dubaug.media.jpeg import decode
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource
from dubaug.pretrain.loader import loaded
from dubaug.progress import log_line
from dubaug.shards.format import ShardReader
from dubaug.shards.index import ClipIndex
from dubaug.shards.ingest import make_shard

FILM_S = 120.0
SHORT_S = 48.0
TWO_HOURS_S = 7200.0
BATCH = 26
BATCHES = 72
TURNS = 5

Work = Callable[[list[np.ndarray], int], None]


def make_film(path: Path, seconds: float = FILM_S) -> None:
    """Write a generated film, 320x180 at 24 frames a second, four AC-3 5.1 tracks, as people encode."""
    demo = experiment_at("demo").demo
    assert demo is not None
    films = replace(demo.films, titles=1, scenes_per_title=round(seconds / demo.films.scene_s))
    (title,) = plan_titles(films, demo.seed)
    assert title.languages == TRACKS
    quick = path.with_stem(f"{path.stem}-quick")
    write_title(quick, title)
    with av.open(str(quick)) as source, av.open(str(path), "w", format="matroska") as out:
        shown = source.streams.video[0]
        picture = out.add_stream("libx264", rate=shown.average_rate)
        picture.width, picture.height, picture.pix_fmt = shown.width, shown.height, "yuv420p"
        sounds = {}
        for sound in source.streams.audio:
            sounds[sound.index] = out.add_stream_from_template(sound)
            sounds[sound.index].metadata.update(sound.metadata)
        for packet in source.demux():
            if packet.stream.index in sounds and packet.dts is not None:
                packet.stream = sounds[packet.stream.index]
                out.mux(packet)
            elif packet.stream.type == "video":
                for frame in packet.decode():
                    frame.pict_type = av.video.frame.PictureType.NONE  # the encoder chooses, not the file before
                    out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
    quick.unlink()


def repeat_film(source: Path, target: Path, seconds: float) -> None:
    """Write `source` again and again, packets copied, until `seconds` are full.

    Matroska keeps no decoding times: they are made anew, so that B-frames come out in their order.
    """
    with av.open(str(source)) as film:
        shown = [packet.pts for packet in film.demux(video=0) if packet.pts is not None]
    delay = max(rank - pts for rank, pts in zip(sorted(shown), shown, strict=True))
    decoded = [rank - delay for rank in sorted(shown)]
    with av.open(str(target), "w", format="matroska") as out:
        with av.open(str(source)) as film:
            streams = [out.add_stream_from_template(stream) for stream in film.streams]
            for stream, template in zip(streams, film.streams, strict=True):
                stream.metadata.update(template.metadata)
        shift_s = 0.0
        while shift_s < seconds:
            with av.open(str(source)) as film:
                end_s, dts = 0.0, iter(decoded)
                for packet in film.demux():
                    if packet.pts is None:
                        continue
                    if packet.stream.type == "video":
                        packet.dts = next(dts)
                    end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                    shift = round(shift_s / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
            shift_s += end_s


def ingest(film: Path, seconds: float, out_dir: Path, *options: str) -> dict[str, float]:
    """Return CPU seconds, clips and peak memory of cutting a film in a fresh process, on one core."""
    script = str(Path(__file__).with_name("ingest_once.py"))
    words = [sys.executable, script, str(film), str(seconds), str(out_dir), *options]
    done = subprocess.run(
        words, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def ffmpeg_cpu_s(path: Path, height: int, frames_a_clip: int, clip_s: float) -> float:
    """Return the CPU seconds of the FFmpeg command line: all streams decoded, the clips' frames scaled and encoded."""
    import imageio_ffmpeg

    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-threads", "1", "-drc_scale", "0", "-i", str(path)]
    words += ["-filter_threads", "1", "-map", "0:v", "-vf", f"fps={frames_a_clip / clip_s},scale=-2:{height}"]
    words += ["-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "3", "-threads", "1", "-f", "null", "-"]
    for stream in range(len(TRACKS)):
        words += ["-map", f"0:a:{stream}", "-f", "null", "-"]
    process = subprocess.Popen(words)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_utime + usage.ru_stime


def bench_ingest(folder: Path, film: Path) -> list[dict[str, Any]]:
    """Measure CPU and memory of ingest."""
    clips = paper_settings().clips
    ours, peer = [], []
    for turn in range(TURNS):
        ours.append(ingest(film, FILM_S, folder / f"shards{turn}"))
        peer.append(ffmpeg_cpu_s(film, clips.frame_height, clips.frames, clips.duration_s))
        log_line(f"ingest: {ours[-1]['cpu_s']:.2f} CPU s, FFmpeg {peer[-1]:.2f} CPU s")
    long_film = folder / "long.mkv"
    repeat_film(film, long_film, TWO_HOURS_S)
    long_run = ingest(long_film, TWO_HOURS_S, folder / "long")
    return [
        record(
            "ingest_cpu_vs_ffmpeg",
            ratio=float(np.median([turn["cpu_s"] / other for turn, other in zip(ours, peer, strict=True)])),
            ours=float(np.median([turn["cpu_s"] for turn in ours])),
            peer=float(np.median(peer)),
            unit="CPU seconds for a 2 min film",
        ),
        record(
            "ingest_peak_rss_gib",
            ratio=None,
            ours=long_run["peak_gib"],
            peer=None,
            unit="GiB resident, two-hour film",
            short_film=round(max(turn["peak_gib"] for turn in ours), 4),
            clips=long_run["clips"],
            cpu_s=round(long_run["cpu_s"], 1),
        ),
    ]


def bench_short(folder: Path) -> list[dict[str, Any]]:
    """Measure all stages of a short film."""
    film, clips = folder / "short.mkv", paper_settings().clips
    make_film(film, SHORT_S)
    ours = [ingest(film, SHORT_S, folder / f"short{turn}", "--before") for turn in range(TURNS)]
    peer = [ffmpeg_cpu_s(film, clips.frame_height, clips.frames, clips.duration_s) for _ in range(TURNS)]
    catalogue_s, align_s, shards_s = (
        float(np.median([turn[key] for turn in ours])) for key in ("catalogue_s", "align_s", "cpu_s")
    )
    total_s, peer_s = catalogue_s + align_s + shards_s, float(np.median(peer))
    return [
        record(
            "short_film_vs_ffmpeg",
            ratio=total_s / peer_s,
            ours=total_s,
            peer=peer_s,
            unit="CPU seconds for a film of 48 s",
            catalogue_s=round(catalogue_s, 3),
            align_s=round(align_s, 3),
            shards_s=round(shards_s, 3),
        )
    ]


def bench_reading(folder: Path, film: Path) -> list[dict[str, Any]]:
    """Measure reading of training batches: on all cores by the clock, and on one core against the film itself."""
    settings = paper_settings()
    outcome = make_shard(title_of(film, FILM_S), settings=settings, out_dir=folder / "read", threads=1)
    assert outcome.entry is not None
    index = folder / "clips.json"
    ClipIndex(shards=(outcome.entry,), tracks=TRACKS, sample_rate_hz=settings.clips.sample_rate_hz).save(index)
    source = ClipSource(experiment_at("paper"), "es", 0, index, None)
    reader = ShardReader(outcome.entry.path)
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(reader))[:BATCH] for _ in range(BATCHES)]
    jpegs = [reader.frames_jpeg(row) for row in range(len(reader))]
    few = [order[:10] for order in orders[:12]]

    def from_shards(orders: list[np.ndarray], cores: int) -> None:
        batches = [[Clip(film.stem, int(row)) for row in order] for order in orders]
        for _ in loaded(source, batches, epoch=0, first_step=0, workers=cores, device=torch.device("cpu")):
            pass

    def bare(orders: list[np.ndarray], cores: int) -> None:
        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(decode_all, orders))

    def decode_all(order: np.ndarray) -> None:
        out = decode(jpegs[0])
        for row in order:
            decode(jpegs[row], out)

    def from_film(orders: list[np.ndarray], cores: int) -> None:
        assert cores == 1
        for row in np.concatenate(orders):
            decode_16(film, 3.0 * row, settings.clips.frames, settings.clips.duration_s)

    cores = len(os.sched_getaffinity(0))
    wall_s, _ = side_by_side(from_shards, bare, orders, cores)
    _, cpu_s = side_by_side(from_shards, from_film, few, 1)
    return [
        _speeds("loader_vs_jpeg_bound", wall_s, clips=BATCH * BATCHES, unit=f"clips/s on {cores} cores"),
        _speeds("loader_vs_pyav", cpu_s, clips=10 * len(few), unit="clips a CPU second"),
    ]


def side_by_side(one: Work, other: Work, orders: list[np.ndarray], cores: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the seconds by the clock and of CPU `(2, TURNS)` of both, taken alternately after a turn unmeasured."""
    wall_s, cpu_s = np.zeros((2, 1 + TURNS)), np.zeros((2, 1 + TURNS))
    for turn in range(1 + TURNS):
        for place, work in enumerate((one, other)):
            start_s, cpu_start_s = time.perf_counter(), time.process_time()
            work(orders, cores)
            wall_s[place, turn] = time.perf_counter() - start_s
            cpu_s[place, turn] = time.process_time() - cpu_start_s
    return wall_s[:, 1:], cpu_s[:, 1:]


def _speeds(name: str, seconds: np.ndarray, *, clips: int, unit: str) -> dict[str, Any]:
    """Keep and return how our speed compares with the peer's, from the seconds `(2, turns)` of each."""
    our_s, peer_s = seconds
    log_line(f"{name}: {', '.join(f'{ratio:.3f}' for ratio in peer_s / our_s)}")
    return record(
        name,
        ratio=float(np.median(peer_s / our_s)),
        ours=clips / float(np.median(our_s)),
        peer=clips / float(np.median(peer_s)),
        unit=unit,
    )


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
    """Run everything; print the results last, one JSON object a line."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-media-") as name:
        film = Path(name) / "film.mkv"
        make_film(film)
        results = bench_reading(Path(name), film) + bench_ingest(Path(name), film) + bench_short(Path(name))
    for result in results:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
