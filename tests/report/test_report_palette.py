import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from dubaug.report.palette import DARK, LIGHT, SHAPE_PAIRS, TEXT_PAIRS, contrast

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


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
