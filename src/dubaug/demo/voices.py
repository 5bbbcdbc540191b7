"""The demo's speech: sentences, words and commands by several voices in several languages.

The audio lies in `bank/` as one Ogg/Opus file a voice and language, `index.csv` says where each utterance stands in
it; `tools/speech_bank` made both. Nothing here speaks: the bank is read, and each file is decoded when first asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import soundfile

from dubaug.errors import DubaugError
from dubaug.tabular import read_rows

Kind = Literal["dialogue", "keyword", "command", "langid"]
Split = Literal["films", "tasks"]

_FILES_KEPT_DECODED = 24


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One recording. `sentence` is the same for the same line in every language, by every voice."""

    id: str
    language: str
    """ISO 639-1."""
    voice: str
    """A speaker: one timbre, whatever languages it speaks. It belongs to the films or to the tasks, never to both."""
    split: Split
    kind: Kind
    sentence: str
    """Which line: `d01` ... (dialogue), the word (keyword), `c01` ... (command), `l1` ... (langid)."""
    text: str
    labels: Mapping[str, str] = field(hash=False)
    """command: `action`, `object`, `location`; keyword: `target`, `yes` for the ten words to be told apart."""
    sample_rate_hz: int
    file: str
    offset: int
    """First sample of the utterance in `file`."""
    samples: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples / self.sample_rate_hz


class Bank:
    """Index of all utterances, and their audio on demand."""

    def __init__(self, folder: Path) -> None:
        """Read `voices.csv` and `index.csv` from `folder`. DubaugError if the bank is not there or not sound."""
        self._folder = folder
        self._splits = {row["voice"]: row["split"] for row in _rows(folder, "voices.csv")}
        self.utterances = tuple(self._utterance(row) for row in _rows(folder, "index.csv"))
        self._by_id = {utterance.id: utterance for utterance in self.utterances}
        rates = {utterance.sample_rate_hz for utterance in self.utterances}
        if len(rates) != 1 or len(self._by_id) != len(self.utterances):
            raise DubaugError(f"{folder}/index.csv must hold distinct ids of one sample rate; rates found: {rates}")
        self.sample_rate_hz: int = rates.pop()
        self._decode = lru_cache(maxsize=_FILES_KEPT_DECODED)(self._decode_file)

    def _utterance(self, row: Mapping[str, str]) -> Utterance:
        return Utterance(
            **{column: row[column] for column in ("id", "language", "voice", "sentence", "text", "file")},
            split=_one_of(self._splits.get(row["voice"], ""), get_args(Split), f"split of {row['voice']}"),
            kind=_one_of(row["kind"], get_args(Kind), "kind"),
            labels=dict(part.split("=", 1) for part in row["labels"].split("|") if part),
            sample_rate_hz=int(row["sample_rate_hz"]),
            offset=int(row["offset"]),
            samples=int(row["samples"]),
        )

    def utterance(self, utterance_id: str) -> Utterance:
        """Return what is known of an utterance. DubaugError if there is none of that name."""
        if utterance_id not in self._by_id:
            raise DubaugError(
                f"the speech bank has no utterance {utterance_id!r}; see Bank.utterances for those it has"
            )
        return self._by_id[utterance_id]

    def audio(self, utterance_id: str) -> npt.NDArray[np.float32]:
        """Return the utterance, float32 mono (samples,) at `sample_rate_hz`, all at one loudness, without silence at
        its ends. The caller may write to it. DubaugError if there is no such utterance.
        """
        utterance = self.utterance(utterance_id)
        return self._decode(utterance.file)[utterance.offset : utterance.offset + utterance.samples].copy()

    def select(self, **properties: str) -> tuple[Utterance, ...]:
        """Return the utterances that have all these (`kind="keyword"`), in the index's order: by voice, by sentence."""
        return tuple(
            utterance
            for utterance in self.utterances
            if all(getattr(utterance, name) == value for name, value in properties.items())
        )

    def voices(self, language: str, split: Split, kind: Kind = "dialogue") -> tuple[str, ...]:
        """Return the ids of the voices that say something of that kind in `language` in `split`, in casting order: in
        dialogue the n-th voices of all languages are of one sex, so they can be one character's dubs.
        """
        speaking = {utterance.voice for utterance in self.select(language=language, split=split, kind=kind)}
        return tuple(voice for voice in self._splits if voice in speaking)

    def sentences(self, split: Split, kind: Kind = "dialogue") -> tuple[str, ...]:
        """Return the ids of the lines said in `split`, in order."""
        return tuple(dict.fromkeys(utterance.sentence for utterance in self.select(split=split, kind=kind)))

    def _decode_file(self, name: str) -> npt.NDArray[np.float32]:
        audio, sample_rate_hz = soundfile.read(self._folder / name, dtype="float32")
        if sample_rate_hz != self.sample_rate_hz:
            raise DubaugError(f"{self._folder / name} is at {sample_rate_hz} Hz, the index says {self.sample_rate_hz}")
        return np.asarray(audio, np.float32)


@cache
def load_bank() -> Bank:
    """Return the bank that comes with the package (read once a process)."""
    return Bank(Path(__file__).parent / "bank")


def _rows(folder: Path, name: str) -> list[dict[str, str]]:
    if not (folder / name).is_file():
        raise DubaugError(f"no {name} in {folder}: the demo's speech bank is part of the package; reinstall it")
    return read_rows(folder / name)


def _one_of(value: str, choices: tuple[str, ...], column: str) -> Any:
    if value not in choices:
        raise DubaugError(f"speech bank: {column} is {value!r}; it must be one of {', '.join(choices)}")
    return value
