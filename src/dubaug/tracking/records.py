"""What a results folder has to tell MLflow, read from its files alone: no MLflow is needed to know it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dubaug.companion.training import FINISHED, KILLED, RUNNING
from dubaug.files import read_json
from dubaug.layout import MANIFEST, WORK_DIR, RunName, runs_in
from dubaug.pretrain.experiment import flattened
from dubaug.pretrain.workdir import IDENTITY, WorkDirectory, in_use
from dubaug.probe.results import Result, read_result
from dubaug.suites.registry import SUITES
from dubaug.tracking.curves import MetricValue

BESIDE_SCORES = ("/std", "/low", "/high", "/seconds")
"""Ends of the names of metrics that say something of a score."""
NOTE_TAG = "mlflow.note.content"
"""What MLflow's pages show as a run's description."""
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


def curve_files(work: WorkDirectory) -> tuple[Path, ...]:
    """Return the curves that a training wrote so far."""
    return tuple(path for path in (work.metrics, work.system) if path.is_file())


def _run_records(name: RunName, folder: Path, config: Path) -> list[Record]:
    """Return the record of one training, finished or not, and, nested, one for each of its result files."""
    work = WorkDirectory(folder / WORK_DIR)
    manifest_path, identity_path = folder / MANIFEST, work.path / IDENTITY
    manifest = read_json(manifest_path) if manifest_path.is_file() else {}
    identity = read_json(identity_path) if identity_path.is_file() else {}
    if not manifest and not identity:
        return []  # it has only just begun
    settings = dict(flattened(identity.get("configuration", {})))
    variant, seed = name.variant, name.seed
    experiment: str = (manifest or identity)["experiment"]
    if manifest and identity and manifest["experiment"] != identity["experiment"]:
        settings = {}  # the work directory has gone on to another configuration: it says nothing of this manifest
    tags, key = training_tags(variant, seed, experiment), training_key(variant, seed, experiment, work)
    title = training_name(variant, seed)
    done = {name: manifest[name] for name in ("epochs", "n_clips", "n_titles", "device", "seconds") if name in manifest}
    files = [(path, "pretraining") for path in (manifest_path, identity_path, work.path / "log.txt", config)]
    kept = {checkpoint["sha256"] for checkpoint in manifest.get("checkpoints", [])}
    # others are of an earlier training, and will be made anew
    results = {path: result for path, result in _results(folder) if result.checkpoint_sha256 in kept}
    parent = Record(
        key=key,
        name=title,
        parent=None,
        tags={
            **tags,
            "stage": "pretrain",
            **({"epoch": str(manifest["epochs"])} if manifest else {}),
            NOTE_TAG: _training_note(settings, manifest),
        },
        params={name: str(value) for name, value in {**settings, **done}.items()},
        metrics=_sweep_curves(results),
        curves=curve_files(work),
        artifacts=tuple((path, place) for path, place in files if path.is_file()),
        status=FINISHED if manifest else RUNNING if in_use(work.path) else KILLED,
    )
    return [parent, *(_probe_record(path, result, title, key, tags) for path, result in results.items())]


def _training_note(settings: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Return a training's description for MLflow's pages (Markdown)."""
    if "variant.primary" in settings:
        dubs = ", ".join(settings["variant.secondary"]) or "none"
        seen = "with" if settings["variant.video"] else "without"
        what = f"Primary sound {settings['variant.primary']}, second sounds {dubs}, {seen} picture"
        what += ", speech removed." if settings["variant.separated"] else "."
    else:
        what = "Random weights, no training." if settings.get("untrained") else "A pretraining run."
    ended = f" {manifest['n_clips']} clips of {manifest['n_titles']} titles." if "n_clips" in manifest else ""
    return f"{what}{ended} Scores over the epochs stand in its own metrics; each suite's run is nested below."


def _aggregate_records(folder: Path) -> list[Record]:
    """Return the record of a variant's seeds together, and nested one for each file that joins several."""
    tags, title, key = {"variant": folder.name, "seed": "all"}, f"{folder.name} all seeds", f"seeds/{folder.name}"
    results = {path: result for path, result in _results(folder) if len(result.seeds) > 1}
    if not results:
        return []
    note = "Means over pretraining seeds, whose own runs stand beside this one."
    parent = Record(
        key=key,
        name=title,
        parent=None,
        tags={**tags, "stage": "seeds", NOTE_TAG: note},
        metrics=_sweep_curves(results),
    )
    return [parent, *(_probe_record(path, result, title, key, tags) for path, result in results.items())]


def _results(folder: Path) -> Iterator[tuple[Path, Result]]:
    """Yield a folder's result files with what stands in them, the points of a suite's sweep before the last epoch."""
    for suite in SUITES:
        path = folder / f"{suite}.json"
        if path.is_file():
            final = read_result(path)
            points = [folder / point.path for point in final.sweep]
            yield from ((point, read_result(point)) for point in points if point.is_file())
            yield path, final


def _probe_record(path: Path, result: Result, title: str, parent: str, tags: Mapping[str, str]) -> Record:
    suite, epoch = result.suite, result.epoch
    stage = "sweep" if result.in_sweep else "probe"
    checkpoint = result.checkpoint_sha256  # none where several seeds are joined
    return Record(
        key="/".join([stage, result.experiment, suite, str(epoch), parent]),
        name=f"{title} {suite}" + (f" epoch {epoch}" if result.in_sweep else ""),
        parent=parent,
        tags={
            **tags,
            "stage": stage,
            "suite": suite,
            "epoch": str(epoch),
            "task": ",".join(result.tasks),
            "experiment": result.experiment,
            **({"checkpoint_sha256": checkpoint} if checkpoint else {}),
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
