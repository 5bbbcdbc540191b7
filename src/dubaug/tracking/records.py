"""What a results folder has to tell MLflow, read from its files alone: no MLflow is needed to know it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dubaug.companion.training import FINISHED, KILLED, RUNNING
from dubaug.layout import MANIFEST, WORK_DIR, RunName, runs_in
from dubaug.pretrain.experiment import flattened
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.workdir import WorkDirectory, in_use
from dubaug.probe.results import Result, read_result
from dubaug.suites.registry import SUITES
from dubaug.tracking.curves import MetricValue

BESIDE_SCORES = ("/std", "/low", "/high", "/seconds")
"""Ends of the names of metrics that say something of a score."""
NOTE_TAG = "mlflow.note.content"
"""What MLflow's pages show as a run's description."""
DONE = ("epochs", "n_clips", "n_titles", "device", "seconds")
"""What a training's parameters have of its manifest."""
REPORT_FILES = ("report.html", "claims.md", "claims.json", "comparisons.csv", "config.yaml")


@dataclass(frozen=True, kw_only=True)
class Record:
    """One MLflow run. `key` names it for good: syncing again finds the same run by it."""

    key: str
    name: str
    parent: str | None
    """The key of the run that this one is nested under."""
    tags: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[MetricValue, ...] = ()
    curves: tuple[Path, ...] = ()
    """Files with a JSON object a step, which only grow (`dubaug.tracking.curves`)."""
    artifacts: tuple[tuple[Path, str], ...] = ()
    """Files, each with the artifact folder that it goes to."""
    status: str = FINISHED
    scores: tuple[str, ...] = ()
    """Names of those metrics that are a task's score: what to compare variants by."""

    @property
    def content(self) -> str:
        """A hash of all that the run should hold; where it is unchanged there is nothing to do."""
        paths = [(path, "curves") for path in self.curves] + list(self.artifacts)
        files = [(path.name, folder, path.stat().st_mtime_ns, path.stat().st_size) for path, folder in paths]
        described = [self.name, self.parent, self.status, dict(self.tags), dict(self.params)]
        parts = [*described, [vars(m) for m in self.metrics], files]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def collect(results_dir: Path) -> list[Record]:
    """Return the records of everything in `results_dir`, parents before children."""
    config = results_dir / "config.yaml"
    runs = runs_in(results_dir)
    records = [record for name, folder in runs.items() for record in _run_records(name, folder, config)]
    for variant in dict.fromkeys(name.variant for name in runs):
        records += _aggregate_records(results_dir / variant)
    report = _report_record(results_dir)
    return records + ([report] if report else [])


def training_key(variant: str, seed: int, experiment: str, work: WorkDirectory) -> str:
    """Return the key of one training: trained once more in a new work directory, a variant is another run."""
    parts = ["pretrain", variant, str(seed), experiment]
    return "/".join([*parts, work.training_id] if work.training_id else parts)


def training_name(variant: str, seed: int) -> str:
    """Return a run's name for people."""
    return f"{variant} seed {seed}"


def training_tags(variant: str, seed: int, experiment: str) -> dict[str, str]:
    """Return the tags by which a training and its probes are found."""
    return {"variant": variant, "seed": str(seed), "experiment": experiment}


def _run_records(name: RunName, folder: Path, config: Path) -> list[Record]:
    """Return the record of one training, finished or not, and, nested, one for each of its result files."""
    work, manifest_path = WorkDirectory(folder / WORK_DIR), folder / MANIFEST
    manifest = Manifest.load(manifest_path) if manifest_path.is_file() else None
    identity = work.identity() if work.identity_file.is_file() else None
    known = manifest or identity
    if known is None:
        return []  # it has only just begun
    experiment = known.experiment
    # A work directory that has gone on to another configuration says nothing of this manifest.
    settings = dict(flattened(identity.configuration)) if identity and identity.experiment == experiment else {}
    done = {key: getattr(manifest, key) for key in DONE} if manifest else {}
    tags = training_tags(name.variant, name.seed, experiment)
    files = [(path, "pretraining") for path in (manifest_path, work.identity_file, work.path / "log.txt", config)]
    kept = {checkpoint.sha256 for checkpoint in manifest.checkpoints} if manifest else set()
    # others are of an earlier training, and will be made anew
    results = {path: result for path, result in results_in(folder) if result.checkpoint_sha256 in kept}
    training = Record(
        key=training_key(name.variant, name.seed, experiment, work),
        name=training_name(name.variant, name.seed),
        parent=None,
        tags={
            **tags,
            "stage": "pretrain",
            **({"epoch": str(manifest.epochs)} if manifest else {}),
            NOTE_TAG: _training_note(settings, manifest),
        },
        params={name: str(value) for name, value in {**settings, **done}.items()},
        metrics=_sweep_curves(results),
        curves=tuple(path for path in (work.metrics, work.system) if path.is_file()),
        artifacts=tuple((path, place) for path, place in files if path.is_file()),
        status=FINISHED if manifest else RUNNING if in_use(work.path) else KILLED,
        scores=_scores(results),
    )
    return [training, *_probe_records(results, training, tags)]


def _training_note(settings: Mapping[str, Any], manifest: Manifest | None) -> str:
    """Return a training's description for MLflow's pages (Markdown)."""
    if "variant.primary" in settings:
        dubs = ", ".join(settings["variant.secondary"]) or "none"
        seen = "with" if settings["variant.video"] else "without"
        what = f"Primary sound {settings['variant.primary']}, second sounds {dubs}, {seen} picture"
        what += ", speech removed." if settings["variant.separated"] else "."
    else:
        what = "Random weights, no training." if settings.get("untrained") else "A pretraining run."
    titles = "generated titles" if any(key.startswith("corpus.films.") for key in settings) else "titles"
    ended = f" {manifest.n_clips} clips of {manifest.n_titles} {titles}." if manifest and manifest.n_clips else ""
    return f"{what}{ended} Scores over the epochs stand in its own metrics; each suite's run is nested below."


def _aggregate_records(folder: Path) -> list[Record]:
    """Return the record of a variant's seeds together, and nested one for each file that joins several."""
    tags = {"variant": folder.name, "seed": "all"}
    results = {path: result for path, result in results_in(folder) if len(result.seeds) > 1}
    if not results:
        return []
    note = "Means over pretraining seeds, whose own runs stand beside this one."
    together = Record(
        key=f"seeds/{folder.name}",
        name=f"{folder.name} all seeds",
        parent=None,
        tags={**tags, "stage": "seeds", NOTE_TAG: note},
        metrics=_sweep_curves(results),
        scores=_scores(results),
    )
    return [together, *_probe_records(results, together, tags)]


def results_in(folder: Path) -> Iterator[tuple[Path, Result]]:
    """Yield a folder's result files with what stands in them, the points of a suite's sweep before the last epoch."""
    for suite in SUITES:
        path = folder / f"{suite}.json"
        if path.is_file():
            final = read_result(path)
            points = [folder / point.path for point in final.sweep]
            yield from ((point, read_result(point)) for point in points if point.is_file())
            yield path, final


def _probe_records(results: Mapping[Path, Result], parent: Record, tags: Mapping[str, str]) -> Iterator[Record]:
    """Yield the record of each result file, nested under `parent`."""
    for path, result in results.items():
        suite, epoch, checkpoint = result.suite, str(result.epoch), result.checkpoint_sha256
        stage = "sweep" if result.in_sweep else "probe"
        yield Record(
            key="/".join([stage, result.experiment, suite, epoch, parent.key]),
            name=f"{parent.name} {suite}" + (f" epoch {epoch}" if result.in_sweep else ""),
            parent=parent.key,
            tags={
                **tags,
                "stage": stage,
                "suite": suite,
                "epoch": epoch,
                "task": ",".join(result.tasks),
                "experiment": result.experiment,
                **({"checkpoint_sha256": checkpoint} if checkpoint else {}),  # none where several seeds are joined
            },
            metrics=_result_metrics(path, result),
            artifacts=((path, "results"),),
        )


def _result_metrics(path: Path, result: Result) -> tuple[MetricValue, ...]:
    """Return `<task>/<metric>` for all its metrics, and of the primary one its interval (`low`, `high`) and `std`."""
    time_ms, metrics = int(path.stat().st_mtime * 1000), []
    for task, score in result.tasks.items():
        values = {
            **{name: its.mean for name, its in score.metrics.items()},
            score.metric: score.mean,
            "std": score.std,
            "low": score.interval.low if score.interval else None,
            "high": score.interval.high if score.interval else None,
            "seconds": score.seconds,
        }
        metrics += [
            MetricValue(name=f"{task}/{name}", value=float(value), step=result.epoch, time_ms=time_ms)
            for name, value in values.items()
            if value is not None
        ]
    return tuple(metrics)


def _sweep_curves(results: Mapping[Path, Result]) -> tuple[MetricValue, ...]:
    """Return each task's scores over the epochs: curves on the variant's own page, and columns to compare by."""
    by_epoch: dict[tuple[str, int], MetricValue] = {}
    for path, result in results.items():
        for metric in _result_metrics(path, result):
            if not metric.name.endswith(BESIDE_SCORES):
                by_epoch[metric.name, metric.step] = metric
    return tuple(by_epoch[key] for key in sorted(by_epoch))


def _scores(results: Mapping[Path, Result]) -> tuple[str, ...]:
    """Return the names of the tasks' primary metrics."""
    named = (f"{task}/{its.metric}" for result in results.values() for task, its in result.tasks.items())
    return tuple(dict.fromkeys(named))


def _report_record(results_dir: Path) -> Record | None:
    """Return the record that carries tables and figures as artifacts, if there are any."""
    files = [
        (path, folder)
        for folder in ("tables", "figures", "corpus")
        for path in sorted((results_dir / folder).glob("[!.]*"))  # others are being written
        if path.is_file() and path.suffix in {".csv", ".md", ".tex", ".png", ".pdf", ".html"}
    ]
    if not files:
        return None
    files += [(results_dir / name, ".") for name in REPORT_FILES if (results_dir / name).is_file()]
    tags = {"stage": "report", NOTE_TAG: "Report, claims, tables, figures, reject lists: see this run's artifacts."}
    return Record(key="report", name="tables and figures", parent=None, tags=tags, artifacts=tuple(files))
