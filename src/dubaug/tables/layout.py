"""Which tasks stand in which table, in the paper's order and groups, and what the paper calls things."""

from collections.abc import Iterable
from dataclasses import dataclass

from dubaug.config import SUITES, Experiment


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows under one heading; `note` is the heading's meaning, for the caption."""

    label: str
    note: str
    tasks: tuple[str, ...]


TABLE_1 = (
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
)
TABLE_2 = (
    Group(
        label="SemSp",
        note="Semantic Speech",
        tasks=("fluent_speech_commands", "speech_commands_5h", "speech_commands_full"),
    ),
    Group(label="Lang", note="Language Identification", tasks=("voxforge", "voxlingua10")),
    Group(label="Act", note="Action Recognition", tasks=("hmdb51", "ucf101")),
)
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
METRIC_NAMES = {
    "top1_acc": "Accuracy",
    "pitch_acc": "Pitch accuracy",
    "chroma_acc": "Chroma accuracy",
    "mAP": "mAP",
    "d_prime": "d′",
    "aucroc": "AUC",
}


def groups_of(table: tuple[Group, ...], experiment: Experiment, *, with_others: bool = False) -> tuple[Group, ...]:
    """Return the table's groups with the tasks that are configured; `with_others` adds those of no table, last."""
    configured = [task for suite in SUITES for task in experiment.suites[suite]]
    groups = [_only(group, configured) for group in table]
    if with_others:
        placed = {task for group in (*TABLE_1, *TABLE_2) for task in group.tasks} | set(PART_OF_ANOTHER)
        others = tuple(task for task in configured if task not in placed)
        groups.append(Group(label="Other", note="tasks added by configuration", tasks=others))
    return tuple(group for group in groups if group.tasks)


def _only(group: Group, configured: Iterable[str]) -> Group:
    known = set(configured)
    return Group(label=group.label, note=group.note, tasks=tuple(task for task in group.tasks if task in known))


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
