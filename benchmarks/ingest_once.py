"""Make one shard in this process, at paper scale, and print what it cost as JSON (for bench_media.py).

It imports what `dubaug shards` imports and nothing else, so that its memory is that of the command.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from record import peak_gib
from scales import experiment_at

from dubaug.corpus.catalogue import Film
from dubaug.corpus.find import find
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.shards.ingest import ShardSettings, make_shard
from dubaug.tracks import TrackName

TRACKS = tuple(map(TrackName, ("en", "es", "fr", "ja")))
WARM_UP_S = 6.0


def paper_settings() -> ShardSettings:
    """Return the paper's clips and log-mels."""
    experiment = experiment_at("paper")
    return ShardSettings(clips=experiment.clips, mel=experiment.mel, tracks=TRACKS)


def title_of(path: Path, seconds: float) -> Title:
    """Return the title as `dubaug select` would."""
    tracks = tuple(Track(name=name, stream=stream) for stream, name in enumerate(TRACKS))
    return Title(title_id=path.stem, path=path, minutes=seconds / 60, clips=int(seconds // 3), tracks=tracks)


def cpu_before(path: Path) -> dict[str, float]:
    """Return the CPU seconds of finding the title and of comparing its dubs, each once unmeasured before."""
    from dubaug.alignment.measure import measure

    alignment, film, seconds = experiment_at("paper").alignment, Film(title_id=path.stem, path=path), {}
    for _ in range(2):
        start_s = time.process_time()
        title = find(film, names=TRACKS, clip_s=3.0)
        found_s = time.process_time()
        if not isinstance(title, Title):
            raise SystemExit(str(title))
        measure(title, TRACKS, alignment)
        seconds = {"catalogue_s": found_s - start_s, "align_s": time.process_time() - found_s}
    return seconds


def main() -> None:
    """Make the shard; print CPU seconds, clips and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--before", action="store_true", help="also what comes before: catalogue and alignment")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = paper_settings()
    # What a process does once, whatever the number of films: libraries loaded, mel filters made.
    make_shard(title_of(options.film, WARM_UP_S), settings=settings, out_dir=options.out_dir / "warm", threads=1)
    before = cpu_before(options.film) if options.before else {}
    start_s = time.process_time()
    outcome = make_shard(title_of(options.film, options.seconds), settings=settings, out_dir=options.out_dir, threads=1)
    cpu_s = time.process_time() - start_s
    if outcome.entry is None:
        raise SystemExit(str(outcome.rejects))
    print(json.dumps({"cpu_s": cpu_s, "clips": outcome.entry.clips, "peak_gib": peak_gib(), **before}))


if __name__ == "__main__":
    main()
