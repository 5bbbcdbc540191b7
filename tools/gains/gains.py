"""How much pretraining adds to random weights, task by task: the table of docs/demo.md.

    python tools/gains/gains.py results_full

reads <results>/<variant>/seed<S>/{hear,hares}.json. A gain is a variant's score minus that of `rp` with the same seed
on the same fold. Intervals (95 %) are of a bootstrap that draws seeds and folds with replacement, both at once; where a
task has one fold they know of the seeds alone, not of the few test items, and are too narrow by that.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dubaug.probe.results import read_result

BASELINE = "rp"
SUITES = ("hear", "hares")
DRAWS = 10_000


def scores(results: Path, variant: str) -> dict[str, np.ndarray]:
    """Return each task's scores, (seeds, folds)."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    for run in sorted((results / variant).glob("seed*")):
        for suite in SUITES:
            for task, result in read_result(run / f"{suite}.json").tasks.items():
                rows.setdefault(task, []).append(result.folds)
    return {task: np.array(folds) for task, folds in rows.items()}


def interval(gains_SF: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the 95 % interval of the mean of (seeds, folds) gains."""
    seeds, folds = gains_SF.shape
    rows = rng.integers(0, seeds, (DRAWS, seeds))
    columns = rng.integers(0, folds, (DRAWS, folds))
    means = gains_SF[rows[:, :, None], columns[:, None, :]].mean(axis=(1, 2))
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def table(results: Path) -> str:
    """Return the gains as Markdown: one row a task, all trained variants together and one by one."""
    variants = sorted(path.parent.name for path in results.glob("*/seed*") if (path / "hear.json").is_file())
    trained = [name for name in dict.fromkeys(variants) if name != BASELINE]
    baseline = scores(results, BASELINE)
    by_variant: Mapping[str, dict[str, np.ndarray]] = {name: scores(results, name) for name in trained}
    rng = np.random.default_rng(0)
    lines = [
        "| task | rp | all trained | gain | 95 % | " + " | ".join(trained) + " |",
        "|:--|--:|--:|--:|:--|" + "--:|" * len(trained),
    ]
    for task, untrained_SF in baseline.items():
        gains_VSF = np.stack([by_variant[name][task] - untrained_SF for name in trained])
        low, high = interval(gains_VSF.mean(axis=0), rng)
        mark = "**" if low > 0 else ""
        cells = [f"{gain:+.3f}" for gain in gains_VSF.mean(axis=(1, 2))]
        mean = untrained_SF.mean()
        gain = gains_VSF.mean()
        lines.append(
            f"| {task} | {mean:.3f} | {mean + gain:.3f} | {mark}{gain:+.3f}{mark} | {low:+.3f} .. {high:+.3f} | "
            + " | ".join(cells)
            + " |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="results folder of several seeds")
    print(table(parser.parse_args().results))
