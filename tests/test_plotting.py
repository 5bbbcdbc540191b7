"""That every line of a figure can be told from every other: in colour, colour-blind, and in gray."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dubaug.config import Experiment
from dubaug.plotting import FURTHER_COLOURS, FURTHER_MARKERS, PAPER_LOOKS, STYLE, looks, save, shorten, shown
from dubaug.words import listed
from figure_checks import assert_fonts_embedded, assert_readable

VISIONS = {
    "normal": np.eye(3),
    # Machado, Oliveira, Fernandes 2009, severity 1, for linear RGB
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE_D65 = np.array([0.95047, 1.0, 1.08883])
PAPER_COLOURS = {"es": (0.789, 0.644, 0.253), "fr": (0, 0.76, 0.57), "ja": (0.5, 0, 0.789), "sep": (0.875, 0, 0)}


def lab(colour: Any, vision: str = "normal") -> np.ndarray:
    """Return the colour in CIE Lab (D65) as it is seen."""
    srgb = np.array(to_rgb(colour))
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    ratio = XYZ @ np.clip(VISIONS[vision] @ linear, 0, 1) / WHITE_D65
    f = np.where(ratio > 216 / 24389, np.cbrt(ratio), (24389 / 27 * ratio + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(one: Any, other: Any, vision: str = "normal") -> float:
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


def test_lab_is_right() -> None:
    np.testing.assert_allclose(lab("white"), [100, 0, 0], atol=0.01)
    np.testing.assert_allclose(lab((1, 0, 0)), [53.24, 80.09, 67.20], atol=0.02)
    assert apart((1, 0, 0), (0, 0.5, 0), "deuteranopia") < 0.5 * apart((1, 0, 0), (0, 0.5, 0))


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_are_told_apart(vision: str) -> None:
    """A step of 2.3 is just noticeable between patches; thin lines need many times that."""
    colours = {name: colour for name, (colour, _) in PAPER_LOOKS.items()} | {c: c for c in FURTHER_COLOURS}
    pairs = {(a, b): apart(colours[a], colours[b], vision) for a, b in combinations(colours, 2)}
    assert min(pairs.values()) > 18, min(pairs, key=pairs.__getitem__)
    assert all(apart(colour, "white", vision) > 25 for colour in colours.values())


def test_they_are_the_papers_colours_or_near_them() -> None:
    for name, colour in PAPER_COLOURS.items():
        assert apart(PAPER_LOOKS[name][0], colour) < 3
    for name in ("av", "a"):
        assert np.abs(lab(PAPER_LOOKS[name][0])[1:]).max() < 0.1, "neutral"


@pytest.fixture
def with_further(make_experiment: Callable[..., Experiment]) -> Experiment:
    further = {f"x{i}": {"label": f"X{i}", "secondary": [["es", "fr"], ["en"]][i % 2]} for i in range(6)}
    return make_experiment(variants=further)


def test_lines_differ_without_colour_too(with_further: Experiment) -> None:
    drawn = looks(with_further.variants)
    assert list(drawn) == list(with_further.variants)
    for (one, a), (other, b) in combinations(drawn.items(), 2):
        if {one, other} & {"rp"}:
            continue  # in no figure
        assert (a["marker"], str(a["linestyle"])) != (b["marker"], str(b["linestyle"])), (one, other)
        if a["marker"] == b["marker"]:
            assert abs(lab(a["color"])[0] - lab(b["color"])[0]) > 15, f"{one} and {other} in gray"
            assert a["linestyle"] == "-" or b["linestyle"] == "-"
    for name, variant in with_further.variants.items():
        assert (drawn[name]["linestyle"] == "-") == variant.dub_augmented
        assert (drawn[name]["markerfacecolor"] == "white") == (not variant.dub_augmented)
    assert len({(c, m) for c, m in zip(FURTHER_COLOURS * 6, FURTHER_MARKERS * 5, strict=True)}) == 30


def test_a_variant_looks_the_same_whatever_stands_beside_it(make_experiment: Callable[..., Experiment]) -> None:
    long = {
        "av20": {"label": "AV-20", "secondary": ["en"], "epochs": 20, "checkpoints": [5, 10, 15, 20]},
        "efj20": {"label": "EFJ-20", "secondary": ["es", "fr", "ja"], "epochs": 20, "checkpoints": [5, 10, 15, 20]},
        "efj40": {"label": "EFJ-40", "secondary": ["es", "fr", "ja"], "epochs": 40, "checkpoints": [10, 40]},
        "staged": {"label": "staged", "secondary": ["es", "fr", "ja"], "start_from": "av"},
    }
    alone = looks(make_experiment().variants)
    beside = looks(make_experiment(variants=long).variants)
    assert {name: beside[name] for name in alone if name != "rp"} == {
        name: look for name, look in alone.items() if name != "rp"
    }
    assert beside["av20"] == beside["av"]
    assert beside["efj20"] == beside["efj"]
    assert beside["efj40"]["color"] != beside["efj"]["color"], "it stands in one figure with efj20"
    assert beside["staged"]["color"] != beside["efj"]["color"], "it stands in one figure with efj"
    fewer = looks(make_experiment(variants={"av": None, "es": None, "a": None}).variants)
    assert fewer["efj"] == alone["efj"]
    assert fewer["sep"] == alone["sep"]


def test_words_are_a_form_of_a_figure(tmp_path: Path) -> None:
    figure = plt.figure()
    figure.text(0.5, 0.5, "naïve −1")
    save(figure, [tmp_path / "f.txt", tmp_path / "f.pdf"], description="Words – one paragraph.")
    assert (tmp_path / "f.txt").read_text(encoding="utf-8") == "Words – one paragraph.\n"
    with plt.rc_context({"pdf.fonttype": 3}):
        save(figure, [tmp_path / "three.pdf"])
    with pytest.raises(AssertionError):
        assert_fonts_embedded(tmp_path / "three.pdf")


def test_texts_from_outside_are_no_formulas_and_stand_in_legends(tmp_path: Path) -> None:
    odd = [r"$\nonsense{ costs $5", "_hidden", "two\nlines\a"]
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots()
        lines = [axis.plot([0, 1], label=shown(text))[0] for text in odd]
        axis.set_yticks([0], [odd[0]])
        legend = figure.legend(handles=lines)
        save(figure, [tmp_path / "f.png"])
    assert [text.get_text() for text in legend.get_texts()] == [odd[0], " _hidden", "two lines"]


@pytest.mark.parametrize(
    ("place", "size", "message"),
    [(0.5, 5.0, "of 5.0 pt"), (0.01, 8.0, "reaches out"), (0.51, 8.0, "overlap")],
)
def test_the_checks_of_figures_find_faults(place: float, size: float, message: str) -> None:
    figure = plt.figure()
    figure.text(0.5, 0.5, "one", fontsize=8, ha="center")
    figure.text(place, 0.5 if size == 8 else 0.8, "another", fontsize=size, ha="center")
    with pytest.raises(AssertionError, match=message):
        assert_readable(figure)
    plt.close(figure)


def test_small_words() -> None:
    assert [listed(list("abc"[:n])) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert (shorten("abcdef", 6), shorten("abc def", 5)) == ("abcdef", "abc…")
