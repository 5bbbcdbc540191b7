"""`dubaug card`: a variant's model card and data card."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubaug.cli import main
from dubaug.config import Experiment
from dubaug.corpus.subsets import Subset
from dubaug.corpus.titles import read_titles
from dubaug.errors import EXIT_ERROR, EXIT_OK, DubaugError
from dubaug.export.corpus import Dubs, Loss, summarise_films
from dubaug.export.data_card import ASKED, DataFacts, data_card
from dubaug.export.network import Network, read_network, read_networks
from dubaug.export.variant import VariantSources, write_cards
from dubaug.files import read_json
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.run import Run
from dubaug.pretrain.train import pretrain, save_untrained
from dubaug.probe.aggregate import aggregate
from dubaug.probe.experiment import task_digest
from dubaug.probe.results import parse, write_result
from dubaug.tracks import TrackName
from tiny_corpus import TITLES


@pytest.fixture(scope="module")
def second_seed(results: Path, tiny: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of `efj` trained with seed 1."""
    home = tmp_path_factory.mktemp("efj_seed1")
    job = Run(experiment=tiny, variant="efj", seed=1, work_dir=home / "pretrain", out=home / "pretraining.json")
    pretrain(job, clips=results / "clips.json", separated=None)
    return home / "pretraining.json"


@pytest.fixture
def both(
    results: Path, second_seed: Path, tiny: Experiment, write_scores: Callable[..., Path], tmp_path: Path
) -> VariantSources:
    """The sources of `efj` with two seeds: esc50 0.625 with seed 0, 0.25 with seed 1."""
    other = read_json(write_scores(tasks={"esc50": [0.25, 0.25], "fsd50k": [0.75]}))
    for task, entry in other["tasks"].items():
        entry["experiment"] = task_digest(tiny, "efj", 1, task)
    other |= {"seed": 1, "checkpoint_sha256": Manifest.load(second_seed).final.sha256}
    joined = tmp_path / "hear.json"
    write_result(joined, aggregate({"a": parse(read_json(write_scores())), "b": parse(other)}))
    return VariantSources(
        manifests=[second_seed, results / "efj/pretraining.json"],
        scores=[joined],
        titles=results / "titles.csv",
        rejected=[results / "rejected.csv"],
    )


def plain(text: str) -> str:
    return " ".join(text.split())


def test_a_variant_with_several_seeds_is_one_card(both: VariantSources, tmp_path: Path) -> None:
    model, data = write_cards(both, tmp_path / "card")
    assert (model.name, data.name) == ("MODEL_CARD.md", "DATA_CARD.md")
    card = model.read_text(encoding="utf-8")
    assert "# efj: audio and video encoders, 2 epochs, seeds 0, 1\n" in card
    assert "Means over the networks of seeds 0, 1 (epoch 2)" in plain(card)
    assert "| Metric | Score | Folds | Train | Test | ± over seeds |" in card
    assert "| esc50 | hear | Accuracy | 0.438 ± 0.088 | 2 | 1,600 | 400 | 0.265 |" in card
    assert "| `seed` | 0, 1 |" in card
    for manifest in both.manifests:
        assert f"`{Manifest.load(manifest).final.sha256}`" in card
    assert "[DATA_CARD.md](DATA_CARD.md)" in card


def test_one_seed_is_a_card_without_means_over_seeds(
    results: Path, write_scores: Callable[..., Path], tmp_path: Path
) -> None:
    sources = VariantSources(manifests=[results / "efj/pretraining.json"], scores=[write_scores()])
    model, _ = write_cards(sources, tmp_path / "card")
    card = model.read_text(encoding="utf-8")
    assert "2 epochs, seed 0\n" in card
    assert "| esc50 | hear | Accuracy | 0.625 ± 0.177 | 2 | 1,600 | 400 |" in card
    assert "over seeds" not in card


def test_results_that_do_not_join_these_networks_are_refused(
    both: VariantSources, write_scores: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(DubaugError, match="does not join the networks of efj with seeds 0, 1"):
        write_cards(replace(both, scores=[write_scores()]), tmp_path / "card")
    with pytest.raises(DubaugError, match="is of another training"):
        write_cards(replace(both, manifests=both.manifests[1:], scores=[write_scores(checkpoint_sha256="f" * 64)]),
                    tmp_path / "card")  # fmt: skip
    assert not (tmp_path / "card").exists()


def test_manifests_of_two_variants_or_of_one_seed_twice_are_refused(results: Path) -> None:
    efj, a = (results / variant / "pretraining.json" for variant in ("efj", "a"))
    with pytest.raises(DubaugError, match="two manifests are of seed 0"):
        read_networks([efj, efj])
    with pytest.raises(DubaugError, match="two manifests are of seed 0"):
        read_networks([efj, a])


def test_manifests_that_differ_in_more_than_the_seed_are_refused(
    results: Path, tiny: Experiment, tmp_path: Path
) -> None:
    other = replace(tiny, encoders=replace(tiny.encoders, projection_dim=4))
    job = Run(experiment=other, variant="rp", seed=1, work_dir=tmp_path / "pretrain", out=tmp_path / "p.json")
    save_untrained(job)
    with pytest.raises(DubaugError, match="differ in more than the seed"):
        read_networks([results / "rp/pretraining.json", job.out])


def test_cards_that_are_there_are_kept_without_force(results: Path, tmp_path: Path) -> None:
    words = ["card", "--manifest", str(results / "efj/pretraining.json"), "--out-dir", str(tmp_path / "card")]
    assert main(words) == EXIT_OK
    edited = tmp_path / "card/DATA_CARD.md"
    edited.write_text("filled in", encoding="utf-8")
    assert main(words) == EXIT_ERROR
    assert edited.read_text(encoding="utf-8") == "filled in"
    assert main([*words, "--force"]) == EXIT_OK
    assert "## Composition" in edited.read_text(encoding="utf-8")
    assert main([*words[:-1], str(results / "titles.csv")]) == EXIT_ERROR


def test_random_weights_have_no_data_card(results: Path, tmp_path: Path) -> None:
    sources = VariantSources(manifests=[results / "rp/pretraining.json"])
    (model,) = write_cards(sources, tmp_path / "card")
    card = model.read_text(encoding="utf-8")
    assert "# rp: audio and video encoders with random weights, seed 0" in card
    assert "DATA_CARD" not in card
    assert [path.name for path in (tmp_path / "card").iterdir()] == ["MODEL_CARD.md"]


def test_the_cards_name_no_title(both: VariantSources, results: Path, tmp_path: Path) -> None:
    for path in write_cards(replace(both, catalogue=results / "titles.csv"), tmp_path / "card"):
        text = path.read_text(encoding="utf-8")
        assert not [name for name in (*TITLES, "delta", "unused") if re.search(rf"\b{name}\b", text)]


# The data card


@pytest.fixture
def facts(results: Path) -> Callable[..., DataFacts]:
    """Return a function that gives the facts of a variant's data card; `films=False` is a corpus of real ones."""

    def make(variant: str = "efj", *, generated: bool = True, **keys: Any) -> DataFacts:
        network = read_network(results / variant / "pretraining.json", None)
        given = DataFacts(
            network=network if generated else _of_real_films(network),
            licence=None,
            films=summarise_films(results / "titles.csv", network.titles),
            found=read_titles(results / "titles.csv"),
            subsets=[Subset(languages=(TrackName("en"), TrackName("es")), titles=22, video_hours=13.5)],
            dubs=[
                Dubs(status="aligned", verdict="keep", dubs=6, titles=3, offset_s_max=0.004),
                Dubs(status="shifted", verdict="correct", dubs=2, titles=1, offset_s_max=1.3),
                Dubs(status="cut", verdict="reject", dubs=1, titles=1, offset_s_max=None),
            ],
            losses=[
                Loss(stage="shards", reason="damaged data (en)", titles=1, clips=5),
                Loss(stage="catalogue", reason="the file is empty", titles=1, clips=None),
            ],
            versions="dubaug 9.9",
        )
        return replace(given, **keys)

    return make


def _of_real_films(network: Network) -> Network:
    parts = dict(network.configuration)
    return replace(network, configuration={**parts, "corpus": {**parts["corpus"], "films": None}})


HEADINGS = (
    "Motivation",
    "Composition",
    "Collection",
    "Preprocessing",
    "Uses, limits and biases",
    "Distribution",
    "Maintenance",
)


def test_the_data_card_has_front_matter_and_the_datasheets_headings(facts: Callable[..., DataFacts]) -> None:
    card = data_card(facts(licence="other"))
    head = yaml.safe_load(card.removeprefix("---\n").partition("---\n")[0])
    assert head["license"] == "other"
    assert head["language"] == ["en", "es", "fr", "ja"]
    assert head["size_categories"] == ["n<1K"]
    places = [card.index(f"\n## {heading}\n") for heading in HEADINGS]
    assert places == sorted(places)
    unstated = data_card(facts())
    assert "# license: not stated" in unstated
    assert "license" not in yaml.safe_load(unstated.removeprefix("---\n").partition("---\n")[0])


def test_the_data_card_counts(facts: Callable[..., DataFacts]) -> None:
    card = data_card(facts())
    assert "3 titles with 4 tracks each, cut into 14 clips of 1 s: 14 s." in card
    assert "Titles by decade: 1960s: 1; 2010s: 1; not said: 1." in card
    assert "4 titles could be read (6.0 hours)." in card
    assert "| English + Spanish | 22 | 13.5 hours |" in card
    assert "| aligned | used as it is | 6 | 3 | 0.004 s |" in card
    assert "| shifted | moved | 2 | 1 | 1.300 s |" in card
    assert "| cut | title rejected | 1 | 1 |  |" in card
    assert "| shards | damaged data (en) | 1 | 5 |" in card
    assert "| catalogue | the file is empty | 1 | unknown |" in card
    assert "1 of 3 titles was not made in English" in card


def test_what_only_the_owner_knows_is_asked_for(facts: Callable[..., DataFacts]) -> None:
    real = data_card(facts(generated=False))
    sections = dict(part.partition("\n")[::2] for part in real.split("\n## ")[1:])
    for heading in ("Motivation", "Composition", "Collection", "Distribution", "Maintenance"):
        assert ASKED in sections[heading], heading
    assert "enerated" not in real
    generated = data_card(facts())
    assert ASKED not in generated
    assert "> **Generated films.**" in generated


def test_what_was_not_given_is_said(facts: Callable[..., DataFacts]) -> None:
    card = data_card(facts(films=None, found=None, subsets=None, dubs=None, losses=None))
    assert "Years, genres and original languages: not given." in card
    assert "Counts by track: not given." in card
    assert "What was found: not given." in card
    assert "What was rejected: not given." in card
    nothing = data_card(facts(dubs=[], losses=[]))
    assert "There were no dubs to compare." in nothing
    assert "Nothing that was found had to be rejected." in nothing


def test_a_variant_without_picture_or_dubs_says_what_it_does_not_use(
    facts: Callable[..., DataFacts], results: Path
) -> None:
    card = data_card(facts("a"))
    assert "Heard by this variant: English. In the films, and not heard: Spanish, French, Japanese." in card
    assert "The picture is not shown to this variant." in card
    assert "pixels high" not in card


def test_speech_removal_is_told_with_its_model(facts: Callable[..., DataFacts], tiny: Experiment) -> None:
    given = facts("efj")
    parts = dict(given.network.configuration)
    parts["variant"] = {**parts["variant"], "secondary": [], "separated": True}
    parts["separation"] = tiny.separation.result_settings()
    card = data_card(replace(given, network=replace(given.network, configuration=parts)))
    assert "Heard by this variant: English, with speech removed." in card
    assert "Speech is removed: Demucs model `demo` at 16000 Hz, all stems but `vocals` summed." in card
