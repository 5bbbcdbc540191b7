"""The commands, as the workflow calls them."""

import csv
from pathlib import Path

import pytest

from dubaug.cli import main
from dubaug.config import Experiment, save
from film_factory import make_film, tone, write_catalogue

TRACKS = {"eng": "en", "spa": "es", "fra": "fr", "jpn": "ja"}


@pytest.fixture
def config(tmp_path: Path, demo_experiment: Experiment) -> Path:
    save(demo_experiment, tmp_path / "config.yaml")
    return tmp_path / "config.yaml"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run_catalogue(config: Path, catalogue: Path) -> tuple[int, Path, Path]:
    out, rejected = config.parent / "corpus/catalogue.csv", config.parent / "corpus/rejected.csv"
    arguments = ["catalogue", "--config", str(config), "--catalogue", str(catalogue), "--out", str(out)]
    return main([*arguments, "--rejected", str(rejected), "--jobs", "2"]), out, rejected


def run_select(config: Path, found: Path) -> tuple[int, Path, Path]:
    titles, subsets = config.parent / "corpus/titles.csv", config.parent / "corpus/subsets.csv"
    arguments = ["select", "--config", str(config), "--catalogue", str(found)]
    return main([*arguments, "--titles", str(titles), "--subsets", str(subsets)]), titles, subsets


def test_bad_films_do_not_stop_the_run(tmp_path: Path, config: Path) -> None:
    sound = tone(3.2)
    make_film(tmp_path / "films/all.mkv", seconds=3.2, tracks=dict.fromkeys(TRACKS, sound))
    make_film(tmp_path / "films/two.mkv", seconds=3.2, tracks={"eng": sound, "fra": sound})
    (tmp_path / "films/bad.mkv").write_bytes(b"rubbish" * 99)
    catalogue = write_catalogue(tmp_path / "c.csv", ["all,films/all.mkv", "bad,films/bad.mkv", "two,films/two.mkv"])
    code, out, rejected = run_catalogue(config, catalogue)
    assert code == 0
    assert [row["title_id"] for row in rows_of(out)] == ["all", "two"]
    assert [row["languages"] for row in rows_of(out)] == ["en+es+fr+ja", "en+fr"]
    (reject,) = rows_of(rejected)
    assert list(reject) == ["title_id", "stage", "reason", "advice", "clips"]
    assert reject["title_id"] == "bad"
    code, titles, subsets = run_select(config, out)
    assert code == 0
    assert [row["title_id"] for row in rows_of(titles)] == ["all"]
    counted = {row["languages"]: int(row["titles"]) for row in rows_of(subsets)}
    assert counted == {
        "en+es": 1,
        "en+fr": 2,
        "en+ja": 1,
        "en+es+fr": 1,
        "en+es+ja": 1,
        "en+fr+ja": 1,
        "en+es+fr+ja": 1,
    }


def test_nothing_left_is_an_error_with_the_first_reason(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, rejected = run_catalogue(config, write_catalogue(tmp_path / "c.csv", ["a,none.mkv"]))
    assert code == 1
    said = capsys.readouterr().err
    reject = f"a: there is no file {tmp_path / 'none.mkv'}: correct the path in the catalogue"
    assert f"rejected {reject}\n" in said
    assert "none of the 1 films" in said
    assert f"The first, {reject}. All are listed in {rejected}\n" in said
    assert not out.exists()
    assert rejected.exists()


def test_no_process_at_all_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    files = [f"--{name}=x" for name in ("config", "catalogue", "out", "rejected")]
    with pytest.raises(SystemExit):
        main(["catalogue", *files, "--jobs", "0"])
    assert "expected a number of processes, 1 or more, got 0" in capsys.readouterr().err


def test_the_real_films(real_data: Path, config: Path) -> None:
    code, out, rejected = run_catalogue(config, real_data / "catalogue.csv")
    assert code == 0
    found = {row["title_id"]: row for row in rows_of(out)}
    assert len(found) == 8
    assert found["fish_intro"]["languages"] == "en+es"
    assert found["pedestrians"]["languages"] == "en+fr+ja"
    assert float(found["planet_blupi"]["minutes"]) == pytest.approx(1.5, abs=0.01)
    (reject,) = rows_of(rejected)
    assert reject["title_id"] == "damaged"
    assert "of the 30.0 s its header promises" in reject["reason"]
    code, titles, subsets = run_select(config, out)
    assert code == 0
    assert len(rows_of(titles)) == 5
    counts = {row["languages"]: int(row["titles"]) for row in rows_of(subsets)}
    # by hand from the films' tags: fish_intro lacks fr ja, pedestrians es, work_together_2 ja
    assert counts == {"en+es": 7, "en+fr": 7, "en+ja": 6, "en+es+fr": 6, "en+fr+ja": 6, "en+es+ja": 5, "en+es+fr+ja": 5}
