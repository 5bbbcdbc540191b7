"""`dubaug align` and `dubaug alignment`."""

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from dubaug.config import load
from dubaug.errors import DubaugError
from dubaug.progress import Progress, say

if TYPE_CHECKING:
    from dubaug.alignment.judge import Finding
    from dubaug.config import Experiment
    from dubaug.corpus.rejects import Reject
    from dubaug.corpus.titles import Title


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    align = subparsers.add_parser(
        "align",
        help="find dubs that are shifted, drifting, cut differently, another film's, doubled or silent",
        description="Compare a few windows of every dub of every n-th selected title with the primary track, and say "
        "by `alignment.policy` whether the dub is kept, corrected, or its title rejected.",
    )
    align.add_argument("--config", type=Path, required=True, help="the resolved configuration")
    align.add_argument("--titles", type=Path, required=True, help="the titles selected, by `dubaug select`")
    align.add_argument("--batch", type=int, default=0, help="which of the batches (default 0)")
    align.add_argument("--batches", type=int, default=1, help="how many the titles are dealt to (default 1)")
    align.add_argument("--out", type=Path, required=True, help="CSV with a row a dub")
    align.add_argument("--rejected", type=Path, required=True, help="CSV of the titles rejected")
    align.add_argument("--jobs", type=int, default=1, help="titles worked on at a time (default 1)")
    align.set_defaults(run=run_align)

    join = subparsers.add_parser(
        "alignment",
        help="join the batches' alignment tables",
        description="Join the tables of `dubaug align` into one; with --figure also draw it, to each path given.",
    )
    join.add_argument("--parts", type=Path, nargs="+", required=True, help="CSVs of the batches")
    join.add_argument("--out", type=Path, help="one CSV of all dubs")
    join.add_argument("--figure", type=Path, nargs="*", default=[], help="PDF or PNG to draw")
    join.set_defaults(run=run_alignment)


def run_align(options: argparse.Namespace) -> None:
    """Measure and judge the dubs of one batch of titles, each title in a process that it may take down."""
    from dubaug.alignment.table import write_findings
    from dubaug.corpus.rejects import write_rejects
    from dubaug.corpus.titles import read_titles
    from dubaug.workers import Crash, isolated_map

    if not 0 <= options.batch < options.batches:
        raise DubaugError(f"--batch {options.batch}: batches are numbered 0 to {options.batches - 1}")
    experiment = load(options.config)
    titles = sorted(read_titles(options.titles), key=lambda title: title.title_id)[options.batch :: options.batches]
    findings: list[Finding] = []
    rejects: list[Reject] = []
    progress = Progress("comparing dubs", len(titles), "titles")
    work = functools.partial(align_title, experiment=experiment)
    for title, result in isolated_map(work, titles, jobs=options.jobs, preload=["dubaug.alignment.measure"]):
        if isinstance(result, Crash):
            reason = f"decoding crashed the decoder (exit code {result.exit_code})"
            result = unreadable(title, experiment, reason, "convert the film with another program, or leave it out")
        findings += result[0]
        rejects += result[1]
        for reject in result[1]:
            say(f"rejected {reject.title_id}: {reject.reason}: {reject.advice}")
        progress.advance(note=title.title_id)
    write_rejects(options.rejected, rejects)
    write_findings(options.out, findings)
    counts = {status: sum(finding.status == status for finding in findings) for status in _statuses(findings)}
    say(f"{len(findings)} dubs: " + ", ".join(f"{count} {status}" for status, count in counts.items()))


def align_title(title: "Title", *, experiment: "Experiment") -> "tuple[list[Finding], list[Reject]]":
    """Return the findings of one title, and a reject if one of its dubs is rejected."""
    from dubaug.alignment.judge import STAGE, Finding, reason_and_advice, status_of, verdict_of
    from dubaug.alignment.measure import measure
    from dubaug.corpus.rejects import Reject
    from dubaug.errors import MediaError

    settings = experiment.alignment
    try:
        measured = measure(title, experiment.corpus.languages, settings)
    except MediaError as error:
        return unreadable(title, experiment, error.reason, error.advice)
    findings = []
    for language, of_dub in measured.items():
        status = status_of(of_dub, length_s=title.minutes * 60, settings=settings)
        verdict = verdict_of(status, settings.policy)
        findings.append(
            Finding(title_id=title.title_id, language=language, status=status, verdict=verdict, measurement=of_dub)
        )
    pairs = [reason_and_advice(finding) for finding in findings if finding.verdict == "reject"]
    if not pairs:
        return findings, []
    reason, advice = "; ".join(pair[0] for pair in pairs), "; ".join(dict.fromkeys(pair[1] for pair in pairs))
    return findings, [Reject(title_id=title.title_id, stage=STAGE, reason=reason, advice=advice, clips=title.clips)]


def unreadable(
    title: "Title", experiment: "Experiment", reason: str, advice: str
) -> "tuple[list[Finding], list[Reject]]":
    """Return the findings of a title whose sound could not be read; the policy `keep` leaves it to the next stage."""
    from dubaug.alignment.judge import STAGE, Finding, verdict_of
    from dubaug.alignment.measure import Measurement
    from dubaug.corpus.rejects import Reject

    nothing = Measurement(
        offset_s=None, drift=None, similarity=0.0, agreement=0.0, identical=0.0, silence=0.0, windows=0
    )
    verdict = verdict_of("unreadable", experiment.alignment.policy)
    findings = [
        Finding(title_id=title.title_id, language=language, status="unreadable", verdict=verdict, measurement=nothing)
        for language in experiment.corpus.secondary
    ]
    reject = Reject(title_id=title.title_id, stage=STAGE, reason=reason, advice=advice, clips=title.clips)
    return findings, [reject] if verdict == "reject" else []


def _statuses(findings: "list[Finding]") -> list[str]:
    return sorted({finding.status for finding in findings})


def run_alignment(options: argparse.Namespace) -> None:
    """Join the parts; draw them if asked."""
    from dubaug.alignment.table import read_findings, write_findings

    findings = read_findings(options.parts)
    if options.out is not None:
        write_findings(options.out, findings)
    if options.figure:
        from dubaug.alignment.plot import draw

        draw(findings, options.figure)
