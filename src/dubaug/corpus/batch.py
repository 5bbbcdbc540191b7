"""What the commands that work on a batch of titles have in common."""

import argparse
from pathlib import Path

from dubaug.corpus.titles import Title, read_titles
from dubaug.errors import DubaugError


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the configuration, the titles selected, and which of them the batch has."""
    parser.add_argument("--config", type=Path, required=True, help="the resolved configuration")
    parser.add_argument("--titles", type=Path, required=True, help="the titles selected, by `dubaug select`")
    parser.add_argument("--batch", type=int, default=0, help="which of the batches (default 0)")
    parser.add_argument("--batches", type=int, default=1, help="how many the titles are dealt to (default 1)")


def titles_of_batch(path: Path, *, batch: int, batches: int) -> list[Title]:
    """Return every `batches`-th title of titles.csv, in the order of their ids, from number `batch` on.

    Raises `DubaugError` if there is no such batch, or no such file.
    """
    if not 0 <= batch < batches:
        raise DubaugError(f"--batch {batch}: batches are numbered 0 to {batches - 1}")
    return sorted(read_titles(path), key=lambda title: title.title_id)[batch::batches]
