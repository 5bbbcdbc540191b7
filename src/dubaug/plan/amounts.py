"""How much there is to do: films, hours, clips, recordings; counted where that was done, else as far as is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dubaug.config import Experiment
from dubaug.corpus.catalogue import read_catalogue
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

    found_titles: Amount | None = None
    found_hours: Amount | None = None
    titles: Amount | None = None
    hours: Amount | None = None
    clips: Amount | None = None


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """The films, and the downstream data by suite."""

    corpus: FilmAmounts
    windows: dict[str, Amount]
    """Windows of a suite's data sets, by suite; without those that nobody knows."""
    items: dict[str, Amount]
    """Recordings of a task's data set, by task, likewise."""


def count(
    experiment: Experiment,
    jobs: Sequence[PlannedJob],
    paper: Path,
    *,
    titles: int | None = None,
    film_hours: float | None = None,
) -> Amounts:
    """Return the amounts: what is given of the films (`titles`, `film_hours`), else from the files that `jobs`
    (finished ones among them) make, where these are there; else from the films' generator, or how many films the
    catalogue lists; without one from the paper's Table B4 (`paper`/subsets_b4.csv).
    """
    made = {job.rule: Path(job.outputs[0]) for job in jobs if job.rule in {"catalogue", "select", "clip_index"}}
    features = {job.wildcards["suite"]: Path(job.outputs[0]) for job in jobs if job.rule == "features"}
    windows, items = _downstream(experiment, features)
    catalogue = Path(experiment.corpus.catalogue)
    if titles is not None or film_hours is not None:
        films = _given(experiment, titles, film_hours)
    elif (counted := _counted(made)) is not None:
        films = counted
    elif experiment.generates_films:
        films = _generated(experiment)
    elif catalogue.is_file():
        listed = len(read_catalogue(catalogue, climbing_paths=experiment.ingest.climbing_paths))
        films = _from(str(catalogue), found_titles=listed, titles=listed)
    else:
        films = _published(experiment, paper)
    return Amounts(corpus=films, windows=windows, items=items)


def _from(source: str, **values: float | None) -> FilmAmounts:
    """Return amounts of one source; None is nothing."""
    known = {name: Amount(value=value, source=source) for name, value in values.items() if value is not None}
    return FilmAmounts(**known)


def _clips(experiment: Experiment, hours: float) -> float:
    return hours * 3600 / experiment.clips.duration_s


def _given(experiment: Experiment, titles: int | None, hours: float | None) -> FilmAmounts:
    films = _from("given", found_titles=titles, found_hours=hours, titles=titles, hours=hours)
    clips = None if hours is None else Amount(value=_clips(experiment, hours), source="hours given")
    return replace(films, clips=clips)


def _counted(made: dict[str, Path]) -> FilmAmounts | None:
    """Return what the corpus stages found; None if they have not been run."""
    there = {rule: path for rule, path in made.items() if path.is_file()}
    if not {"catalogue", "select"} <= set(there):
        return None
    found, chosen = read_titles(there["catalogue"]), read_titles(there["select"])
    catalogue, titles = str(there["catalogue"]), str(there["select"])
    clips = Amount(value=sum(title.clips for title in chosen), source=titles)
    if index := there.get("clip_index"):
        clips = Amount(value=ClipIndex.load(index).n_clips, source=str(index))
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
    return _from(
        "the films' generator",
        found_titles=len(titles),
        found_hours=sum(title.seconds for title in titles) / 3600,
        titles=len(chosen),
        hours=sum(title.seconds for title in chosen) / 3600,
        clips=sum(int(title.seconds / experiment.clips.duration_s) for title in chosen),
    )


def _published(experiment: Experiment, paper: Path) -> FilmAmounts:
    """Return the paper's corpus of the same languages, as if it were this one; nothing for other languages."""
    languages = set(experiment.corpus.tracks)
    rows = [row for row in read_subsets(paper / "subsets_b4.csv") if set(row.languages) == languages]
    if not rows:
        return FilmAmounts()
    titles, hours = rows[0].titles, rows[0].video_hours
    clips = _clips(experiment, hours)
    # How many more films a catalogue has that lack a language is another thing at every site.
    source = "the paper, Table B4"
    return _from(source, found_titles=titles, found_hours=hours, titles=titles, hours=hours, clips=clips)


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
