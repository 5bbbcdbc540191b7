"""`dubaug shards`, `dubaug index` and `dubaug inspect`."""

import argparse
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.config import load
from dubaug.corpus.batch import add_batch_arguments, titles_of_batch
from dubaug.errors import DubaugError
from dubaug.files import remove_unfinished, sha256_of
from dubaug.hardware import process_count, usable_cores
from dubaug.progress import log_line

if TYPE_CHECKING:
    from dubaug.corpus.titles import Title
    from dubaug.shards.ingest import ShardSettings
    from dubaug.shards.receipts import TitleOutcome


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    shards = subparsers.add_parser(
        "shards",
        help="cut films into clips: frames and log-mels, one shard a title",
        description="Decode every n-th selected title once and store its clips (frames as JPEG, the log-mel of each "
        "track) in OUT_DIR/<title_id>.arrow. Shards that stand already, made of the same film by the same settings, "
        "are kept. A film that cannot be decoded is listed with the reason, and the batch goes on.",
    )
    add_shard_arguments(shards, alignment="which dubs are moved, and which titles rejected (alignment.csv)")
    shards.add_argument("--jobs", type=process_count, default=1, help="titles worked on at a time (default 1)")
    shards.set_defaults(run=run_shards)

    index = subparsers.add_parser(
        "index",
        help="join the batches' manifests and reject lists",
        description="Join the manifests of all batches into one clip index, and all reject lists into one.",
    )
    index.add_argument("--manifests", type=Path, nargs="+", required=True, help="JSON lists of the batches' shards")
    index.add_argument("--rejected", type=Path, nargs="*", default=[], help="CSVs of what was rejected")
    index.add_argument("--titles", type=Path, help="the titles selected: check that all their clips are accounted for")
    index.add_argument("--out", type=Path, required=True, help="the clip index (JSON)")
    index.add_argument("--rejected-out", type=Path, help="one CSV of everything rejected")
    index.set_defaults(run=run_index)

    inspect = subparsers.add_parser(
        "inspect",
        help="show what a shard holds, or check its bytes",
        description="Print what a shard holds; with --out also draw some clips: frames, and each track's log-mel. "
        "With --verify, check the bytes by their SHA-256 instead: of a shard by the receipt beside it, or of all "
        "shards of a clip index.",
    )
    inspect.add_argument("file", type=Path, help="an .arrow file; for --verify also a clip index (corpus/clips.json)")
    inspect.add_argument("--out", type=Path, help="contact sheet (PNG or PDF)")
    inspect.add_argument("--clips", type=int, default=4, help="clips on the contact sheet (default 4)")
    inspect.add_argument("--verify", action="store_true", help="read every byte and compare checksums")
    inspect.set_defaults(run=run_inspect)


def add_shard_arguments(parser: argparse.ArgumentParser, *, alignment: str) -> None:
    """Add which batch of titles shards are made of, and the files; `alignment` says what that table is for."""
    add_batch_arguments(parser)
    parser.add_argument("--alignment", type=Path, help=alignment)
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the shards")
    parser.add_argument("--manifest", type=Path, required=True, help="JSON list of this batch's shards")
    parser.add_argument("--rejected", type=Path, required=True, help="CSV of titles and clips rejected")


def run_shards(options: argparse.Namespace) -> None:
    """Make the shards of one batch of titles."""
    from dubaug.alignment.table import moves_by_title, read_findings, without_rejected
    from dubaug.shards.ingest import ShardSettings, standing_shard
    from dubaug.shards.receipts import Batch

    experiment = load(options.config)
    titles = titles_of_batch(options.titles, batch=options.batch, batches=options.batches)
    findings = read_findings([options.alignment] if options.alignment else [])
    titles = without_rejected(titles, findings)
    chosen = {title.title_id for title in titles}
    settings = ShardSettings(
        clips=experiment.clips,
        mel=experiment.mel,
        tracks=experiment.corpus.tracks,
        moves=moves_by_title(finding for finding in findings if finding.title_id in chosen),
    )
    batch = Batch({title: standing_shard(title, settings, options.out_dir) for title in titles}, "cutting clips")
    made = _make_shards(batch.missing, settings, options.out_dir, options.jobs, experiment.ingest.stall_s)
    for title, outcome in made:
        batch.add(title, outcome)
    batch.finish(settings.tracks, experiment.clips.sample_rate_hz, options.manifest, options.rejected)


def _make_shards(
    titles: "Sequence[Title]", settings: "ShardSettings", out_dir: Path, jobs: int, stall_s: float
) -> "Iterator[tuple[Title, TitleOutcome]]":
    """Yield what becomes of each title, which is cut in a process that it may take down."""
    from dubaug.shards.ingest import STAGE, make_shard
    from dubaug.shards.receipts import rejected, shard_path
    from dubaug.workers import Crash, Stall, decoder_error, isolated_map

    threads = max(1, usable_cores() // jobs)
    work = functools.partial(make_shard, settings=settings, out_dir=out_dir, threads=threads)
    preload = ["dubaug.shards.ingest", "torchaudio.functional", "pandas"]  # pyarrow imports pandas at its first array
    for title, result in isolated_map(work, titles, jobs=jobs, stall_s=stall_s, preload=preload):
        if isinstance(result, Crash | Stall):
            remove_unfinished(shard_path(title, out_dir))
            result = rejected(title, decoder_error(result), stage=STAGE)
        yield title, result


def run_index(options: argparse.Namespace) -> None:
    """Join manifests and reject lists."""
    from dubaug.corpus.rejects import read_rejects, write_rejects
    from dubaug.corpus.titles import read_titles
    from dubaug.shards.index import ClipIndex, join
    from dubaug.shards.receipts import balance

    index = join([ClipIndex.load(path) for path in options.manifests])
    rejects = read_rejects(options.rejected)
    if not index.shards:
        first = next((f" The first: {reject}." for reject in rejects if reject.clips != 0), "")
        raise DubaugError(f"no title gave any clip.{first} See {', '.join(map(str, options.rejected)) or 'the logs'}")
    for shard in index.shards:
        if not shard.path.is_file():
            raise DubaugError(f"the shard {shard.path} is gone: delete its batch's manifest and run again")
    if options.titles is not None:
        balance(read_titles(options.titles), {shard.title_id: shard.clips for shard in index.shards}, rejects)
    if options.rejected_out is not None:
        write_rejects(options.rejected_out, rejects)
    index.save(options.out)
    log_line(f"{index.n_clips} clips of {len(index.shards)} titles, tracks {', '.join(index.tracks)}")


def run_inspect(options: argparse.Namespace) -> None:
    """Describe a shard, and draw it if asked; or verify shards."""
    from dubaug.shards.format import ShardReader
    from dubaug.shards.index import ClipIndex
    from dubaug.shards.inspect import contact_sheet, describe
    from dubaug.shards.receipts import noted_sha256

    if options.verify:
        if options.file.suffix == ".json":
            _verify({shard.path: shard.sha256 for shard in ClipIndex.load(options.file).shards})
        else:
            _verify({options.file: noted_sha256(options.file)})
        return
    reader = ShardReader(options.file)
    print(describe(reader))
    if options.out is not None:
        contact_sheet(reader, options.out, clips=options.clips)
        log_line(f"wrote {options.out}")


def _verify(expected: Mapping[Path, str]) -> None:
    """Compare each shard's SHA-256; print one line a shard. Raises `DubaugError` naming those that differ."""
    damaged = []
    for path, sha256 in expected.items():
        found = sha256_of(path) if path.is_file() else None
        fault = "is gone" if found is None else "damaged" if found != sha256 else "ok"
        print(f"{path}: {fault}")
        if fault != "ok":
            damaged.append(str(path))
    if damaged:
        raise DubaugError(
            f"{len(damaged)} of {len(expected)} shards are not as they were written: {', '.join(damaged)}. "
            "Delete them and the manifests beside them (batch*.json), and run again: only they are made anew"
        )
