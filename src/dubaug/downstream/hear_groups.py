"""What recordings of a HEAR task have in common, from their files' names: hearpreprocess keeps no other trace of it."""

import re
from collections.abc import Sequence

BETWEEN = r"[-_]+(?:negative[-_]+)?"
"""What stands between the parts of a name; hearpreprocess writes a hyphen of the original as `negative`."""

PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("esc50", "source recording", rf"\b[1-5]{BETWEEN}(\d+){BETWEEN}[a-z]{BETWEEN}\d+"),
    ("tfds_crema_d", "speaker", r"(?<!\d)(1\d{3})[-_]"),
    ("speech_commands", "speaker", r"(?<![0-9a-f])([0-9a-f]{8})[-_]nohash"),
    ("emodb", "speaker", r"\b(\d\d)[ab]\d\d[a-z]{2}\b"),
)
"""How a task's folder begins, what its recordings share, and where their names say it. ESC-50: fold-source-take-class;
CREMA-D: speaker_sentence_emotion_level; Speech Commands: speaker_nohash_number; EmoDB: speaker, text, emotion, take."""


def groups_of(folder: str, files: Sequence[str]) -> tuple[str | None, list[str | None]]:
    """Return what groups the files of a task's folder, and each file's group: None for a name that does not say.

    Nothing groups them if the task is not in `PATTERNS`, or no name is as it says.
    """
    for task, grouped_by, pattern in PATTERNS:
        if folder.startswith(task):
            found = [re.search(pattern, file, flags=re.IGNORECASE) for file in files]
            if any(found):
                return grouped_by, [match and match.group(1).lower() for match in found]
    return None, [None] * len(files)
