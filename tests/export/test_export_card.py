from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubaug.config import Experiment
from dubaug.export.card import model_card
from dubaug.export.corpus import summarise_films, summarise_rejects
from dubaug.export.facts import CardFacts
from dubaug.export.network import Network, read_network
from dubaug.export.plain import plain_config
from dubaug.export.scores import OverSeeds, TaskScore
from dubaug.pretrain.experiment import pretraining_parts
from dubaug.probe.results import Interval

SCORE = TaskScore(
    suite="hear", task="esc50", label="ESC-50", metric="top1_acc", mean=0.6, std=0.02, n_folds=5, n_train=1200,
    n_test=400, generated=False, over_seeds=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def facts(results: Path) -> Callable[..., CardFacts]:
    """Return a function that gives the facts of a variant's card; keys replace some of them."""

    def make(variant: str = "efj", *, epoch: int | None = None, **keys: Any) -> CardFacts:
        network = read_network(results / variant / "pretraining.json", epoch)
        given = CardFacts(
            networks=[network],
            network=network,
            config=plain_config(network),
            label=None,
            licence=None,
            films=None,
            left_out=None,
            scores=(),
            versions="dubaug 9.9, torch 8.8",
        )
        return replace(given, **keys)

    return make


def as_if(network: Network, tiny: Experiment, *, films: bool = True, **variant: Any) -> Network:
    """Return the network as if it had been trained as a variant with other keys, on generated films or on real ones."""
    changed = replace(tiny.variants["efj"], **variant)
    parts = pretraining_parts(replace(tiny, variants={**tiny.variants, "efj": changed}), "efj", 0)
    if not films:
        parts["corpus"]["films"] = None
    return replace(network, configuration=parts)


def front_matter(card: str) -> Mapping[str, Any]:
    head = card.removeprefix("---\n").partition("---\n")[0]
    values: Mapping[str, Any] = yaml.safe_load(head)
    return values


def plain(card: str) -> str:
    """Return the card's text in one line."""
    return " ".join(card.split())


def test_the_front_matter_is_yaml_with_languages_and_licence(facts: Callable[..., CardFacts], tiny: Experiment) -> None:
    head = front_matter(model_card(facts(licence="cc-by-4.0")))
    assert head["license"] == "cc-by-4.0"
    assert head["language"] == ["en", "es", "fr", "ja"]
    assert head["library_name"] == "dubaug"
    assert {"audiovisual", "dubbed-audio", "generated-training-data"} <= set(head["tags"])
    unstated = model_card(facts())
    assert "license" not in front_matter(unstated)
    assert "# license: not stated" in unstated
    assert front_matter(model_card(facts("a")))["language"] == ["en"]
    several = as_if(facts().network, tiny, secondary=("es", "es@synthetic", "es-419"))
    assert front_matter(model_card(replace(facts(), network=several)))["language"] == ["en", "es"]
    assert "video" not in front_matter(model_card(facts("a")))["tags"]


def test_the_card_counts_the_films_and_what_was_left_out(facts: Callable[..., CardFacts], results: Path) -> None:
    given = facts()
    films = summarise_films(results / "titles.csv", given.network.titles)
    left_out = summarise_rejects([results / "rejected.csv", results / "rejected.csv"])
    card = plain(model_card(replace(given, films=films, left_out=left_out)))
    assert "- 3 titles, 14 clips of 1 s without overlap: 14 s (the paper's corpus: 748 titles" in card
    assert "The titles are from 1961 to 2016, 90.0 minutes long in the mean." in card
    assert "Original languages (titles): not said: 1; English: 1; French: 1." in card
    assert "Genres (titles, several each): Drama: 2; Crime: 1." in card
    assert "2 titles found lost clips or were left out whole as unusable (catalogue: 1; shards: 1)." in card
    assert "original languages: not given." in plain(model_card(given))


def test_every_setting_is_in_the_table_but_no_path(facts: Callable[..., CardFacts], tiny: Experiment) -> None:
    card = model_card(facts())
    assert f"| `pretraining.learning_rate` | {tiny.pretraining.learning_rate} |" in card
    assert "| `pretraining.betas` | 0.9, 0.999 |" in card
    assert "| `variant.secondary` | es, fr, ja |" in card
    assert "| `separation` | none |" in card
    assert "catalogue" not in card


def test_scores_are_shown_with_what_is_missing(facts: Callable[..., CardFacts]) -> None:
    without = plain(model_card(facts()))
    assert "No results were given:" in without
    assert "Not given: results on hear, hares, visual." in without
    card = model_card(facts(scores=[SCORE]))
    assert "| ESC-50 | hear | Accuracy | 0.600 ± 0.020 | 5 | 1,200 | 400 |" in card
    assert "Not given: results on hares, visual." in card
    assert "†" not in card
    sound = model_card(facts("a", scores=[SCORE]))
    assert "Not given: results on hares." in sound
    assert "There are no visual results of a network without video." in sound
    assert "Not given: results on hares, visual." in model_card(facts("rp", scores=[SCORE]))


def test_intervals_stand_beside_the_scores_that_have_them(facts: Callable[..., CardFacts]) -> None:
    bounds = partial(Interval, level=0.95, over=("items",), units=10, grouped_by=None)
    bounded = replace(SCORE, interval=bounds(low=0.55, high=0.6254))
    card = model_card(facts(scores=[bounded, replace(SCORE, task="x", label="X")]))
    assert "| Task | Suite | Metric | Score | 95 % | Folds |" in card
    assert "| ESC-50 | hear | Accuracy | 0.600 ± 0.020 | 0.550 .. 0.625 | 5 | 1,200 | 400 |" in card
    assert "| X | hear | Accuracy | 0.600 ± 0.020 |  | 5 | 1,200 | 400 |" in card
    assert "95 % is the score's interval over test items, of this training." in plain(card)
    assert "| .. 0.900 |" in model_card(facts(scores=[replace(SCORE, interval=bounds(low=None, high=0.9))]))
    assert "95 %" not in model_card(facts(scores=[SCORE]))


def test_several_seeds_stand_beside_the_networks_own_score(facts: Callable[..., CardFacts]) -> None:
    over = OverSeeds(seeds=3, mean=0.55, std=0.04)
    card = model_card(facts(scores=[replace(SCORE, over_seeds=over), replace(SCORE, task="x", label="X", std=None)]))
    assert "| ESC-50 | hear | Accuracy | 0.600 ± 0.020 | 5 | 1,200 | 400 | 0.550 ± 0.040 | 3 |" in card
    assert "| X | hear | Accuracy | 0.600 | 5 | 1,200 | 400 |  |  |" in card


def test_generated_films_and_tasks_are_said_first(facts: Callable[..., CardFacts], tiny: Experiment) -> None:
    card = model_card(facts(scores=[replace(SCORE, generated=True)]))
    assert card.index("**Trained on generated films.**") < card.index("## Use")
    assert "**Scored on generated miniatures.**" in card
    assert "| ESC-50 † |" in card
    mixed = model_card(facts(scores=[SCORE, replace(SCORE, task="x", label="<b>X</b>", generated=True)]))
    assert "The scores below that are marked † do not compare" in plain(mixed)
    assert "| &lt;b>X&lt;/b> † |" in mixed
    unknown = model_card(facts(scores=[replace(SCORE, generated=None)]))
    assert "may be generated miniatures" in plain(unknown)
    real = facts(scores=[SCORE])
    card = model_card(replace(real, network=as_if(real.network, tiny, films=False)))
    assert "enerated" not in card
    assert "depends on the films' licences" in plain(card)
    assert "generated-training-data" not in front_matter(card)["tags"]


def test_an_early_epoch_is_called_one(facts: Callable[..., CardFacts]) -> None:
    card = plain(model_card(facts(epoch=1)))
    assert "# efj: audio and video encoders, 1 epoch, seed 0" in card
    assert "1 of 2 epochs are in these weights" in card
    assert "of epoch 1 of 2: the learning rate had not come down yet" in card
    assert "had not come down" not in plain(model_card(facts()))


def test_an_untrained_network_says_so(facts: Callable[..., CardFacts]) -> None:
    card = model_card(facts("rp"))
    assert "# rp: audio and video encoders with random weights" in card
    assert "**Untrained.**" in card
    assert "## Training data\n\nNone.\n" in card
    assert "language" not in front_matter(card)
    assert "untrained" in front_matter(card)["tags"]
    assert "Generated films" not in card


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "with the English track and with dubbed tracks: Spanish, French, Japanese (in turn, one a batch)."),
        ({"secondary": ("ja",)}, "with the English track and with dubbed tracks: Japanese."),
        ({"secondary": ("en",)}, "with the English track and with the same track, augmented once more."),
        ({"secondary": (), "separated": True}, "with the English track from which speech was removed."),
        ({"secondary": ()}, "to match the picture of films with the English track."),
        (
            {"video": False, "secondary": ("en",)},
            "the English track of films with the same track, augmented once more.",
        ),
        ({"secondary": ("es@synthetic",)}, "with the English track and with dubbed tracks: Spanish (synthetic)."),
        ({"video": False, "secondary": ("es",)}, "match the English track of films with dubbed tracks: Spanish."),
    ],
)
def test_the_recipe_is_told_in_words(
    facts: Callable[..., CardFacts], tiny: Experiment, keys: dict[str, Any], said: str
) -> None:
    given = facts()
    card = plain(model_card(replace(given, network=as_if(given.network, tiny, **keys))))
    assert said in card
    assert ("pulls dubs of a scene together" in card) == ("dubbed" in said)


def test_a_variant_that_began_with_anothers_weights_lists_what_differed(
    facts: Callable[..., CardFacts], tiny: Experiment
) -> None:
    given = facts()
    card = model_card(replace(given, network=as_if(given.network, tiny, start_from="av")))
    assert "began with the final weights of another variant (tracks en+en)" in plain(card)
    assert "| `start_from.variant.secondary` | en |" in card
    assert "start_from.pretraining" not in card
