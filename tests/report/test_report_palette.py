import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from dubaug.report.palette import DARK, LIGHT

TEXT_PAIRS = (
    *((colour, ground) for colour in ("text", "muted", "link") for ground in ("page", "panel")),
    *((verdict, f"{verdict}-back") for verdict in ("holds", "fails", "undecided", "no-data")),
    *(("text", f"{verdict}-back") for verdict in ("undecided", "no-data")),
)
"""Text and what it stands on: WCAG AA asks for a contrast of 4.5."""
SHAPE_PAIRS = tuple((colour, ground) for colour in ("mark", "settled", "edge") for ground in ("page", "panel"))
"""Marks and edges that carry meaning, and what they stand on: WCAG AA asks for 3."""
PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def contrast(first: str, second: str) -> float:
    """Return WCAG's contrast ratio of two colours (`#rrggbb`), 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@PALETTES
@pytest.mark.parametrize("pair", TEXT_PAIRS, ids="-on-".join)
def test_text_is_readable(palette: Mapping[str, str], pair: tuple[str, str]) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 4.5


@PALETTES
@pytest.mark.parametrize("pair", SHAPE_PAIRS, ids="-on-".join)
def test_marks_are_visible(palette: Mapping[str, str], pair: tuple[str, str]) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 3


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#ffffff") == contrast("#ffffff", "#777777") < 4.5


def test_the_stylesheet_knows_no_other_colours(repository: Path) -> None:
    style = (repository / "src/dubaug/report/templates/style.css.j2").read_text(encoding="utf-8")
    assert set(re.findall(r"var\(--([\w-]+)\)", style)) <= set(LIGHT) == set(DARK)
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", style)) == {"#ffffff"}, "the paper that figures are drawn on"
