"""Which figures of the checkpoint sweep a configuration has. Light: the workflow asks before any job starts."""

from dubaug.config import Experiment
from dubaug.suites.registry import SUITES
from dubaug.tables.layout import main_variants


def swept_tasks(experiment: Experiment) -> list[str]:
    """Return the tasks that are evaluated at all kept checkpoints, in the suites' order."""
    return [task for name, tasks in experiment.suites.items() if SUITES[name].swept for task in tasks]


def sweep_figures(experiment: Experiment) -> dict[str, tuple[str, ...]]:
    """Return the figures' names, each with its variants, baselines first.

    `c2` is Figure C2, of the main runs; `c2_long` the same drawing of the runs with `epochs` of their own (Appendix
    C's 20 epochs). A figure without variants is not there. Untrained networks have no pretraining epochs.
    """
    baselines, dubbed = main_variants(experiment)
    others = {
        name: variant
        for name, variant in experiment.variants.items()
        if variant.epochs is not None and not variant.untrained
    }
    long = sorted(others, key=lambda name: others[name].dub_augmented)
    figures = {"c2": (*baselines, *dubbed), "c2_long": tuple(long)}
    return {name: variants for name, variants in figures.items() if variants}
