"""What a results folder has to tell MLflow, read from its files alone: no MLflow is needed to know it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dubaug.config import SUITES
from dubaug.files import read_json

BESIDE_SCORES = ("/std", "/low", "/high", "/seconds")
"""Ends of the names of metrics that say something of a score."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One value of a curve; `time_ms` is when it was measured (Unix time)."""

    name: str
    value: float
    step: int
    time_ms: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """One MLflow run. `key` names it for good: syncing again finds the same run by it."""

    key: str
    name: str
    parent: str | None
    """The key of the run that this one is nested under."""
    tags: Mapping[str, str]
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    artifacts: tuple[tuple[Path, str], ...] = ()
    """Files, each with the artifact folder that it goes to."""

    @property
    def content(self) -> str:
        """A hash of all that the run should hold; where it is unchanged there is nothing to do."""
        files = [(str(path), folder, path.stat().st_mtime_ns, path.stat().st_size) for path, folder in self.artifacts]
        parts = [self.name, self.parent, dict(self.tags), dict(self.params), [vars(m) for m in self.metrics], files]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def collect(results_dir: Path) -> list[Record]:
    """Return the records of everything in `results_dir`, parents before children."""
    config = results_dir / "config.yaml"
    records = []
    for manifest in sorted(results_dir.glob("*/pretraining.json")) + sorted(
        results_dir.glob("*/seed*/pretraining.json")
    ):
        records += _run_records(manifest, config)
    for folder in sorted({path.parent for path in results_dir.glob("*/seed*/")}):
        records += _aggregate_records(folder)
    report = _report_record(results_dir)
    return records + ([report] if report else [])


def _run_records(manifest_path: Path, config: Path) -> list[Record]:
    """Return the record of one pretrained network and, nested, one for each of its result files."""
    manifest = read_json(manifest_path)
    folder, variant, seed = manifest_path.parent, manifest["variant"], manifest["seed"]
    tags = {"variant": variant, "seed": str(seed), "experiment": manifest["experiment"]}
    key = f"pretrain/{variant}/{seed}/{manifest['experiment']}"
    title = variant if folder.name == variant else f"{variant} seed {seed}"
    probes = [_probe_record(path, title, key, tags) for path in _result_files(folder)]
    curves = (*_training_curves(folder / "pretrain" / "metrics.jsonl"), *_sweep_curves(folder))
    params = {
        name: str(manifest[name]) for name in ("epochs", "n_clips", "n_titles", "device", "seconds") if name in manifest
    }
    parent = Record(
        key=key,
        name=title,
        parent=None,
        tags={**tags, "stage": "pretrain", "epoch": str(manifest["epochs"])},
        params=params,
        metrics=curves,
        artifacts=((manifest_path, "pretraining"), *(((config, "pretraining"),) if config.is_file() else ())),
    )
    return [parent, *probes]


def _aggregate_records(folder: Path) -> list[Record]:
    """Return a record for each file that joins several seeds of a variant."""
    tags = {"variant": folder.name, "seed": "all"}
    return [_probe_record(path, f"{folder.name} all seeds", None, tags) for path in _result_files(folder)]


def _result_files(folder: Path) -> Iterator[Path]:
    for suite in SUITES:
        yield from sorted(folder.glob(f"epoch*/{suite}.json"))
        if (folder / f"{suite}.json").is_file():
            yield folder / f"{suite}.json"


def _probe_record(path: Path, title: str, parent: str | None, tags: Mapping[str, str]) -> Record:
    result = read_json(path)
    suite, epoch = result["suite"], result["epoch"]
    final = not path.parent.name.startswith("epoch")
    stage = "probe" if final else "sweep"
    checkpoint = result["checkpoint_sha256"]  # none where several seeds are joined
    return Record(
        key="/".join([stage, tags["variant"], tags["seed"], result["experiment"], suite, str(epoch)]),
        name=f"{title} {suite}" + ("" if final else f" epoch {epoch}"),
        parent=parent,
        tags={
            **tags,
            "stage": stage,
            "suite": suite,
            "epoch": str(epoch),
            "task": ",".join(result["tasks"]),
            "experiment": result["experiment"],
            **({"checkpoint_sha256": checkpoint} if checkpoint else {}),
        },
        metrics=_result_metrics(path, result),
        artifacts=((path, "results"),),
    )


def _result_metrics(path: Path, result: Mapping[str, Any]) -> tuple[Metric, ...]:
    """Return `<task>/<metric>` for all its metrics, and of the primary one its interval (`low`, `high`) and `std`."""
    time_ms, metrics = int(path.stat().st_mtime * 1000), []
    for task, score in result["tasks"].items():
        interval = score.get("interval", {})
        values = {
            **{name: its["mean"] for name, its in score.get("metrics", {}).items()},
            score["metric"]: score["mean"],
            "std": score["std"],
            **{bound: interval.get(bound) for bound in ("low", "high")},
            "seconds": score["seconds"],
        }
        metrics += [
            Metric(name=f"{task}/{name}", value=float(value), step=result["epoch"], time_ms=time_ms)
            for name, value in values.items()
            if value is not None
        ]
    return tuple(metrics)


def _sweep_curves(folder: Path) -> tuple[Metric, ...]:
    """Return each task's scores over the epochs: curves on the variant's own page, and columns to compare by."""
    by_epoch: dict[tuple[str, int], Metric] = {}
    for path in _result_files(folder):
        for metric in _result_metrics(path, read_json(path)):
            if not metric.name.endswith(BESIDE_SCORES):
                by_epoch[metric.name, metric.step] = metric
    return tuple(by_epoch[key] for key in sorted(by_epoch))


def _training_curves(path: Path) -> Iterator[Metric]:
    """Yield every number that the trainer wrote for each step. A line cut short by a crash ends the file."""
    if not path.is_file():
        return
    time_ms = int(path.stat().st_mtime * 1000)
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            return
        stamp = int(entry.pop("time_s", time_ms / 1000) * 1000)
        step = entry.pop("step")
        for name, value in entry.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield Metric(name=name, value=float(value), step=step, time_ms=stamp)


def _report_record(results_dir: Path) -> Record | None:
    """Return the record that carries tables and figures as artifacts, if there are any."""
    files = [
        (path, folder)
        for folder in ("tables", "figures", "corpus")
        for path in sorted((results_dir / folder).glob("*"))
        if path.is_file() and path.suffix in {".csv", ".md", ".tex", ".png", ".pdf", ".html"}
    ]
    if not files:
        return None
    config = results_dir / "config.yaml"
    extra = ((config, "."),) if config.is_file() else ()
    return Record(
        key="report", name="tables and figures", parent=None, tags={"stage": "report"}, artifacts=(*files, *extra)
    )
