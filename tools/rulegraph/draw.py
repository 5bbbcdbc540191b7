"""Draw the workflow's rules for the README, from Snakemake's own graph of them.

    python tools/rulegraph/draw.py        # or: make rulegraph; writes docs/rulegraph.svg

An arrow says that a rule needs files of another one. Arrows that follow from others are left out; HEAR's probes, which
are one rule for each set of epochs, are one box, and targets are none. The picture's elements are called by rules and
arrows, so that a test can compare them with the workflow.
"""

import argparse
import random
import re
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

REPOSITORY = Path(__file__).resolve().parents[2]
PICTURE = REPOSITORY / "docs/rulegraph.svg"
TARGETS = ("all",)
COLOURS = {
    "demo": "#e8e8e8", "corpus": "#cfe3f5", "alignment": "#b9dcd4", "shards": "#a9cbe8", "separation": "#f6ddb5",
    "pretrain": "#f2b8a8", "features": "#dfe9b4", "probe": "#c4dd9a", "tables": "#e3d7ee",
    "comparisons": "#d7c6e8", "figures": "#ccb8e2", "claims": "#c0a8da", "report": "#b39acb",
}  # fmt: skip
BOX_WIDTH, BOX_HEIGHT = 1.42, 0.42
COLUMN, ROW = 1.72, 0.86
LETTER = 0.078
"""A letter's width in the legend."""
ORDERS = 60
"""Orders tried; the best is drawn."""

Edge = tuple[str, str]


def snakemakes_graph(folder: Path) -> tuple[set[str], set[Edge]]:
    """Return the rules and arrows that Snakemake tells of the workflow in `folder`, as they are drawn."""
    words = ["--rulegraph", "dot", "--workflow-profile", "none", "--cores", "1", "--", *TARGETS]
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return drawn_graph(run.stdout)


def drawn_graph(dot: str) -> tuple[set[str], set[Edge]]:
    """Return rules and arrows of Snakemake's text, without targets and arrows that follow from others."""
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)"', dot, re.MULTILINE))
    arrows = re.findall(r"^\s*(\d+) -> (\d+)", dot, re.MULTILINE)
    edges = {(names[one], names[other]) for one, other in arrows}
    edges = {edge for edge in edges if not set(edge) & set(TARGETS) and edge[0] != edge[1]}
    return set(names.values()) - set(TARGETS), _reduced(edges)


def _reduced(edges: set[Edge]) -> set[Edge]:
    """Return the arrows without those between rules that others connect, too."""
    after = defaultdict(set)
    for one, other in edges:
        after[one].add(other)

    def reached(start: str) -> set[str]:
        return {start}.union(*(reached(other) for other in after[start]))

    return {
        (one, other)
        for one, other in edges
        if not any(other in reached(between) for between in after[one] if between != other)
    }


def stages(folder: Path) -> dict[str, str]:
    """Return the stage of each rule: the file that it stands in; the probes' names are made there."""
    found = {}
    for path in (folder / "workflow/rules").glob("*.smk"):
        for name in re.findall(r"^ *rule (\w+):", path.read_text(encoding="utf-8"), re.MULTILINE):
            found[name] = path.stem
    return found


def rows(rules: set[str], edges: set[Edge]) -> dict[str, int]:
    """Return each rule's row: just above the first that needs it; if none does, just below all that it needs."""
    before, after = defaultdict(set), defaultdict(set)
    for one, other in edges:
        before[other].add(one)
        after[one].add(other)

    def early(rule: str) -> int:
        return 1 + max((early(other) for other in before[rule]), default=-1)

    last = max(map(early, rules))

    def late(rule: str) -> int:
        if after[rule]:
            return min(map(late, after[rule])) - 1
        return early(rule) if before[rule] else last

    return {rule: late(rule) for rule in rules}


def layout(rules: set[str], edges: set[Edge]) -> tuple[dict[str, tuple[float, int]], dict[Edge, list[str]]]:
    """Return places (column, row) of rules and of the points that long arrows pass, and each arrow's points."""
    row_of = rows(rules, edges)
    chains, places = {}, dict(row_of)
    for one, other in sorted(edges):
        points = {f"{one}>{other}@{row}": row for row in range(row_of[one] + 1, row_of[other])}
        places |= points
        chains[one, other] = [one, *points, other]
    links = [pair for chain in chains.values() for pair in pairwise(chain)]
    best = min((_ordered(places, links, seed) for seed in range(ORDERS)), key=lambda it: _badness(it, places, links))
    return {name: (column, places[name]) for name, column in best.items()}, chains


def _ordered(places: dict[str, int], links: list[Edge], seed: int) -> dict[str, float]:
    """Return columns: a shuffled order, in turns sorted by the neighbours' columns above and below."""
    rng = random.Random(seed)
    layers: dict[int, list[str]] = defaultdict(list)
    for name, row in sorted(places.items()):
        layers[row].append(name)
    for layer in layers.values():
        rng.shuffle(layer)
    near = defaultdict(list)
    for one, other in links:
        near[one].append(other)
        near[other].append(one)
    column: dict[str, float] = {}
    for layer in layers.values():
        column |= _spread(layer, [0.0] * len(layer))
    for turn in range(24):
        for row in sorted(layers, reverse=turn % 2 == 1):
            wanted = {
                name: sum(column[other] for other in near[name]) / len(near[name]) if near[name] else column[name]
                for name in layers[row]
            }
            layers[row].sort(key=wanted.__getitem__)
            column |= _spread(layers[row], [wanted[name] for name in layers[row]])
    return column


def _spread(layer: list[str], wanted: list[float]) -> dict[str, float]:
    """Return columns near those wanted, in this order: boxes at least 1 apart, points that arrows pass 0.45."""
    found: list[float] = []
    for name, want in zip(layer, wanted, strict=True):
        gap = 0.0
        if found:
            boxes = ("@" not in name) + ("@" not in layer[len(found) - 1])
            gap = (0.3, 0.68, 1.0)[boxes]
        found.append(max(want, found[-1] + gap) if found else want)
    shift = sum(want - place for want, place in zip(wanted, found, strict=True)) / len(layer)
    return {name: place + shift for name, place in zip(layer, found, strict=True)}


def _badness(column: dict[str, float], row: dict[str, int], links: list[Edge]) -> float:
    """Return how bad an order is: crossings first, then how far arrows lean, then the width."""
    crossings = sum(
        row[one] == row[third] and (column[one] - column[third]) * (column[other] - column[fourth]) < 0
        for number, (one, other) in enumerate(links)
        for third, fourth in links[number + 1 :]
    )
    lean = sum(abs(column[one] - column[other]) for one, other in links)
    return 10.0 * crossings + lean + 2.0 * (max(column.values()) - min(column.values()))


def draw(rules: set[str], edges: set[Edge], stage_of: dict[str, str], out: Path) -> None:
    """Draw boxes and arrows, from the top to the bottom, to an SVG or PNG file."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "rulegraph", "font.family": "DejaVu Sans"})
    places, chains = layout(rules, edges)
    at = {name: (COLUMN * column, -ROW * row) for name, (column, row) in places.items()}
    left, right = min(x for x, _ in at.values()) - BOX_WIDTH, max(x for x, _ in at.values()) + BOX_WIDTH
    bottom = min(y for _, y in at.values()) - 1.0
    figure, axes = plt.subplots(figsize=(right - left, 0.35 - bottom))
    axes.set(xlim=(left, right), ylim=(bottom, 0.35), aspect="equal")
    axes.axis("off")
    figure.subplots_adjust(0, 0, 1, 1)
    for (one, other), chain in sorted(chains.items()):
        line = PathPatch(_curve([at[name] for name in chain]), fill=False, edgecolor="#8a8a8a", linewidth=1.2)
        line.set_gid(f"arrow.{one}.{other}")
        axes.add_patch(line)
    for rule in sorted(rules):
        stage = stage_of.get(rule, rule.split("_")[0])
        _box(axes, at[rule], rule, COLOURS[stage], dashed=stage == "demo")
    _legend(axes, left, right, bottom + 0.15)
    figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None, dpi=110)
    plt.close(figure)


def _curve(points: list[tuple[float, float]]) -> Curve:
    """Return an arrow's line: from a box's lower edge to another's upper one, upright where it passes a row."""
    half = BOX_HEIGHT / 2
    points = [(points[0][0], points[0][1] - half), *points[1:-1], (points[-1][0], points[-1][1] + half)]
    vertices, codes = [points[0]], [Curve.MOVETO]
    for (x, y), (next_x, next_y) in pairwise(points):
        middle = (y + next_y) / 2
        vertices += [(x, middle), (next_x, middle), (next_x, next_y)]
        codes += [Curve.CURVE4] * 3
    return Curve(vertices, codes)


def _box(axes: plt.Axes, place: tuple[float, float], rule: str, colour: str, *, dashed: bool) -> None:
    x, y = place
    box = FancyBboxPatch(
        (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2), BOX_WIDTH, BOX_HEIGHT, boxstyle="round,pad=0,rounding_size=0.08",
        facecolor=colour, edgecolor="#5a5a5a", linewidth=1.0, linestyle="--" if dashed else "-", zorder=2,
    )  # fmt: skip
    box.set_gid(f"rule.{rule}")
    axes.add_patch(box)
    axes.text(x, y, rule, ha="center", va="center", fontsize=10.5, color="#202020", zorder=3)


def _legend(axes: plt.Axes, left: float, right: float, y: float) -> None:
    """Draw the stages' colours in a row, in the middle."""
    widths = [0.44 + LETTER * len(stage) for stage in COLOURS]
    x = (left + right - sum(widths)) / 2
    for (stage, colour), width in zip(COLOURS.items(), widths, strict=True):
        dashes = "--" if stage == "demo" else "-"
        axes.add_patch(plt.Rectangle((x, y), 0.2, 0.2, facecolor=colour, edgecolor="#5a5a5a", linestyle=dashes))
        axes.text(x + 0.26, y + 0.1, stage, va="center", fontsize=9, color="#202020")
        x += width


def main() -> None:
    """Draw the repository's workflow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=PICTURE)
    out = parser.parse_args().out
    rules, edges = snakemakes_graph(REPOSITORY)
    draw(rules, edges, stages(REPOSITORY), out)
    print(f"{len(rules)} rules, {len(edges)} arrows: {out}")


if __name__ == "__main__":
    main()
