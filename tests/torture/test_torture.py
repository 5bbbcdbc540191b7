"""The torture set through the real commands, in one run."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torture_set import CLIP_S, LONGEST_S, NUMBERS, RATE_HZ, Case, all_films, good_films, read_number, sound

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.media.mel import log_mel
from dubaug.shards.format import ShardReader
from dubaug.shards.index import ClipIndex

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/films.md"
BEGIN, END = "<!-- the torture set: begin -->\n", "<!-- the torture set: end -->\n"
BINS = slice(3, 26)
"""Mel bins between 200 Hz and 4 kHz, which every sample rate has."""


@dataclass(frozen=True)
class Run:
    """What the commands made of some films."""

    experiment: Experiment
    index: ClipIndex
    rejects: list[dict[str, str]]
    selected: dict[str, int]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ingest(folder: Path, cases: Sequence[Case], experiment: Experiment) -> Run:
    """Make the films and run `catalogue`, `select`, `shards` and `index` over them."""
    save(experiment, folder / "config.yaml")
    with (folder / "films.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title_id", "path", "tracks"])
        for case in cases:
            path = folder / f"{case.name}{Path(case.file).suffix}" if case.file[0] == "a" else folder / case.file
            case.make(path)
            writer.writerow([case.name, path.name, case.tracks])

    def run(command: str, **files: str) -> None:
        words = [command, *(["--config", "config.yaml"] if command != "index" else [])]
        for key, name in files.items():
            words += [f"--{key.replace('_', '-')}", name]
        paths = [str(folder / word) if "." in word or word == "shards/" else word for word in words]
        assert main(paths) == 0

    run("catalogue", catalogue="films.csv", out="found.csv", rejected="rejected0.csv")
    run("select", catalogue="found.csv", titles="titles.csv", subsets="subsets.csv")
    run("shards", titles="titles.csv", out_dir="shards/", manifest="batch0.json", rejected="rejected1.csv")
    rejected = [str(folder / f"rejected{number}.csv") for number in range(2)]
    arguments = ["index", "--manifests", str(folder / "batch0.json"), "--out", str(folder / "clips.json")]
    assert main([*arguments, "--rejected", *rejected, "--rejected-out", str(folder / "rejected.csv")]) == 0
    return Run(
        experiment=experiment,
        index=ClipIndex.load(folder / "clips.json"),
        rejects=rows_of(folder / "rejected.csv"),
        selected={row["title_id"]: int(row["clips"]) for row in rows_of(folder / "titles.csv")},
    )


@pytest.fixture(scope="session")
def bilingual(make_experiment: Callable[..., Experiment]) -> Experiment:
    others = dict.fromkeys(["fr", "ja", "efj", "a_efj"])
    return make_experiment(corpus={"secondary": ["es"]}, variants=others)


def likeness(stored_CTF: np.ndarray, signal_S: np.ndarray, experiment: Experiment) -> float:
    """Return the correlation of a stored log-mel with that of the source."""
    source_CS = torch.from_numpy(np.stack([signal_S, signal_S]))
    expected_CTF = log_mel(source_CS, sample_rate_hz=RATE_HZ, mel=experiment.mel).numpy()
    return float(np.corrcoef(stored_CTF[..., BINS].astype(np.float32).ravel(), expected_CTF[..., BINS].ravel())[0, 1])


def check_clip(case: Case, reader: ShardReader, row: int, experiment: Experiment) -> None:
    index = reader.index(row)
    assert index == (case.rows[row] if case.rows else row)
    frames_THWC = reader.frames(row)
    assert case.size is None or frames_THWC.shape[1:3] == case.size[::-1], frames_THWC.shape
    if case.frame_at is not None:
        n_frames = len(frames_THWC)
        times_s = [CLIP_S * (index + (number + 0.5) / n_frames) for number in range(n_frames)]
        seen = [read_number(picture) for picture in frames_THWC]
        wanted = [int(case.frame_at(time_s)) % NUMBERS for time_s in times_s]
        wrong = [(one - other + NUMBERS // 2) % NUMBERS - NUMBERS // 2 for one, other in zip(seen, wanted, strict=True)]
        assert max(map(abs, wrong)) <= case.frame_tolerance, f"frames {seen}, expected {wanted}"
    if case.sound_late_s is not None:
        for language, tag in (("en", "eng"), ("es", "spa")):
            whole_S = sound(tag, LONGEST_S)
            silence_S = np.zeros(max(0, round(case.sound_late_s * RATE_HZ)), dtype=np.float32)
            late_S = np.concatenate([silence_S, whole_S[max(0, -round(case.sound_late_s * RATE_HZ)) :]])
            begin = round(index * CLIP_S * RATE_HZ)
            wanted_S = late_S[begin : begin + round(CLIP_S * RATE_HZ)]
            alike = likeness(reader.mel(row, language), wanted_S, experiment)
            assert alike > 0.9, f"the {language} sound is like the source's only by {alike:.3f}"


def check(case: Case, run: Run) -> None:
    """Compare what became of a film with what should have."""
    rejects = [row for row in run.rejects if row["title_id"] == case.name]
    assert len(rejects) == len(case.losses), rejects
    for row, loss in zip(rejects, case.losses, strict=True):
        assert loss.reason in row["reason"], row
        assert row["stage"] == loss.stage
        assert row["clips"] == ("" if loss.clips is None else str(loss.clips)), row
        assert row["advice"]
    entries = [entry for entry in run.index.shards if entry.title_id == case.name]
    assert sum(entry.clips for entry in entries) == case.clips, rejects
    promised = case.clips + sum(loss.clips or 0 for loss in case.losses)
    assert run.selected.get(case.name, 0) == promised
    for entry in entries:
        for row in range(entry.clips):
            check_clip(case, run.index.open(case.name), row, run.experiment)


def check_all(cases: Sequence[Case], run: Run) -> None:
    faults = {}
    for case in cases:
        try:
            check(case, run)
        except AssertionError as error:
            faults[case.name] = str(error)
    assert not faults, "\n".join(f"{name}: {fault}" for name, fault in faults.items())


@pytest.mark.slow
def test_the_whole_set_in_one_run(tmp_path: Path, bilingual: Experiment) -> None:
    cases = all_films()
    run = ingest(tmp_path, cases, bilingual)
    check_all(cases, run)
    assert {entry.title_id for entry in run.index.shards} | {row["title_id"] for row in run.rejects} == {
        case.name for case in cases
    }


FAST = (
    "mkv_b_frames",
    "rotated_90",
    "cropped",
    "hdr10",
    "edit_list",
    "picture_late",
    "commentary_first",
    "text",
    "cut_short",
    "picture_damaged",
    "picture_ends_early",
    "stretched",
    "stretched_with_a_hole",
)


def test_some_of_it(tmp_path: Path, bilingual: Experiment) -> None:
    cases = [case for case in all_films() if case.name in FAST]
    assert len(cases) == len(FAST)
    check_all(cases, ingest(tmp_path, cases, bilingual))


def rotated(run: Run, name: str) -> tuple[bool, bool]:
    """Return whether the white corner is at the bottom, and whether at the right."""
    picture_HW = run.index.open(name).frames(0)[3].mean(axis=-1)
    row, column = np.unravel_index(np.argmax(picture_HW), picture_HW.shape)
    return bool(row > picture_HW.shape[0] / 2), bool(column > picture_HW.shape[1] / 2)


def test_pictures_are_upright_and_one_field_is_taken(tmp_path: Path, bilingual: Experiment) -> None:
    names = ("rotated_90", "rotated_180", "mirrored", "interlaced")
    run = ingest(tmp_path, [case for case in good_films() if case.name in names], bilingual)
    assert rotated(run, "rotated_90") == (False, True)
    assert rotated(run, "rotated_180") == (True, True)
    assert rotated(run, "mirrored") == (False, True)
    picture_HW = run.index.open("interlaced").frames(0)[3].astype(float).mean(axis=-1)
    comb = np.abs(picture_HW[10:45] - (picture_HW[9:44] + picture_HW[11:46]) / 2).max()
    assert picture_HW.max() > 150
    assert comb < 12


def table(cases: Sequence[Case]) -> str:
    """Return the set as Markdown."""
    lines = ["| name | what it is | what happens |", "|---|---|---|"]
    lines += [f"| `{case.name}` | {case.about} | {case.outcome} |" for case in cases]
    return "\n".join(lines) + "\n"


def test_names_are_unique_and_there_are_enough() -> None:
    names = [case.name for case in all_films()]
    assert len(set(names)) == len(names) >= 40


def test_the_document_has_the_set_as_it_is() -> None:
    """If this fails: `python tests/torture/test_torture.py` from the repository's folder writes the table anew."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)] == table(all_films())


def write_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    DOCUMENT.write_text(text[:begin] + table(all_films()) + text[end:], encoding="utf-8")


if __name__ == "__main__":
    write_document()
