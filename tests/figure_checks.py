"""Whether a figure can be read: sizes of its texts, what overlaps, and whether its PDF brings its fonts along."""

import re
import zlib
from itertools import combinations
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from dubaug.plotting import SMALLEST_PT

TOLERANCE_PX = 1.0


def texts_of(figure: Figure) -> dict[Text, Bbox]:
    """Return every text that can be seen, with its box in pixels, once the figure is drawn.

    Axes keep labels of ticks outside their limits; these are left out.
    """
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    candidates = {text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()}
    for axes in figure.axes:
        ticks = [tick for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks()]
        candidates -= {label for tick in ticks for label in (tick.label1, tick.label2)}
        if axes.get_visible() and axes.axison:
            for axis in (axes.xaxis, axes.yaxis):
                shown = axis._update_ticks()
                candidates |= {tick.label1 for tick in shown if tick.label1.get_visible() and tick.label1.get_text()}
        else:
            candidates -= set(axes.findobj(Text))
    return {text: _ink(text, text.get_window_extent(renderer)) for text in candidates}


def _ink(text: Text, box: Bbox) -> Bbox:
    """Return the box without the room that matplotlib leaves for descenders where the text has none."""
    if text.get_rotation() or set(text.get_text()) & set("gjpqyQ,;()[]_\n"):
        return box
    descent_px = 0.2 * text.get_fontsize() * text.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    return Bbox.from_extents(box.x0, box.y0 + descent_px, box.x1, box.y1)


def assert_readable(figure: Figure) -> None:
    """Check that no text is too small, reaches out of the figure, or touches another one."""
    boxes = texts_of(figure)
    assert boxes
    for text, box in boxes.items():
        assert text.get_fontsize() >= SMALLEST_PT, f"{text.get_text()!r} is of {text.get_fontsize()} pt"
        inside = box.x0 >= -TOLERANCE_PX and box.y0 >= -TOLERANCE_PX
        inside &= box.x1 <= figure.bbox.x1 + TOLERANCE_PX and box.y1 <= figure.bbox.y1 + TOLERANCE_PX
        assert inside, f"{text.get_text()!r} reaches out of the figure: {box}"
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(wide, high) <= TOLERANCE_PX, f"{one.get_text()!r} and {other.get_text()!r} overlap"


def assert_fonts_embedded(path: Path) -> None:
    """Check that a PDF has text, no font of Type 3, and the file of every font in it."""
    data = path.read_bytes()
    assert b"/Type3" not in data
    descriptors = re.findall(rb"/Type /FontDescriptor.*?>>", data, re.DOTALL)
    fonts = re.findall(rb"/BaseFont /(\S+)", data)
    assert descriptors
    assert fonts
    named = {name for one in descriptors for name in re.findall(rb"/FontName /(\S+)", one)}
    assert set(fonts) <= named, "each font has a descriptor"
    for descriptor in descriptors:
        (number,) = re.findall(rb"/FontFile2 (\d+) 0 R", descriptor)
        stream = re.search(rb"\n" + number + rb" 0 obj\n.*?stream\r?\n", data, re.DOTALL)
        assert stream is not None
        assert zlib.decompressobj().decompress(data[stream.end() :])[:4] in (b"\0\1\0\0", b"true"), "a TrueType font"
