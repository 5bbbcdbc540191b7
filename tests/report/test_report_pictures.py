import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dubaug.errors import DubaugError
from dubaug.report.pictures import LARGE_BYTES, WIDEST_PX, read_picture


def _bytes(source: str) -> bytes:
    assert source.startswith("data:image/png;base64,")
    return base64.b64decode(source.partition(",")[2])


def test_a_figure_comes_with_its_words_and_the_paths_of_its_other_forms(tmp_path: Path) -> None:
    path = tmp_path / "figures/c2.png"
    path.parent.mkdir()
    Image.new("RGB", (40, 30)).save(path)
    path.with_suffix(".csv").write_text("a\n", encoding="utf-8")
    path.with_suffix(".txt").write_text("Nine\npanels.\n", encoding="utf-8")
    picture = read_picture(path, out_dir=tmp_path)
    assert (picture.words, picture.files) == ("Nine panels.", ("figures/c2.png", "figures/c2.csv"))
    assert (picture.heading, picture.width_px, picture.height_px) == ("Figure C2", 40, 30)
    assert _bytes(picture.source) == path.read_bytes()


def test_a_large_figure_is_made_smaller_and_not_narrower_than_need_be(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, WIDEST_PX + 400, 3), dtype=np.uint8)
    path = tmp_path / "mels.png"
    Image.fromarray(noise).save(path)
    assert path.stat().st_size > LARGE_BYTES
    picture = read_picture(path, out_dir=tmp_path)
    assert (picture.width_px, picture.height_px) == (WIDEST_PX, 250)
    shown = _bytes(picture.source)
    assert len(shown) < path.stat().st_size / 2
    assert Image.open(io.BytesIO(shown)).size == (WIDEST_PX, 250)
    assert read_picture(path, out_dir=tmp_path) == picture


def test_a_figure_of_another_name(tmp_path: Path) -> None:
    path = tmp_path / "other.png"
    Image.new("L", (4, 3)).save(path)
    picture = read_picture(path, out_dir=tmp_path)
    assert (picture.title, picture.words) == ("other", "")


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "c2.png").write_text("<svg onload='alert(1)'/>", encoding="utf-8")
    with pytest.raises(DubaugError, match=r"c2\.png is no picture"):
        read_picture(tmp_path / "c2.png", out_dir=tmp_path)
