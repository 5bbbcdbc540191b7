"""heareval 2021.1.3's own probes of a HEAR task beside ours: the same embeddings, several seeds, one thread each.

    python tools/heareval/compare.py --task hear-2021.0.6/tasks/esc50-v2.0.0-full --seeds 5 --work heareval-work

README.md says what is compared and how.
"""

import argparse
import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from dubaug import hear_api
from dubaug.config import resolve
from dubaug.downstream import hear as layout
from dubaug.downstream.model import Dataset
from dubaug.media.audio import read_audio
from dubaug.probe.hear import evaluate, settings
from dubaug.probe.jobs import GridPoint, Job, initial_parameters, job_shape
from dubaug.probe.problem import Problem, make_problem
from dubaug.probe.stack import parameter_views
from dubaug.progress import Progress
from dubaug.suites.hear import HearProbe

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]

BUILT_WITH = ("setuptools==59.5.0", "wheel==0.45.1")
"""What those packages are built with that have no wheel."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What either program says of the task with one seed."""

    folds: tuple[float, ...]
    """The primary test score of each split."""
    best_epochs: tuple[int, ...]
    """Of each split, from 1."""
    winner: GridPoint
    seconds: float

    @property
    def score(self) -> float:
        """The mean over the splits."""
        return statistics.fmean(self.folds)


def main() -> None:
    """Build what is needed, run both with every seed, print what they found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", type=Path, required=True, help="HEAR task folder, with its sound at 48 kHz")
    parser.add_argument("--work", type=Path, required=True, help="folder for heareval's environment and its logs")
    parser.add_argument("--seeds", type=int, default=3, help="at least 2")
    parser.add_argument("--same-weights", action="store_true", help="heareval starts from our initial weights")
    parser.add_argument("--model", default="", help="as dubaug.hear_api.load_model takes it; none: the untrained one")
    parser.add_argument("--embeddings", type=Path, help=".npy (items, D); made from the model if it is not there")
    parser.add_argument("--python", default="python3.9", help="interpreter that heareval's environment is made with")
    parser.add_argument("--out", type=Path, help="JSON with all figures")
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error(f"--seeds {options.seeds}: a deviation takes two at least")
    work = options.work.resolve()
    python = environment(work / "heareval-2021.1.3", options.python)
    dataset = layout.load(options.task)
    embeddings = embedded(dataset, options.model, options.embeddings or work / "embeddings.npy")
    torch.set_num_threads(1)
    problem = make_problem(options.task.name, embeddings, dataset, needs_valid=True)
    protocol = paper_protocol()
    runs = []
    for seed in range(options.seeds):
        seeded = replace(problem, task=f"{problem.task}, draw {seed}")  # which all draws are keyed by
        ours = our_outcome(seeded, protocol)
        with tempfile.TemporaryDirectory(dir=work) as home:
            write_embeddings(Path(home) / "task", options.task, dataset, embeddings)
            if options.same_weights:
                write_weights(Path(home) / "weights", seeded, protocol)
            theirs = their_outcome(Path(home), python, seed, work / f"seed{seed}.log", protocol)
        runs.append((ours, theirs))
        print(line(seed, ours, theirs), flush=True)
    found = summary(runs)
    print(json.dumps(found, indent=1))
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def environment(folder: Path, interpreter: str) -> Path:
    """Return the Python of heareval's environment, made on the first call. Ends the program where that cannot be."""
    python = folder / "bin" / "python"
    done = folder / "complete"
    if done.is_file() and done.read_bytes() == (HERE / "requirements.txt").read_bytes():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps"]
    try:
        asked = [interpreter, "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
        version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        if version != "3.9":
            raise RuntimeError(f"{interpreter} is Python {version}")
        subprocess.run([interpreter, "-m", "venv", str(folder)], check=True)
        subprocess.run([*install, *BUILT_WITH], check=True)
        subprocess.run([*install, "--no-build-isolation", "-r", str(HERE / "requirements.txt")], check=True)
        subprocess.run([str(python), "-c", "import heareval.predictions.runner"], check=True)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"SKIPPED: heareval was not run and nothing was compared, as its environment cannot be built: {error}\n"
            "It needs Python 3.9 (`--python PATH`; from pyenv, uv, conda or the system) and PyPI."
        )
    shutil.copyfile(HERE / "requirements.txt", done)
    return python


def paper_protocol() -> HearProbe:
    """Return HEAR's protocol with the paper's grid, which is heareval's."""
    user = yaml.safe_load((REPOSITORY / "config.yaml").read_text(encoding="utf-8"))
    protocol = resolve({**user, "scale": "paper"}, REPOSITORY / "workflow").probe["hear"]
    assert isinstance(protocol, HearProbe)
    return protocol


def embedded(dataset: Dataset, model_path: str, cache: Path) -> np.ndarray:
    """Return scene embeddings, float32 (items, D), from the cache or by the model."""
    if not cache.is_file():
        model = hear_api.load_model(model_path)
        progress = Progress("embedding", len(dataset.items), "items")
        rows = []
        for item in dataset.items:
            assert item.audio is not None
            sound = read_audio(item.audio, sample_rate_hz=model.sample_rate).mean(dim=0, keepdim=True)
            rows.append(hear_api.get_scene_embeddings(sound, model)[0].cpu().numpy())
            progress.advance(1)
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.save(cache, np.stack(rows))
    return np.load(cache)


def lists_of(dataset: Dataset) -> dict[str, tuple[int, ...]]:
    """Return the items of each of the task's lists in the order in which heareval keeps them."""
    if len(dataset.splits) > 1:
        members = {split.name: split.test for split in dataset.splits}
    else:
        members = {name: getattr(dataset.splits[0], name) for name in layout.PARTS}
    assert dataset.hear is not None
    place = {item: number for number, item in enumerate(dataset.hear.order)}
    return {name: tuple(sorted(items, key=place.__getitem__)) for name, items in members.items()}


def write_embeddings(folder: Path, task: Path, dataset: Dataset, embeddings: np.ndarray) -> None:
    """Write what `heareval.embeddings.runner` leaves of a scene task for its predictions."""
    folder.mkdir(parents=True)
    lists = lists_of(dataset)
    metadata = json.loads((task / "task_metadata.json").read_text(encoding="utf-8"))
    (folder / "task_metadata.json").write_text(json.dumps({**metadata, "splits": list(lists)}), encoding="utf-8")
    shutil.copy(task / "labelvocabulary.csv", folder)
    for name, items in lists.items():
        labels = json.loads((task / f"{name}.json").read_text(encoding="utf-8"))
        rows = np.ascontiguousarray(embeddings[list(items)], dtype=np.float32)
        rows.tofile(folder / f"{name}.embeddings.npy")  # a bare memory map, for all its name
        (folder / f"{name}.embedding-dimensions.json").write_text(json.dumps(rows.shape), encoding="utf-8")
        of_items = [labels[dataset.items[item].id.split("/", 1)[1]] for item in items]
        (folder / f"{name}.target-labels.pkl").write_bytes(pickle.dumps(of_items, protocol=4))


def write_weights(folder: Path, problem: Problem, protocol: HearProbe) -> None:
    """Write the weights from which our probes start, for `theirs.py`."""
    folder.mkdir()
    for split in range(len(problem.splits)):
        for rank, setting in enumerate(settings(protocol, problem.hear.grid)):
            job = Job(problem=problem, split=split, setting=setting)
            shape = job_shape(job)
            linears, _ = parameter_views(shape, initial_parameters(job, shape).unsqueeze(0))
            weights = {f"weight{layer}": linear.weight[0].t().numpy() for layer, linear in enumerate(linears)}
            biases = {f"bias{layer}": linear.bias[0, 0].numpy() for layer, linear in enumerate(linears)}
            np.savez(folder / f"{split}-{rank}.npz", **weights, **biases)


def our_outcome(problem: Problem, protocol: HearProbe) -> Outcome:
    """Return what our probe finds."""
    start_s = time.perf_counter()
    [result] = evaluate([problem], protocol, torch.device("cpu"))
    seconds = time.perf_counter() - start_s
    scores = [
        problem.scores(fold.probabilities, split.test)[problem.metrics[0]]
        for fold, split in zip(result.folds, problem.splits, strict=True)
    ]
    return Outcome(
        folds=tuple(scores),
        best_epochs=tuple(fold.best_epoch for fold in result.folds),
        winner=result.best.point,
        seconds=seconds,
    )


def their_outcome(home: Path, python: Path, seed: int, log: Path, protocol: HearProbe) -> Outcome:
    """Return what heareval finds; its own output goes to `log`. Raises `CalledProcessError` if it fails."""
    weights = ["weights"] if (home / "weights").is_dir() else []
    command = [str(python), str(HERE / "theirs.py"), "task", str(seed), *weights]
    quiet = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": ""}
    with log.open("w", encoding="utf-8") as out:
        subprocess.run(command, cwd=home, env={**os.environ, **quiet}, stdout=out, stderr=out, check=True)
    found: dict[str, Any] = json.loads((home / "task" / "test.predicted-scores.json").read_text(encoding="utf-8"))
    folds = [found[name] for name in sorted(found) if isinstance(found[name], dict) and "epoch" in found[name]]
    chosen = found["hparams"]
    [initialisation] = [name for name in protocol.initialisations if name in chosen["initialization"]]
    return Outcome(
        folds=tuple(fold["test_score"] for fold in folds),
        best_epochs=tuple(fold["epoch"] + 1 for fold in folds),
        winner=GridPoint(
            hidden_layers=chosen["hidden_layers"], learning_rate=chosen["lr"], initialisation=initialisation
        ),
        seconds=json.loads((home / "task" / "prediction-done.json").read_text(encoding="utf-8"))["time"],
    )


def line(seed: int, ours: Outcome, theirs: Outcome) -> str:
    """Return a seed's outcomes in words."""
    same = "the same winner" if ours.winner == theirs.winner else "other winners"
    return (
        "\n".join(
            f"seed {seed}, {who}: {one.score:.4f} ({' '.join(f'{fold:.3f}' for fold in one.folds)}), best epochs "
            f"{' '.join(map(str, one.best_epochs))}, {one.seconds:.1f} s, {one.winner}"
            for who, one in (("heareval", theirs), ("dubaug", ours))
        )
        + f"\n  {same}"
    )


def summary(runs: list[tuple[Outcome, Outcome]]) -> dict[str, Any]:
    """Return means and deviations over seeds of both, and how far they are apart."""
    ours, theirs = ([run[which] for run in runs] for which in (0, 1))
    apart = [abs(a - b) for one, other in runs for a, b in zip(one.folds, other.folds, strict=True)]
    epochs = [abs(a - b) for one, other in runs for a, b in zip(one.best_epochs, other.best_epochs, strict=True)]
    return {
        "seeds": len(runs),
        "heareval": over_seeds(theirs),
        "dubaug": over_seeds(ours),
        "equal_winners": sum(one.winner == other.winner for one, other in runs),
        "largest_difference_of_a_fold": round(max(apart), 4),
        "median_difference_of_best_epochs": statistics.median(epochs),
        "largest_difference_of_best_epochs": max(epochs),
        "speed": round(sum(one.seconds for one in theirs) / sum(one.seconds for one in ours), 2),
    }


def over_seeds(outcomes: list[Outcome]) -> dict[str, float]:
    """Return mean and deviation (n - 1) of the scores, and the median of the seconds."""
    scores = [one.score for one in outcomes]
    return {
        "mean": round(statistics.fmean(scores), 4),
        "std": round(statistics.stdev(scores), 4),
        "seconds": round(statistics.median(one.seconds for one in outcomes), 1),
    }


if __name__ == "__main__":
    main()
