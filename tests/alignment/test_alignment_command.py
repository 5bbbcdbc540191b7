"""Planted faults through the real commands, from the catalogue to the shards."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from planted import FAULTY, MOVES, SECONDS, write_films

from dubaug.alignment import command
from dubaug.alignment.judge import judge
from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.errors import MediaError
from dubaug.shards.index import ClipIndex
from dubaug.tracks import TrackName
from film_factory import write_catalogue

Make = Callable[..., Experiment]
STATUSES = {
    "aligned": "aligned",
    "late": "shifted",
    "early": "shifted",
    "pal": "drifting",
    "slow": "drifting",
    "cut": "cut",
    "doubled": "duplicate",
    "silent": "silent",
    "stranger": "dissimilar",
}


def bilingual(make: Make, **alignment: object) -> Experiment:
    others = dict.fromkeys(["fr", "ja", "efj", "a_efj"])
    return make(corpus={"secondary": ["es"]}, variants=others, alignment=alignment)


@dataclass(frozen=True)
class Walk:
    """A folder in which the commands were run."""

    folder: Path

    def rows(self, name: str) -> dict[str, dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return {row["title_id"]: row for row in csv.DictReader(file)}

    def run(self, command: str, **files: str | list[str]) -> int:
        words = [command] if command == "index" else [command, "--config", str(self.folder / "config.yaml")]
        for key, names in files.items():
            words.append(f"--{key.replace('_', '-')}")
            words += [str(self.folder / name) for name in ([names] if isinstance(names, str) else names)]
        return main(words)

    def align(self, out: str = "alignment.csv") -> int:
        return self.run("align", titles="titles.csv", out=out, rejected="rejected1.csv")


def corpus(folder: Path, catalogue: Path, experiment: Experiment) -> Walk:
    """Run `catalogue` and `select`."""
    folder.mkdir()
    save(experiment, folder / "config.yaml")
    walk = Walk(folder)
    assert walk.run("catalogue", catalogue=str(catalogue), out="found.csv", rejected="rejected0.csv") == 0
    assert walk.run("select", catalogue="found.csv", titles="titles.csv", subsets="subsets.csv") == 0
    return walk


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_films(tmp_path_factory.mktemp("films"))


@pytest.fixture(scope="module")
def corrected(films: Path, make_experiment: Make) -> Walk:
    """All commands, with the policy `correct`."""
    walk = corpus(films.parent / "correct", films, bilingual(make_experiment, policy="correct"))
    assert walk.align() == 0
    made = {"out_dir": "shards", "manifest": "batch0.json", "rejected": "rejected2.csv"}
    assert walk.run("shards", titles="titles.csv", alignment="alignment.csv", **made) == 0
    lists = [f"rejected{number}.csv" for number in range(3)]
    joined = {"titles": "titles.csv", "manifests": "batch0.json", "rejected": lists}
    assert walk.run("index", **joined, out="clips.json", rejected_out="rejected.csv") == 0
    return walk


def test_every_planted_fault_is_told_and_measured(corrected: Walk) -> None:
    rows = corrected.rows("alignment.csv")
    assert {name: row["status"] for name, row in rows.items()} == STATUSES
    for name, move in MOVES.items():
        offset_s, drift = float(rows[name]["offset_s"]), float(rows[name]["drift"])
        assert offset_s == pytest.approx(move.offset_s, abs=0.01)
        assert offset_s + (1 + drift) * SECONDS == pytest.approx(move.at(SECONDS), abs=0.01)
        assert rows[name]["verdict"] == ("keep" if name == "aligned" else "correct")
    assert float(rows["stranger"]["similarity"]) < 0.1 < 0.5 < float(rows["late"]["similarity"])


def test_what_cannot_be_mended_is_rejected_and_accounted_for(corrected: Walk) -> None:
    rejected = corrected.rows("rejected.csv")
    assert set(rejected) == set(FAULTY)
    for row in rejected.values():
        assert (row["stage"], row["clips"]) == ("alignment", "12")
        assert row["advice"]
    assert "only 50%" in rejected["cut"]["reason"]
    assert "the primary track once more" in rejected["doubled"]["reason"]
    index = ClipIndex.load(corrected.folder / "clips.json")
    assert {shard.title_id: shard.clips for shard in index.shards} == dict.fromkeys(MOVES, 12)
    assert not list((corrected.folder / "shards").glob("stranger*"))
    # Table B4 counts what the files hold: all nine have both languages.
    with (corrected.folder / "subsets.csv").open(encoding="utf-8") as file:
        assert [(row["languages"], row["titles"]) for row in csv.DictReader(file)] == [("en+es", "9")]


def test_a_corrected_dub_is_the_unshifted_one(corrected: Walk) -> None:
    """Log-mels, in nats. Left as they were, the dubs would differ by 1 in the median (measured)."""
    index = ClipIndex.load(corrected.folder / "clips.json")
    reference = index.open("aligned")
    for name in ("late", "early", "pal", "slow"):
        reader = index.open(name)
        # Of the early dub the beginning is lost, and so is a little of the slow one's.
        rows = range(1 if MOVES[name].offset_s < 0 else 0, 12)
        away = np.stack(
            [np.abs(reader.mel(row, "es").astype(float) - reference.mel(row, "es").astype(float)) for row in rows]
        )
        if MOVES[name].rate == 1.0:
            assert away.max() < 0.02
        else:
            assert np.median(away) < 0.002
            assert np.quantile(away[..., :40], 0.99) < 0.02, "below 15 kHz; above, the film was resampled to plant this"


def test_a_short_dub_of_another_speed_gets_through_only_where_it_can_be_corrected(
    corrected: Walk, films: Path, make_experiment: Make
) -> None:
    assert corrected.rows("titles.csv")["pal"]["clips"] == "12"
    kept = corpus(films.parent / "kept", films, bilingual(make_experiment, policy="keep"))
    assert kept.rows("titles.csv")["pal"]["clips"] == "11"


@pytest.mark.parametrize("policy", ["keep", "reject"])
def test_other_policies_judge_the_same_measurements(
    corrected: Walk, tmp_path: Path, make_experiment: Make, capsys: pytest.CaptureFixture[str], policy: str
) -> None:
    walk = Walk(tmp_path / policy)
    shutil.copytree(corrected.folder, walk.folder, ignore=shutil.ignore_patterns("shards"))
    save(bilingual(make_experiment, policy=policy), walk.folder / "config.yaml")
    text = (corrected.folder / "titles.csv").read_text(encoding="utf-8")
    (walk.folder / "titles.csv").write_text(text.replace("../", f"{corrected.folder.parent}/"), encoding="utf-8")
    assert walk.align() == 0
    assert "9 of 9 titles are measured already" in capsys.readouterr().err
    verdicts = {name: row["verdict"] for name, row in walk.rows("alignment.csv").items()}
    if policy == "keep":
        assert set(verdicts.values()) == {"keep"}
        assert walk.rows("rejected1.csv") == {}
    else:
        assert verdicts == {name: "keep" if name == "aligned" else "reject" for name in STATUSES}
        rejected = walk.rows("rejected1.csv")
        assert "0.700 s late" in rejected["late"]["reason"]
        assert "4.000 % too fast" in rejected["pal"]["reason"]
        assert "alignment.policy: correct" in rejected["pal"]["advice"]


def test_only_changed_films_are_measured_again(
    corrected: Walk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    for name in ("aligned.mkv", "late.mkv"):
        shutil.copy(corrected.folder.parent / name, folder)
    catalogue = write_catalogue(folder / "films.csv", ["aligned,aligned.mkv", "late,late.mkv"])
    walk = Walk(folder)
    shutil.copy(corrected.folder / "config.yaml", folder)
    assert walk.run("catalogue", catalogue=str(catalogue), out="titles.csv", rejected="rejected0.csv") == 0
    assert walk.align() == 0
    before = walk.rows("alignment.csv")
    shutil.copy(folder / "late.mkv", folder / "aligned.mkv")
    capsys.readouterr()
    assert walk.align() == 0
    assert "1 of 2 titles are measured already" in capsys.readouterr().err
    after = walk.rows("alignment.csv")
    assert after["late"] == before["late"]
    assert {**after["aligned"], "title_id": "late"} == after["late"]


def test_a_film_that_cannot_be_read_costs_only_itself(corrected: Walk, tmp_path: Path) -> None:
    walk = Walk(tmp_path / "gone")
    walk.folder.mkdir()
    shutil.copy(corrected.folder / "config.yaml", walk.folder)
    lines = (corrected.folder / "titles.csv").read_text(encoding="utf-8").splitlines()
    kept = [lines[0], *(line for line in lines if line.startswith(("aligned,", "late,")))]
    text = "\n".join(kept).replace("../", f"{corrected.folder.parent}/").replace("late.mkv", "films.csv") + "\n"
    (walk.folder / "titles.csv").write_text(text, encoding="utf-8")
    assert walk.align() == 0
    rows = walk.rows("alignment.csv")
    assert (rows["aligned"]["verdict"], rows["late"]["verdict"]) == ("keep", "reject")
    assert rows["late"]["status"] == "unreadable"
    assert "could not be compared" in walk.rows("rejected1.csv")["late"]["reason"]


def test_an_unexpected_failure_is_a_reject_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, make_experiment: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of the program")

    monkeypatch.setattr("dubaug.alignment.measure.measure", fail)
    tracks = (Track(name=TrackName("en"), stream=0), Track(name=TrackName("es"), stream=1))
    title = Title(title_id="film", path=Path("film.mkv"), minutes=1.0, clips=20, tracks=tracks)
    experiment = bilingual(make_experiment, policy="correct")
    result = command.measure_title(title, experiment=experiment)
    assert isinstance(result, MediaError)
    assert "Traceback" in capsys.readouterr().err
    (finding,), (reject,) = judge(title, result, experiment)
    assert (finding.status, finding.verdict, reject.clips) == ("unreadable", "reject", 20)
    assert "unexpected ZeroDivisionError" in reject.reason
    assert judge(title, result, bilingual(make_experiment, policy="keep"))[1] == []


def test_batches_make_one_table_and_a_figure(corrected: Walk, tmp_path: Path) -> None:
    parts = []
    for batch in range(2):
        out = tmp_path / f"batch{batch}.csv"
        shutil.copytree(corrected.folder / ".made", tmp_path / ".made", dirs_exist_ok=True)
        flags = ["--batch", str(batch), "--batches", "2", "--out", str(out), "--rejected", str(tmp_path / "no.csv")]
        files = ["--config", str(corrected.folder / "config.yaml"), "--titles", str(corrected.folder / "titles.csv")]
        assert main(["align", *files, *flags]) == 0
        parts.append(str(out))
    joined, figure = tmp_path / "alignment.csv", tmp_path / "alignment.png"
    assert main(["alignment", "--parts", *parts, "--out", str(joined)]) == 0
    assert joined.read_bytes() == (corrected.folder / "alignment.csv").read_bytes()
    config = ["--config", str(corrected.folder / "config.yaml")]
    assert main(["alignment", *config, "--parts", str(joined), "--figure", str(figure)]) == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert main(["alignment", "--parts", str(joined), "--figure", str(figure)]) == 1
