"""A vertical axis that leaves out a wide range without points, so that lines far from one another can all be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

_GAP_SHARE = 0.5
"""A gap is left out if it is more than this share of what the panel would show."""
_BAND_SHARE = 0.14
"""Its height on the page, as a share of what is left."""
_MARGIN_SHARE = 0.13
"""What stays of it beside the points on either side: room for markers and the ring."""
_TICKS = 5
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, kw_only=True)
class Break:
    """The range from `low` to `high` is drawn as a band of height `band`; above and below it one scale holds."""

    low: float
    high: float
    band: float

    def forward(self, values: np.ndarray) -> np.ndarray:
        """Return where values stand on the page, in the axis's units."""
        y = np.asarray(values, dtype=float)
        within = self.low + (y - self.low) * self.band / (self.high - self.low)
        return np.where(y <= self.low, y, np.where(y >= self.high, y - self.high + self.low + self.band, within))

    def inverse(self, places: np.ndarray) -> np.ndarray:
        """Return the values that stand at places on the page."""
        y = np.asarray(places, dtype=float)
        within = self.low + (y - self.low) * (self.high - self.low) / self.band
        top = self.low + self.band
        return np.where(y <= self.low, y, np.where(y >= top, y + self.high - top, within))


def find_break(ranges: Iterable[tuple[float, float]]) -> Break | None:
    """Return the break of an axis that shows these ranges, one a line; None if no gap between them is wide enough."""
    ordered = sorted(ranges)
    bottom, reached = ordered[0]
    gap = (0.0, 0.0)
    for low, high in ordered[1:]:
        if low - reached > gap[1] - gap[0]:
            gap = (reached, low)
        reached = max(reached, high)
    left = (reached - bottom) - (gap[1] - gap[0])
    margin = _MARGIN_SHARE * left
    # lines without any height have no scale of their own to be drawn at
    if left <= 0 or gap[1] - gap[0] <= _GAP_SHARE * (reached - bottom):
        return None
    return Break(low=gap[0] + margin, high=gap[1] - margin, band=_BAND_SHARE * left)


def finish_axis(axis: Axes, limits: tuple[float, float], gap: Break | None) -> None:
    """Set the vertical limits and round ticks; with a gap, the broken scale, and a grey band where it is broken."""
    if gap is None:
        axis.set_ylim(limits)
        axis.yaxis.set_major_locator(MaxNLocator(nbins=_TICKS, steps=_STEPS))
        axis.yaxis.get_major_formatter().set_useOffset(False)  # type: ignore[attr-defined]
        return
    axis.set_yscale("function", functions=(gap.forward, gap.inverse))
    axis.set_ylim(limits)
    low, high = gap.forward(np.array(limits)).tolist()
    step = float(np.diff(MaxNLocator(nbins=_TICKS, steps=_STEPS).tick_values(0.0, high - low))[0])
    multiples = step * np.arange(np.ceil(limits[0] / step), np.floor(limits[1] / step) + 1)
    ticks = [float(tick) for tick in multiples if not gap.low < tick < gap.high]
    decimals = len(f"{step:.10f}".rstrip("0").split(".")[1])
    axis.yaxis.set_major_locator(FixedLocator(ticks))
    axis.yaxis.set_major_formatter(FixedFormatter([f"{tick:.{decimals}f}" for tick in ticks]))
    axis.axhspan(gap.low, gap.high, facecolor="#E9E9E9", edgecolor="none", zorder=2.5)
    # the axis itself is cut
    across: dict[str, Any] = {"transform": axis.get_yaxis_transform(), "clip_on": False}
    axis.plot([0, 0], [gap.low, gap.high], color="white", linewidth=1.4, zorder=5, **across)
    for edge in (gap.low, gap.high):
        axis.plot([-0.02, 0.02], [edge, edge], color="black", linewidth=0.7, zorder=6, **across)
