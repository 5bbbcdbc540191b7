"""How the page writes amounts: units in words, one form everywhere."""

from collections.abc import Mapping
from typing import Any

UNKNOWN = "not known"
SHAPES: Mapping[str, str] = {"holds": "✓", "fails": "✗", "undecided": "?", "no data": "–"}
"""A verdict's sign, so that none is told by its colour alone."""
MIB_PER_GIB = 1024


def duration(seconds: float | None) -> str:
    """Return `41.6 s`, `10.4 min` or `1,300.0 h`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def memory(mib: float | None) -> str:
    """Return an amount given in MiB as `1.25 GiB`, a small one as `27 MiB`."""
    if mib is None:
        return UNKNOWN
    return f"{mib:.0f} MiB" if mib < 100 else f"{mib / MIB_PER_GIB:,.2f} GiB"


def percent(share: float) -> str:
    """Return `41 %`; what is there but rounds to nothing is `< 1 %`."""
    return "< 1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"


def signed(value: float | None) -> str:
    """Return a difference with its sign, three decimals and a true minus: `+0.012`, `−0.040`, `0.000`."""
    if value is None:
        return "–"
    text = f"{abs(value):.3f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def probability(p: float | None) -> str:
    """Return `0.031`, or `< 0.001`."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def setting(value: Any) -> str:
    """Return a value of the configuration: `yes`, `none`, `2, 4, 8`, `0.5`."""
    if isinstance(value, list):
        return ", ".join(map(setting, value))
    return {True: "yes", False: "no", None: "none"}[value] if value is None or isinstance(value, bool) else str(value)
