"""The page: everything that is there, read, put into words and rendered. Equal inputs give equal bytes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dubaug import __version__
from dubaug.claims.file import Claims, Word, read_claims
from dubaug.config import Experiment
from dubaug.corpus.subsets import read_subsets
from dubaug.report import charts, words
from dubaug.report.differences import (
    TaskDifferences,
    baselines_of,
    of_these_trainings,
    read_differences,
    tallies,
)
from dubaug.report.films import read_alignment, read_films, read_left_out, reasons_of
from dubaug.report.fragments import read_fragment
from dubaug.report.palette import DARK, LIGHT
from dubaug.report.pictures import read_picture
from dubaug.report.provenance import demo_licences, packages, read_results
from dubaug.report.runtimes import by_rule, read_jobs
from dubaug.report.training import Training, read_trainings, trained_on
from dubaug.suites.registry import metric
from dubaug.tables.footer import other_sizes
from dubaug.tracks import TrackName
from dubaug.words import listed, plural

SECTIONS: Mapping[str, str] = {
    "summary": "Summary",
    "claims": "Claims",
    "tables": "Tables",
    "figures": "Figures",
    "films": "Films",
    "comparisons": "Comparisons",
    "training": "Training",
    "runtimes": "Runtimes",
    "configuration": "Configuration",
    "versions": "Versions",
    "licences": "Licences",
    "cite": "How to cite",
}
"""Anchors and headings, in the page's order."""
BESIDE = "_vs_paper"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ReportSources:
    """Where everything lies. What is None, empty or not there has a sentence in its section."""

    experiment: Experiment
    configuration: str
    """The text of results/config.yaml."""
    out_dir: Path
    """The page's folder: the paths that it names are relative to it."""
    claims: Path | None = None
    tables: Sequence[Path] = ()
    """HTML fragments, `table1.html` and `table1_vs_paper.html`."""
    figures: Sequence[Path] = ()
    titles: Path | None = None
    subsets: Path | None = None
    rejected: Sequence[Path] = ()
    alignment: Path | None = None
    alignment_figure: Path | None = None
    comparisons: Path | None = None
    manifests: Sequence[Path] = ()
    metrics: Sequence[Path] = ()
    results: Sequence[Path] = ()
    benchmarks: Sequence[Path] = ()
    paper_scale: Path | None = None


def build(sources: ReportSources) -> str:
    """Return the page. Raises `DubaugError` for a part that is there and is not what it should be."""
    environment = Environment(
        loader=PackageLoader("dubaug.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    experiment = sources.experiment
    environment.filters.update(
        duration=words.duration,
        memory=words.memory,
        percent=words.percent,
        signed=words.signed,
        probability=words.probability,
        plural=plural,
        listed=listed,
        track=lambda name: TrackName(name).coded,
        setting=words.setting,
        shape=words.SHAPES.__getitem__,
        variant=experiment.variant_label,
        metric=lambda name: metric(name).title,
    )
    return environment.get_template("page.html.j2").render(_context(sources))


def _context(sources: ReportSources) -> dict[str, Any]:
    experiment, claims = sources.experiment, _if_there(read_claims, sources.claims)
    left_out = read_left_out(sources.rejected)
    trainings = read_trainings(sources.manifests, sources.metrics)
    jobs = read_jobs(sources.benchmarks)
    differences = _if_there(partial(read_differences, experiment=experiment), sources.comparisons) or []
    read_figure = partial(read_picture, out_dir=sources.out_dir)
    rules = by_rule(jobs)
    generated, miniatures = experiment.generates_films, experiment.generated_tasks
    return {
        "sections": SECTIONS,
        "light": LIGHT,
        "dark": DARK,
        "version": __version__,
        "experiment": experiment,
        "generated": generated,
        "miniatures": [experiment.task_label(task) for task in miniatures],
        "settings": _if_there(partial(other_sizes, experiment), sources.paper_scale),
        "claims": claims,
        "counts": _counts(claims) if claims else [],
        "judged": any(claim.run.verdict != "no data" for claim in claims.claims) if claims else False,
        "tables": _tables(sources.tables),
        "pictures": [read_figure(path) for path in sources.figures if path.is_file()],
        "films": _if_there(read_films, sources.titles),
        "subsets": _if_there(read_subsets, sources.subsets),
        "alignment": _if_there(read_alignment, sources.alignment),
        "alignment_picture": _if_there(read_figure, sources.alignment_figure),
        "left_out": left_out,
        "reasons": reasons_of(left_out or ()),
        "differences": differences,
        "baselines": baselines_of(differences),
        "tallies": tallies(differences),
        "one_seed": of_these_trainings(differences),
        "forests": _forests(differences),
        "trainings": trainings,
        "trained_on": trained_on(trainings),
        "seeds": sorted({len(experiment.seeds_of(variant)) for variant in experiment.variants}) or [0],
        "curves": _curves(trainings),
        "jobs": jobs,
        "rules": rules,
        "bars": charts.bars(rules) if rules else None,
        "results": read_results(sources.results),
        "configuration": sources.configuration,
        "packages": packages(),
        "demo_licences": demo_licences() if generated or miniatures else None,
    }


def _if_there(read: Callable[[Path], T], path: Path | None) -> T | None:
    """Return what is read; None where no file is."""
    return read(path) if path is not None and path.is_file() else None


def _counts(claims: Claims) -> list[tuple[Word, list[int]]]:
    """Return each verdict with how many claims have it: by the evidence, the means, the paper's means."""
    judged = [(claim.run.verdict, claim.run.by_means, claim.paper.by_means) for claim in claims.claims]
    columns = [Counter(column) for column in zip(*judged, strict=True)]
    return [(word, [column[word] for column in columns]) for word in get_args(Word)]


def _tables(paths: Sequence[Path]) -> list[tuple[str, Markup, Markup | None]]:
    """Return name, table, and the table beside the paper (None where it is not there), in the order given."""
    taken = {*SECTIONS, "main", "top"}
    beside = {path.stem.removesuffix(BESIDE): path for path in paths if path.stem.endswith(BESIDE)}
    found = []
    for path in (path for path in paths if not path.stem.endswith(BESIDE)):
        name = f"Table {path.stem.removeprefix('table').upper()}"
        table = _if_there(partial(read_fragment, label=name, taken=taken), path)
        if table is not None:
            read_beside = partial(read_fragment, label=f"{name} beside the paper", taken=taken)
            found.append((name, table, _if_there(read_beside, beside.get(path.stem))))
    return found


def _forests(differences: Sequence[TaskDifferences]) -> list[tuple[TaskDifferences, Markup]]:
    """Return each task's comparisons with their panel; panels of scores between 0 and 1 have one scale."""
    shared = [task for task in differences if task.shares_scale]
    return [
        (task, charts.forest(task, *charts.forest_range(shared if task.shares_scale else [task])))
        for task in differences
    ]


def _curves(trainings: Sequence[Training]) -> list[tuple[str, Markup]]:
    """Return each variant with the panel of its seeds' losses; all panels have one scale."""
    recorded = [training for training in trainings if training.losses]
    low, high = charts.loss_range(recorded)
    variants = dict.fromkeys(training.manifest.variant for training in recorded)
    return [
        (variant, charts.losses([run for run in recorded if run.manifest.variant == variant], low, high))
        for variant in variants
    ]
