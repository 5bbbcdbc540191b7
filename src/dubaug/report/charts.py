"""Small charts as inline SVG: text stays text, colours are the page's own (by class), and each says itself in words."""

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from dubaug.report.differences import TaskDifferences
from dubaug.report.runtimes import RuleTime
from dubaug.report.training import Training
from dubaug.report.words import duration, percent, signed
from dubaug.words import plural

PANEL_WIDTH = 320
"""Of a panel that fits a phone; wider screens show several side by side."""
ROW = 22
LONGEST_BAR = 62
"""In percent of its place; the rest is for its time."""


def ticks(low: float, high: float, *, about: int = 4) -> list[float]:
    """Return about as many round numbers between `low` and `high`, evenly spaced."""
    raw = (high - low) / about
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = min((1, 2, 5, 10), key=lambda factor: abs(math.log(factor * magnitude / raw))) * magnitude
    return [round(i * step, 12) + 0.0 for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _svg(height: int, words: str, body: Sequence[str], *, width: int | None = PANEL_WIDTH) -> Markup:
    """Return the drawing; without a width it is as wide as its place, and x is in percent."""
    size = (
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        if width
        else f'width="100%" height="{height}"'
    )
    return Markup(f'<svg class="chart" {size} role="img" aria-label="{escape(words)}">{"".join(body)}</svg>')


def _text(x: float | str, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{_at(x)}" y="{_at(y)}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{_at(x1)}" y1="{_at(y1)}" x2="{_at(x2)}" y2="{_at(y2)}" class="{kind}"/>'


def _at(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def forest_range(tasks: Sequence[TaskDifferences]) -> tuple[float, float]:
    """Return the differences that every panel shows: all intervals' ends, as far left of zero as right of it."""
    values = [value for task in tasks for row in task.rows for value in (row.difference, row.low, row.high)]
    widest = max((abs(value) for value in values if value is not None), default=0.0) or 1.0
    return -widest, widest


def forest(task: TaskDifferences, low: float, high: float) -> Markup:
    """Return one task's panel: a row a variant, its difference as a mark, its interval as a line, zero as a rule.

    What is better lies right of zero, also where that is a lower score; the numbers are the differences themselves. A
    filled square is settled after the correction, a hollow circle is not.
    """
    left, right, top = 76, 246, 8
    bottom = top + ROW * len(task.rows)

    def x(value: float) -> float:
        return left + (right - left) * (min(max(task.better * value, low), high) - low) / (high - low)

    marks = ticks(low, high, about=3)
    body = [_line(x(tick), top, x(tick), bottom, "zero" if tick == 0 else "grid") for tick in marks]
    body += [
        _text(x(tick), bottom + 16, f"{tick:+g}".replace("-", "−") if tick else "0", "tick", "middle") for tick in marks
    ]
    said = []
    for i, row in enumerate(task.rows):
        y = top + ROW * (i + 0.5)
        kind = "settled" if row.settled else "open"
        body.append(_text(0, y + 4, row.variant_a))
        if row.low is not None and row.high is not None:
            body.append(_line(x(row.low), y, x(row.high), y, f"interval {kind}"))
        body.append(
            f'<rect x="{_at(x(row.difference) - 4)}" y="{_at(y - 4)}" width="8" height="8" class="{kind}"/>'
            if row.settled
            else f'<circle cx="{_at(x(row.difference))}" cy="{_at(y)}" r="4" class="{kind}"/>'
        )
        body.append(_text(PANEL_WIDTH, y + 4, signed(row.difference), "strong" if row.settled else "", "end"))
        said.append(f"{row.variant_a} {signed(row.difference)}{', settled' if row.settled else ''}")
    baselines = " and ".join(dict.fromkeys(row.variant_b for row in task.rows))
    return _svg(bottom + 24, f"{task.task}, difference from {baselines}: {'; '.join(said)}", body)


def loss_range(trainings: Sequence[Training]) -> tuple[float, float]:
    """Return the losses that every panel shows."""
    losses = [loss for training in trainings for loss in training.losses if math.isfinite(loss)] or [0.0, 1.0]
    low, high = min(losses), max(losses)
    margin = (high - low) * 0.08 or 0.5
    return low - margin, high + margin


def losses(runs: Sequence[Training], low: float, high: float) -> Markup:
    """Return one variant's panel: a line a seed, the mean loss of each epoch."""
    left, right, top, bottom = 34, 308, 8, 132
    epochs = max(len(run.losses) for run in runs)

    def x(epoch: int) -> float:
        return left + (right - left) * ((epoch - 1) / (epochs - 1) if epochs > 1 else 0.5)

    def y(loss: float) -> float:
        return bottom - (bottom - top) * (loss - low) / (high - low)

    body = []
    for tick in ticks(low, high, about=6):
        body += [_line(left, y(tick), right, y(tick), "grid"), _text(left - 6, y(tick) + 4, f"{tick:g}", "tick", "end")]
    shown = (
        [1, *[int(tick) for tick in ticks(1, epochs) if tick == int(tick) and 1 < tick < epochs], epochs]
        if epochs > 1
        else [1]
    )
    body += [_text(x(epoch), bottom + 16, str(epoch), "tick", "middle") for epoch in shown]
    said = []
    for run in runs:
        points = [(x(i), y(loss)) for i, loss in enumerate(run.losses, start=1) if math.isfinite(loss)]
        body.append(f'<polyline points="{" ".join(f"{_at(a)},{_at(b)}" for a, b in points)}" class="curve"/>')
        body += [f'<circle cx="{_at(a)}" cy="{_at(b)}" r="2.5" class="dot"/>' for a, b in points]
        said.append(f"seed {run.manifest.seed}: " + ", ".join(f"{loss:.2f}" for loss in run.losses))
    return _svg(bottom + 22, f"Mean loss of each of {plural(epochs, 'epoch')}; {'; '.join(said)}", body)


def bars(rules: Sequence[RuleTime]) -> Markup:
    """Return a bar a rule, its length its wall time, with the rule's name above and the time beside it."""
    row, longest_s = 40, max(rule.wall_s for rule in rules) or 1.0
    body = []
    for i, rule in enumerate(rules):
        y = row * i
        body.append(_text("0", y + 14, rule.rule))
        body.append(
            f'<rect x="0" y="{y + 20}" width="{LONGEST_BAR * rule.wall_s / longest_s:.2f}%" height="10" class="bar"/>'
        )
        body.append(_text("100%", y + 29, f"{duration(rule.wall_s)}, {percent(rule.share)}", "", "end"))
    said = "; ".join(f"{rule.rule} {duration(rule.wall_s)}" for rule in rules)
    return _svg(row * len(rules), f"Wall time by rule, longest first: {said}", body, width=None)
