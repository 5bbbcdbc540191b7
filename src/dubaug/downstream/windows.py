"""How a recording of any length becomes windows of one length (FACTS.md section 2, the authors' later release)."""

TOLERANCE_S = 1e-6
"""Below this, a remainder or a lack is rounding."""


def window_starts_s(duration_s: float, *, window_s: float) -> tuple[float, ...]:
    """Return where windows begin: end to end from 0, and one more that ends with the recording if much is left.

    If what the consecutive windows leave over is longer than half a window, one more is anchored at the end; else it
    is dropped. A recording shorter than a window gives one, which its reader pads. With windows of 3 s: 1 s gives 1,
    5 s give 2, 10 s give 3, 30 s give 10. Raises `ValueError` unless both are positive.
    """
    if duration_s <= 0 or window_s <= 0:
        raise ValueError(f"duration_s {duration_s} and window_s {window_s} must be positive")
    whole = int((duration_s + TOLERANCE_S) / window_s)
    if whole == 0:
        return (0.0,)
    starts_s = [number * window_s for number in range(whole)]
    if duration_s - whole * window_s > window_s / 2 + TOLERANCE_S:
        starts_s.append(duration_s - window_s)
    return tuple(starts_s)
