"""How much pretraining adds to random weights, task by task: the table of docs/demo.md.

    python tools/gains/gains.py results_full

reads <results>/<variant>/seed<S>/{hear,hares}.json and the predictions that they name. A gain is the mean of all
trained variants' scores less that of `rp`; its 95 % interval is made as everywhere (docs/claims.md).
"""

import argparse
from pathlib import Path

from dubaug.layout import runs_in
from dubaug.probe.predictions import Predictions, load_of
from dubaug.probe.results import read_result
from dubaug.probe.sampling import sample_of
from dubaug.statistics.estimate import estimate
from dubaug.statistics.sample import Sample

BASELINE = "rp"
SUITES = ("hear", "hares")


def samples(results: Path) -> dict[str, dict[str, Sample]]:
    """Return, by task and variant, the scores of all seeds with what is known of their error."""
    found: dict[str, dict[str, list[Predictions]]] = {}
    for run, folder in runs_in(results).items():
        for path in (folder / f"{suite}.json" for suite in SUITES):
            for task, result in read_result(path).tasks.items():
                found.setdefault(task, {}).setdefault(run.variant, []).append(load_of(path, task, result))
    return {
        task: {variant: sample_of(seeds) for variant, seeds in variants.items()} for task, variants in found.items()
    }


def table(results: Path) -> str:
    """Return the gains as Markdown: one row a task, all trained variants together and one by one."""
    by_task = samples(results)
    trained = [variant for variant in next(iter(by_task.values())) if variant != BASELINE]
    lines = [
        "| task | rp | all trained | gain | 95 % | " + " | ".join(trained) + " |",
        "|:--|--:|--:|--:|:--|" + "--:|" * len(trained),
    ]
    for task, by_variant in by_task.items():
        untrained = by_variant[BASELINE]
        gain = estimate([(untrained, -1.0), *((by_variant[name], 1 / len(trained)) for name in trained)])
        low, high = gain.interval()
        mark = "**" if low > 0 else ""
        cells = [f"{by_variant[name].score - untrained.score:+.3f}" for name in trained]
        lines.append(
            f"| {task} | {untrained.score:.3f} | {untrained.score + gain.value:.3f} | {mark}{gain.value:+.3f}{mark} | "
            f"{low:+.3f} .. {high:+.3f} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="results folder of several seeds")
    print(table(parser.parse_args().results))
