"""How much there is to do: films, hours, clips, recordings; counted where that was done, else as far as is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dubaug.config import Experiment
from dubaug.corpus.subsets import read_subsets
from dubaug.corpus.titles import read_titles
from dubaug.downstream.manifest import FeaturesManifest
from dubaug.downstream.published import published_for
from dubaug.plan.jobs import PlannedJob
from dubaug.shards.index import ClipIndex


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number, and where it is from."""

    value: float
    source: str


@dataclass(frozen=True, kw_only=True)
class FilmAmounts:
    """The films: all that can be read, and those that have every language. None: nobody knows."""

    found_titles: Amount | None
    found_hours: Amount | None
    titles: Amount | None
    hours: Amount | None
    clips: Amount | None


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """The films, and the downstream data by suite."""

    corpus: FilmAmounts
    windows: dict[str, Amount]
    """Windows of a suite's data sets, by suite; without those that nobody knows."""
    items: dict[str, Amount]
    """Recordings of a task's data set, by task, likewise."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the person who plans says of the films."""

    titles: int | None = None
    film_hours: float | None = None


def count(experiment: Experiment, jobs: Sequence[PlannedJob], paper: Path, given: Given) -> Amounts:
    """Return the amounts: from the files that `jobs` (finished ones among them) make, where these are there; else
    from the films' generator or what is given; else from the paper's Table B4 (`paper`/subsets_b4.csv).
    """
    made = {job.rule: Path(job.outputs[0]) for job in jobs if job.rule in {"catalogue", "select", "clip_index"}}
    features = {job.wildcards["suite"]: Path(job.outputs[0]) for job in jobs if job.rule == "features"}
    windows, items = _downstream(experiment, features)
    return Amounts(corpus=_corpus(experiment, made, paper, given), windows=windows, items=items)


def _corpus(experiment: Experiment, made: dict[str, Path], paper: Path, given: Given) -> FilmAmounts:
    if given.titles is not None or given.film_hours is not None:
        return _given(experiment, given)
    counted = _counted(experiment, made)
    if counted is not None:
        return counted
    if experiment.generates_films:
        return _generated(experiment)
    return _published(experiment, paper)


def _clips(experiment: Experiment, hours: float) -> float:
    return hours * 3600 / experiment.clips.duration_s


def _given(experiment: Experiment, given: Given) -> FilmAmounts:
    def amount(value: float | None) -> Amount | None:
        return None if value is None else Amount(value=value, source="given")

    titles, hours = amount(given.titles), amount(given.film_hours)
    clips = None if hours is None else Amount(value=_clips(experiment, hours.value), source="hours given")
    return FilmAmounts(found_titles=titles, found_hours=hours, titles=titles, hours=hours, clips=clips)


def _counted(experiment: Experiment, made: dict[str, Path]) -> FilmAmounts | None:
    """Return what the corpus stages found; None if they have not been run."""
    if not all(kind in made and made[kind].is_file() for kind in ("catalogue", "select")):
        return None
    found, chosen = read_titles(made["catalogue"]), read_titles(made["select"])
    catalogue, titles = str(made["catalogue"]), str(made["select"])
    clips = Amount(value=sum(title.clips for title in chosen), source=titles)
    if "clip_index" in made and made["clip_index"].is_file():
        clips = Amount(value=ClipIndex.load(made["clip_index"]).n_clips, source=str(made["clip_index"]))
    return FilmAmounts(
        found_titles=Amount(value=len(found), source=catalogue),
        found_hours=Amount(value=sum(title.minutes for title in found) / 60, source=catalogue),
        titles=Amount(value=len(chosen), source=titles),
        hours=Amount(value=sum(title.minutes for title in chosen) / 60, source=titles),
        clips=clips,
    )


def _generated(experiment: Experiment) -> FilmAmounts:
    """Return what the generator will make: its plan is known before any film is drawn."""
    from dubaug.demo.titles import plan_titles

    assert experiment.demo is not None
    titles = plan_titles(experiment.demo.films, experiment.demo.seed)
    wanted = set(experiment.corpus.tracks)
    chosen = [title for title in titles if wanted <= set(title.languages)]

    def amount(value: float) -> Amount:
        return Amount(value=value, source="the films' generator")

    duration_s = experiment.clips.duration_s
    return FilmAmounts(
        found_titles=amount(len(titles)),
        found_hours=amount(sum(title.seconds for title in titles) / 3600),
        titles=amount(len(chosen)),
        hours=amount(sum(title.seconds for title in chosen) / 3600),
        clips=amount(sum(int(title.seconds / duration_s) for title in chosen)),
    )


def _published(experiment: Experiment, paper: Path) -> FilmAmounts:
    """Return the paper's corpus of the same languages, as if it were this one; nothing for other languages."""
    languages = set(experiment.corpus.tracks)
    rows = [row for row in read_subsets(paper / "subsets_b4.csv") if set(row.languages) == languages]
    if not rows:
        return FilmAmounts(found_titles=None, found_hours=None, titles=None, hours=None, clips=None)
    source = "the paper, Table B4"
    titles = Amount(value=rows[0].titles, source=source)
    hours = Amount(value=rows[0].video_hours, source=source)
    clips = Amount(value=_clips(experiment, hours.value), source=source)
    # How many more films a catalogue has that lack a language is another thing at every site.
    return FilmAmounts(found_titles=titles, found_hours=hours, titles=titles, hours=hours, clips=clips)


def _downstream(experiment: Experiment, features: dict[str, Path]) -> tuple[dict[str, Amount], dict[str, Amount]]:
    """Return windows by suite as decoded, and recordings by task as decoded or else as published."""
    windows, items = {}, {}
    for name in [name for tasks in experiment.suites.values() for name in tasks]:
        known = published_for(name)
        if known is not None and known.clips is not None and not experiment.generates(name):
            items[name] = Amount(value=known.clips, source="its publisher")
    for suite, manifest in features.items():
        if manifest.is_file():
            tasks = FeaturesManifest.load(manifest).tasks
            by_shard = {task.shard: task.windows for task in tasks.values()}
            windows[suite] = Amount(value=sum(by_shard.values()), source=str(manifest))
            items |= {name: Amount(value=task.items, source=str(manifest)) for name, task in tasks.items()}
    return windows, items
