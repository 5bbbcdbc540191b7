"""Which clips make up each batch of an epoch: several clips of one title together (paper §3.4, "samples per movie")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dubaug.seeding import item_rng


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip of the corpus: its title, and which of the title's usable clips it is."""

    title_id: str
    row: int


def titles_needed(batch_size: int, clips_per_title: int, fill: Literal["groups", "random"]) -> int:
    """Return how many titles a batch is made of at least."""
    groups = -(-batch_size // clips_per_title)
    return min(groups, 2) if fill == "random" else groups


def epoch_batches(
    clips_of_title: Mapping[str, int],
    *,
    batch_size: int,
    clips_per_title: int,
    fill: Literal["groups", "random"],
    processes: int,
    seed: int,
    epoch: int,
) -> list[list[Clip]]:
    """Return the epoch's batches, one a process and step: step s of process r takes batch `s * processes + r`.

    A batch takes `clips_per_title` random clips of a title; what is left is filled with groups of further titles
    (`groups`: 12 + 12 + 2 of 26), or with single clips at random from the other titles (`random`: 12 + 14). A title is
    drawn with a probability in proportion to its clips not yet used, so that long films do not crowd the end; one with
    fewer clips left than asked for gives those. Every clip comes once an epoch. What is left at the end makes a smaller
    last step, dealt evenly over the processes, if it gives each at least 2 clips; up to `processes - 1` clips (or all
    of a smaller rest) sit out that epoch, other ones in each.
    """
    rng = item_rng(seed, "batches", epoch)
    titles = sorted(clips_of_title)
    order = [rng.permutation(clips_of_title[title]) for title in titles]
    left = np.array([clips_of_title[title] for title in titles], dtype=np.int64)

    def take(title: np.intp, count: int) -> list[Clip]:
        end = int(left[title])
        left[title] -= count
        return [Clip(titles[title], int(row)) for row in order[title][end - count : end]]

    def draw(room: int) -> list[Clip]:
        batch: list[Clip] = []
        used = np.zeros(len(titles), dtype=bool)
        while len(batch) < room:
            free = np.where(used, 0, left)
            if not free.any():  # too few titles are left: take one again
                used[:] = False
                continue
            wanted = room - len(batch)
            if fill == "random" and batch:
                counts = rng.multivariate_hypergeometric(free, min(wanted, int(free.sum())))
                for title in np.flatnonzero(counts):
                    batch += take(title, int(counts[title]))
                continue
            title = np.searchsorted(np.cumsum(free), rng.integers(free.sum()), side="right")
            batch += take(title, min(clips_per_title, wanted, int(left[title])))
            used[title] = True
        return batch

    batches = [draw(batch_size) for _ in range(int(left.sum()) // (batch_size * processes) * processes)]
    last = int(left.sum()) // processes
    if last >= 2:
        batches += [draw(last) for _ in range(processes)]
    return batches
