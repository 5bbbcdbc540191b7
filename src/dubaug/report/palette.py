"""The page's colours, for light and dark screens."""

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
