"""The page's colours, for light and dark screens, and which of them stand on which."""

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "page": "#ffffff",
    "panel": "#f4f6f8",
    "text": "#1a1d21",
    "muted": "#4d5660",
    "line": "#cbd2d9",
    "edge": "#78828c",
    "link": "#0b57a4",
    "mark": "#2368a8",
    "settled": "#8a3b00",
    "holds": "#14602f",
    "holds-back": "#e1f2e6",
    "fails": "#96201c",
    "fails-back": "#fbe7e5",
    "undecided": "#664a00",
    "undecided-back": "#faf0d3",
    "no-data": "#4d5660",
    "no-data-back": "#eaeef1",
}
DARK: Mapping[str, str] = {
    "page": "#14171a",
    "panel": "#1e2327",
    "text": "#e8eaed",
    "muted": "#adb6bf",
    "line": "#3b444b",
    "edge": "#87919a",
    "link": "#8ebcf3",
    "mark": "#6fa9e2",
    "settled": "#f0a868",
    "holds": "#93d9ac",
    "holds-back": "#143020",
    "fails": "#f5aca4",
    "fails-back": "#411b19",
    "undecided": "#eccb7d",
    "undecided-back": "#3a2f11",
    "no-data": "#b4bdc5",
    "no-data-back": "#272d32",
}
TEXT_PAIRS = (
    *((colour, ground) for colour in ("text", "muted", "link") for ground in ("page", "panel")),
    *((verdict, f"{verdict}-back") for verdict in ("holds", "fails", "undecided", "no-data")),
    *(("text", f"{verdict}-back") for verdict in ("undecided", "no-data")),
)
"""Text and what it stands on: WCAG AA asks for a contrast of 4.5."""
SHAPE_PAIRS = tuple((colour, ground) for colour in ("mark", "settled", "edge") for ground in ("page", "panel"))
"""Marks and edges that carry meaning, and what they stand on: WCAG AA asks for 3."""


def contrast(first: str, second: str) -> float:
    """Return WCAG's contrast ratio of two colours (`#rrggbb`), 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
