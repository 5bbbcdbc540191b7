"""`dubaug align` and `dubaug alignment`."""

import argparse
import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.config import load
from dubaug.corpus.batch import add_batch_arguments, titles_of_batch
from dubaug.errors import DubaugError, MediaError, unexpected
from dubaug.hardware import process_count
from dubaug.progress import Progress, log_line

if TYPE_CHECKING:
    from dubaug.alignment.judge import Finding
    from dubaug.alignment.measure import Measurement
    from dubaug.config import Experiment
    from dubaug.corpus.rejects import Reject
    from dubaug.corpus.titles import Title
    from dubaug.tracks import TrackName


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    align = subparsers.add_parser(
        "align",
        help="find dubs that are shifted, drifting, cut differently, another film's, doubled or silent",
        description="Compare a few windows of every dub of every n-th selected title with the primary track, and say "
        "by `alignment.policy` whether the dub is kept, corrected, or its title rejected. What was measured of each "
        "title is kept in `.made` beside OUT, and measured again only if its files or the settings change.",
    )
    add_batch_arguments(align)
    align.add_argument("--out", type=Path, required=True, help="CSV with a row a dub")
    align.add_argument("--rejected", type=Path, required=True, help="CSV of the titles rejected")
    align.add_argument("--jobs", type=process_count, default=1, help="titles worked on at a time (default 1)")
    align.set_defaults(run=run_align)

    join = subparsers.add_parser(
        "alignment",
        help="join the batches' alignment tables",
        description="Join the tables of `dubaug align` into one; with --figure and --config also draw it, to each "
        "path given.",
    )
    join.add_argument("--parts", type=Path, nargs="+", required=True, help="CSVs of the batches")
    join.add_argument("--out", type=Path, help="one CSV of all dubs")
    join.add_argument("--config", type=Path, help="the resolved configuration, whose limits the figure shows")
    join.add_argument("--figure", type=Path, nargs="*", default=[], help="PDF or PNG to draw")
    join.set_defaults(run=run_alignment)


def run_align(options: argparse.Namespace) -> None:
    """Measure and judge the dubs of one batch of titles; measurements of the same files are kept from run to run."""
    from dubaug.alignment.judge import judge
    from dubaug.alignment.receipts import kept
    from dubaug.alignment.table import write_findings
    from dubaug.corpus.rejects import write_rejects

    experiment = load(options.config)
    titles = titles_of_batch(options.titles, batch=options.batch, batches=options.batches)
    folder, names = options.out.parent / ".made", experiment.corpus.tracks
    standing = {title: kept(title, folder, names=names, settings=experiment.alignment) for title in titles}
    results = {title: measured for title, measured in standing.items() if measured is not None}
    if results:
        log_line(f"{len(results)} of {len(titles)} titles are measured already")
    to_measure = [title for title in titles if title not in results]
    findings: list[Finding] = []
    rejects: list[Reject] = []
    for title, result in [*results.items(), *_measure_all(to_measure, experiment, folder, options.jobs)]:
        its_findings, its_rejects = judge(title, result, experiment)
        findings += its_findings
        rejects += its_rejects
        for reject in its_rejects:
            log_line(f"rejected {reject}")
    write_rejects(options.rejected, rejects)
    write_findings(options.out, findings)
    counts = Counter(finding.status for finding in findings)
    log_line(f"{len(findings)} dubs: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items())))


def _measure_all(
    titles: "Sequence[Title]", experiment: "Experiment", folder: Path, jobs: int
) -> "Iterator[tuple[Title, Mapping[TrackName, Measurement] | MediaError]]":
    """Yield each title's measurements, or what failed; each title in a process that it may take down."""
    from dubaug.alignment.receipts import note
    from dubaug.workers import Crash, Stall, decoder_error, isolated_map

    progress = Progress("comparing dubs", len(titles), "titles")
    work = functools.partial(measure_title, experiment=experiment)
    stall_s, preload = experiment.ingest.stall_s, ["dubaug.alignment.measure"]
    for title, result in isolated_map(work, titles, jobs=jobs, stall_s=stall_s, preload=preload):
        if isinstance(result, Crash | Stall):
            result = decoder_error(result)
        if not isinstance(result, MediaError):
            note(title, folder, result, names=experiment.corpus.tracks, settings=experiment.alignment)
        progress.advance(note=title.title_id)
        yield title, result


def measure_title(title: "Title", *, experiment: "Experiment") -> "Mapping[TrackName, Measurement] | MediaError":
    """Return the measurements of a title's dubs by track, or what failed: that costs the title, and no other."""
    from dubaug.alignment.measure import measure

    try:
        return measure(title, experiment.corpus.tracks, experiment.alignment)
    except Exception as error:
        return error if isinstance(error, MediaError) else unexpected(error)


def run_alignment(options: argparse.Namespace) -> None:
    """Join the parts; draw them if asked. Raises `DubaugError` for a figure without a configuration."""
    from dubaug.alignment.table import read_findings, write_findings

    findings = read_findings(options.parts)
    if options.out is not None:
        write_findings(options.out, findings)
    if options.figure:
        from dubaug.alignment.plot import draw

        if options.config is None:
            raise DubaugError("--figure shows the configuration's limits: give --config results/config.yaml")
        draw(findings, load(options.config).alignment, options.figure)
