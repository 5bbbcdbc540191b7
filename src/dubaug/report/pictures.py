"""Figures let into the page as data: URIs, with their words, and where their other forms lie."""

import base64
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dubaug.errors import DubaugError

LARGE_BYTES = 700_000
"""A larger PNG is shown with 256 colours, and not wider than `WIDEST_PX`; the file beside the page stays as it is."""
WIDEST_PX = 2000
TITLES: Mapping[str, str] = {
    "c2": "Figure C2: scores over the epochs of pretraining",
    "c2_long": "Figure C2, long runs: scores over the epochs of pretraining",
    "b1": "Figure B1: the films by genre, year and length",
    "mels": "Example clips: stills, and the log-mel spectrogram of each language's track",
    "alignment": "Where each dub lies beside its film",
}


@dataclass(frozen=True, kw_only=True)
class ReportPicture:
    """A figure. `words` is its description, empty if nobody wrote one; `files` are its other forms, as paths."""

    name: str
    title: str
    source: str
    width_px: int
    height_px: int
    words: str
    files: tuple[str, ...]

    @property
    def heading(self) -> str:
        """The title's first words: `Figure C2`."""
        return self.title.partition(":")[0]


def read_picture(path: Path, *, out_dir: Path) -> ReportPicture:
    """Return the figure in a PNG file. Paths are given relative to `out_dir`.

    Raises `DubaugError` if the file is no picture.
    """
    try:
        data, (width_px, height_px) = _compact(path.read_bytes())
    except OSError as error:
        raise DubaugError(f"{path} is no picture ({error}): delete it, and the workflow makes it anew") from None
    words, forms = path.with_suffix(".txt"), (path.with_suffix(suffix) for suffix in (".pdf", ".png", ".csv"))
    return ReportPicture(
        name=path.stem,
        title=TITLES.get(path.stem, path.stem),
        source=f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}",
        width_px=width_px,
        height_px=height_px,
        words=" ".join(words.read_text(encoding="utf-8").split()) if words.is_file() else "",
        files=tuple(Path(os.path.relpath(form, out_dir)).as_posix() for form in forms if form.is_file()),
    )


def _compact(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return a PNG's bytes, fewer if they were many, and its width and height."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
        if len(data) <= LARGE_BYTES:
            return data, image.size
        shown = image.convert("RGB")
    if shown.width > WIDEST_PX:
        shown = shown.resize((WIDEST_PX, round(shown.height * WIDEST_PX / shown.width)), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.quantize(256, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue(), shown.size
