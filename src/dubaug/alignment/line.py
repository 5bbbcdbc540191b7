"""The line along which a film's windows lie in a dub: where it begins and how steep it is, from peaks that may lie.

Each window of the film was compared with a longer stretch of the dub. Some windows find their true place, some (a
repeated bar of music, speech alone) a wrong one. Times are in seconds; "place" means a place in the dub relative to
where an unshifted dub of the tried speed would have it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from dubaug.alignment.features import FRAME_S

PEAKS = 3
"""Places that each window may vote for."""
APART_S = 0.1
"""Two peaks of one window are at least this far apart."""
NEAR_S = 0.05
"""A window whose place is this near to the line lies on it."""
SLOPE_MAX = 0.003
"""Steepest line, as a deviation from the speed that was tried: within a window of 20 s onsets then move by 60 ms."""
CERTAIN = 9.0
"""Standard deviations by which a window's peak stands out where it is no chance. Tracks that share nothing reach 4,
where both have a beat sometimes 9; dubs of real films have 10 to 50."""


@dataclass(frozen=True, kw_only=True)
class ComparedWindow:
    """One window's correlation with the dub."""

    time_s: float
    """The window's centre in the film."""
    first_s: float
    """Place of the first lag."""
    step_s: float
    """From one lag to the next."""
    correlations: np.ndarray

    @cached_property
    def peak_s(self) -> float:
        """Place of the highest correlation."""
        return self.first_s + self.step_s * summit(self.correlations, int(np.argmax(self.correlations)))

    @cached_property
    def certainty(self) -> float:
        """How many deviations the peak stands above the mean of all lags."""
        deviation = float(self.correlations.std())
        return float(self.correlations.max() - self.correlations.mean()) / deviation if deviation > 0 else 0.0

    @property
    def certain(self) -> bool:
        """Whether the peak is no chance."""
        return self.certainty >= CERTAIN

    def near(self, place_s: float, within_s: float) -> tuple[float, float]:
        """Return place and height of the highest correlation within some distance of a place; height 0 outside."""
        centre = (place_s - self.first_s) / self.step_s
        reach = within_s / self.step_s
        low, high = max(round(centre - reach), 0), min(round(centre + reach) + 1, len(self.correlations))
        if low >= high:
            return place_s, 0.0
        best = low + int(np.argmax(self.correlations[low:high]))
        return self.first_s + self.step_s * summit(self.correlations, best), float(self.correlations[best])

    def peaks_s(self) -> list[float]:
        """Return the places of the highest peaks, best first."""
        left = self.correlations.copy()
        apart = max(round(APART_S / self.step_s), 1)
        places = []
        for _ in range(PEAKS):
            best = int(np.argmax(left))
            if left[best] <= 0:
                break
            places.append(self.first_s + self.step_s * summit(self.correlations, best))
            left[max(best - apart, 0) : best + apart + 1] = -1
        return places


def summit(values_L: np.ndarray, best: int) -> float:
    """Return where the parabola through a maximum and its neighbours is highest."""
    if not 0 < best < len(values_L) - 1:
        return float(best)
    before, here, after = (float(value) for value in values_L[best - 1 : best + 2])
    bend = before - 2 * here + after
    return best + 0.5 * (before - after) / bend if bend < 0 else float(best)


@dataclass(frozen=True, kw_only=True)
class Line:
    """`place = start_s + slope * time`, and how high the windows' correlations are along it."""

    start_s: float
    slope: float
    height: float
    """Mean over the windows."""

    def at(self, time_s: float) -> float:
        """Return the place at a time of the film."""
        return self.start_s + self.slope * time_s


def best_line(windows: Sequence[ComparedWindow]) -> Line:
    """Return the line along which the windows correlate best.

    Tried are the level line through each peak of each window, and the line through any two peaks of two windows.
    """
    peaks = [(window, place_s) for window in windows for place_s in window.peaks_s()]
    tried = [(place_s, 0.0) for _, place_s in peaks]
    for (one, one_s), (other, other_s) in combinations(peaks, 2):
        if one is not other:
            slope = (other_s - one_s) / (other.time_s - one.time_s)
            if abs(slope) <= SLOPE_MAX:
                tried.append((one_s - slope * one.time_s, slope))
    lines = [_line(windows, start_s, slope) for start_s, slope in tried]
    return max(lines, key=lambda line: line.height, default=Line(start_s=0.0, slope=0.0, height=0.0))


def _line(windows: Sequence[ComparedWindow], start_s: float, slope: float) -> Line:
    heights = [window.near(start_s + slope * window.time_s, 2 * FRAME_S)[1] for window in windows]
    return Line(start_s=start_s, slope=slope, height=float(np.mean(heights)))


def on_line(windows: Sequence[ComparedWindow], line: Line) -> list[ComparedWindow]:
    """Return the windows whose own best place lies on the line."""
    return [window for window in windows if abs(window.peak_s - line.at(window.time_s)) <= NEAR_S]


def fitted(times_s: np.ndarray, places_s: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return start and slope of the straight line through points, by least squares without the far ones.

    With points at one time the line is level. There must be at least one.
    """
    keep = np.ones(len(times_s), dtype=bool)
    start_s, slope = float(np.average(places_s, weights=weights)), 0.0
    for _ in range(4):
        time, place, weight = times_s[keep], places_s[keep], weights[keep]
        centre, level = np.average(time, weights=weight), np.average(place, weights=weight)
        spread = float(np.sum(weight * (time - centre) ** 2))
        slope = float(np.sum(weight * (time - centre) * (place - level))) / spread if spread > 1e-9 else 0.0
        start_s = float(level - slope * centre)
        distance = np.abs(places_s - start_s - slope * times_s)
        now = distance <= max(3 * float(np.median(distance)), 1e-4)
        if (now == keep).all():
            break
        keep = now
    return start_s, slope
