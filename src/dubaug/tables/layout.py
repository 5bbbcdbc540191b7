"""Which tasks stand in which table, in the paper's order and groups, and what the paper calls things."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from dubaug.config import Experiment
from dubaug.suites.registry import SUITES
from dubaug.suites.suite import Group, ResultsTable

TABLE_1 = ResultsTable(
    name="1",
    caption="Evaluation results.",
    groups=(
        Group(
            label="Snd/Scn",
            note="Sound/Scene Classification",
            tasks=("esc50", "fsd50k", "tut18", "vocal_imitation", "vggsound"),
        ),
        Group(
            label="NonSem",
            note="Non-Semantic Speech",
            tasks=("crema_d", "gtzan_music_speech", "libricount"),
        ),
    ),
)
TABLE_2 = ResultsTable(
    name="2",
    caption="Potential trade-offs: linguistic and vision-only tasks.",
    groups=(
        Group(
            label="SemSp",
            note="Semantic Speech",
            tasks=("fluent_speech_commands", "speech_commands_5h", "speech_commands_full"),
        ),
        Group(label="Lang", note="Language Identification", tasks=("voxforge", "voxlingua10")),
        Group(label="Act", note="Action Recognition", tasks=("hmdb51", "ucf101")),
    ),
)
"""The paper's tables have tasks of several suites; a suite's own stand with the suite."""
TABLE_A3 = {
    "crema_d": "CREMA-D",
    "esc50": "ESC-50",
    "fsd50k": "FSD50K",
    "gtzan_music_speech": "Mus/Sp",
    "libricount": "Count",
    "vocal_imitation": "VI",
}
TABLE_D6 = {"fluent_speech_commands": "+Speech", "fluent_speech_commands_nospeech": "–Speech"}
PART_OF_ANOTHER = ("vggsound_a", "vggsound_v", "fluent_speech_commands_nospeech")
"""Tasks that stand beside a task of the paper and have no row of their own in Tables 1 and 2."""


def groups_of(table: ResultsTable, experiment: Experiment) -> tuple[Group, ...]:
    """Return the table's groups with the tasks that are configured; in Table 1 those of no table come last."""
    configured = [task for tasks in experiment.suites.values() for task in tasks]
    groups = table.groups
    if table is TABLE_1:
        tables = (TABLE_1, TABLE_2, *(own for suite in SUITES.values() for own in suite.tables))
        placed = {task for one in tables for group in one.groups for task in group.tasks} | set(PART_OF_ANOTHER)
        others = tuple(task for task in configured if task not in placed)
        groups = (*groups, Group(label="Other", note="tasks added by configuration", tasks=others))
    return groups_with(groups, configured)


def groups_with(groups: Iterable[Group], tasks: Collection[str]) -> tuple[Group, ...]:
    """Return the groups with those of their tasks that are among `tasks`; a group without any is left out."""
    kept = (replace(group, tasks=tuple(task for task in group.tasks if task in tasks)) for group in groups)
    return tuple(group for group in kept if group.tasks)


def suite_tables(experiment: Experiment) -> dict[str, ResultsTable]:
    """Return the suites' own tables that have configured tasks, by name."""
    tables = [table for suite in SUITES.values() for table in suite.tables]
    return {table.name: table for table in tables if groups_of(table, experiment)}


def main_variants(experiment: Experiment) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the baselines and the dub-augmented variants of the main tables, in the configuration's order.

    Untrained networks (Table D6) and runs of another length (Appendix C) have their own places.
    """
    trained = {
        name: variant
        for name, variant in experiment.variants.items()
        if not variant.untrained and variant.epochs is None
    }
    baselines = tuple(name for name, variant in trained.items() if not variant.dub_augmented)
    return baselines, tuple(name for name in trained if name not in baselines)


def d6_variants(experiment: Experiment) -> tuple[str, ...]:
    """Return the variants of Table D6: the untrained network, all that see video, and the separated one last."""
    order = sorted(
        (name for name, variant in experiment.variants.items() if variant.untrained or variant.video),
        key=lambda name: (not experiment.variants[name].untrained, experiment.variants[name].separated),
    )
    return tuple(name for name in order if experiment.variants[name].epochs is None)
