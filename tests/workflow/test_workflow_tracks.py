"""Several tracks of one language side by side, from films to batches: the commands in the order of the workflow."""

import csv
from pathlib import Path

import numpy as np
import pytest
from av.stream import Disposition

from dubaug.cli import main
from dubaug.config import Experiment, save
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource
from dubaug.shards.format import ShardReader
from film_factory import make_film, write_catalogue

TAGS = ("eng", "spa", "es_419", "es-ES", "yue", "spa")
ROLES = (*(Disposition(0),) * 5, Disposition.comment)
SECONDARY = ["spa", "es@synthetic", "es-419", "es-ES", "yue"]


def noise(number: int, seconds: float = 3.2) -> np.ndarray:
    return np.random.default_rng(number).normal(0, 0.05, (2, round(48000 * seconds))).astype(np.float32)


def film(path: Path, tags: tuple[str, ...], roles: tuple[Disposition, ...] = (), first: int = 0) -> Path:
    tracks = [(tag, noise(first + number)) for number, tag in enumerate(tags)]
    return make_film(path, seconds=3.2, tracks=tracks, dispositions=roles, layout="stereo", codec="flac")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def experiment(make_experiment: "object") -> Experiment:
    others = dict.fromkeys(("es", "fr", "ja", "efj", "a_efj"))
    added = {"human": {"secondary": ["spa"]}, "machine": {"label": "+ES machine", "secondary": ["spa@Synthetic"]}}
    made = make_experiment(  # type: ignore[operator]
        corpus={"secondary": SECONDARY}, variants={**others, **added}, alignment={"policy": "keep"}
    )
    assert isinstance(made, Experiment)
    return made


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, experiment: Experiment) -> Path:
    """Return the folder of a corpus of three films: one with all tracks, one with less, one with a commentary only."""
    folder = tmp_path_factory.mktemp("tracks")
    film(folder / "films/all.mkv", TAGS, ROLES)
    film(folder / "films/few.mkv", ("en-GB", "es-MX", "cmn"))
    film(folder / "films/told.mkv", ("eng", "spa", "fre"), (Disposition(0), Disposition.comment))
    make_film(folder / "dubs/all.flac", picture=False, tracks=[("", noise(9))], layout="stereo", codec="flac")
    rows = ["all,films/all.mkv,es@synthetic:dubs/all.flac", "few,films/few.mkv,", "told,films/told.mkv,"]
    catalogue = write_catalogue(folder / "catalogue.csv", rows, "title_id,path,tracks")
    save(experiment, folder / "config.yaml")
    config, out = ["--config", str(folder / "config.yaml")], folder / "corpus"
    commands = [
        f"catalogue --catalogue {catalogue} --out {out}/catalogue.csv --rejected {out}/rejected.csv",
        f"select --catalogue {out}/catalogue.csv --titles {out}/titles.csv --subsets {out}/subsets.csv",
        f"align --titles {out}/titles.csv --out {out}/alignment.csv --rejected {out}/r_alignment.csv",
        f"shards --titles {out}/titles.csv --alignment {out}/alignment.csv --out-dir {folder}/shards "
        f"--manifest {folder}/shards/batch.json --rejected {out}/r_shards.csv",
    ]
    for command in commands:
        name, *arguments = command.split()
        assert main([name, *config, *arguments]) == 0, command
    index = f"index --manifests {folder}/shards/batch.json --titles {out}/titles.csv --out {out}/clips.json"
    assert main(index.split()) == 0
    return folder


def test_configuration_knows_one_spelling(experiment: Experiment) -> None:
    assert experiment.corpus.tracks == ("en", "es", "es@synthetic", "es-419", "es-ES", "yue")
    assert experiment.variants["machine"].secondary == ("es@synthetic",)
    assert experiment.variants["machine"].dub_augmented


def test_the_catalogue_names_tracks_and_counts_languages(corpus: Path) -> None:
    found = {row["title_id"]: row for row in rows_of(corpus / "corpus/catalogue.csv")}
    assert {title: row["tracks"] for title, row in found.items()} == {
        "all": "en:0|es:1|es-419:2|es-ES:3|es@commentary:5|es@synthetic:../dubs/all.flac#0|yue:4",
        "few": "en-GB:0|es-MX:1|zh:2",
        "told": "en:0|es@commentary:1|fr:2",
    }
    assert {title: row["languages"] for title, row in found.items()} == {
        **{"all": "en+es+yue", "few": "en+es+zh"},
        "told": "en+fr",
    }


def test_table_b4_counts_tracks(corpus: Path) -> None:
    counts = {row["languages"]: int(row["titles"]) for row in rows_of(corpus / "corpus/subsets.csv")}
    assert len(counts) == 2**5 - 1
    singles = {names: count for names, count in counts.items() if names.count("+") == 1}
    assert singles == {"en+es": 2, "en+es@synthetic": 1, "en+es-419": 1, "en+es-ES": 1, "en+yue": 1}
    assert [row["title_id"] for row in rows_of(corpus / "corpus/titles.csv")] == ["all"]


def test_each_dub_is_compared(corpus: Path) -> None:
    compared = [(row["title_id"], row["language"]) for row in rows_of(corpus / "corpus/alignment.csv")]
    assert compared == [("all", name) for name in ("es", "es-419", "es-ES", "es@synthetic", "yue")]


def test_shards_have_a_column_a_track_with_its_own_sound(corpus: Path) -> None:
    reader = ShardReader(corpus / "shards/all.arrow")
    assert reader.tracks == ("en", "es", "es@synthetic", "es-419", "es-ES", "yue")
    mels = [reader.mel(0, track).astype(np.float32) for track in reader.tracks]
    for number, mel in enumerate(mels):
        assert all(np.abs(mel - other).mean() > 0.2 for other in mels[number + 1 :]), reader.tracks[number]


def test_a_variant_hears_the_synthetic_dub(corpus: Path, experiment: Experiment) -> None:
    for variant, track in (("machine", "es@synthetic"), ("human", "es")):
        source = ClipSource(experiment, variant, 0, corpus / "corpus/clips.json", None)
        source.check()
        mels = source.read([Clip("all", 0)], epoch=0, step=0).mels
        assert np.array_equal(mels["secondary"][0].numpy(), source.sound.open("all").mel(0, track))


def test_asked_for_a_language_alone_the_nearest_track_answers_and_bears_its_name(
    corpus: Path, tmp_path: Path, make_experiment: "object"
) -> None:
    others = dict.fromkeys(("es", "fr", "ja", "efj", "a_efj"))
    plain = make_experiment(corpus={"secondary": ["es"]}, variants=others)  # type: ignore[operator]
    save(plain, tmp_path / "config.yaml")
    titles, subsets = tmp_path / "titles.csv", tmp_path / "subsets.csv"
    arguments = ["--config", str(tmp_path / "config.yaml"), "--catalogue", str(corpus / "corpus/catalogue.csv")]
    assert main(["select", *arguments, "--titles", str(titles), "--subsets", str(subsets)]) == 0
    chosen = {row["title_id"]: row["tracks"].split("|")[:2] for row in rows_of(titles)}
    assert chosen == {"all": ["en:0", "es:1"], "few": ["en:0", "es:1"]}
