"""Example clips: stills and the log-mel of each track (as in the later version's figure of example clips)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from dubaug.errors import DubaugError
from dubaug.files import write_text
from dubaug.plotting import STYLE, TEXT_WIDTH_IN, save
from dubaug.seeding import item_rng
from dubaug.shards.format import ShardReader
from dubaug.shards.index import ClipIndex
from dubaug.shards.sheet import RANGE_DB, SheetClip, SheetLayout, draw, mel_axes, power_db, read_clip
from dubaug.tracks import TrackName
from dubaug.words import listed, plural

COLUMNS = 3
STILLS = 3
CANDIDATES = 24
"""Clips of a title among which the one with most speech is taken."""


@dataclass(frozen=True, kw_only=True)
class ChosenClip:
    """A clip chosen: its title, its row in the title's shard, and how much its tracks differ."""

    title_id: str
    row: int
    difference_db: float


def choose(index: ClipIndex, *, clips: int, seed: int) -> tuple[ChosenClip, ...]:
    """Return `clips` clips of different titles (fewer if there are fewer), the titles at random by `seed`.

    Of some clips of each title, drawn at random, the one whose tracks differ most is taken: dubs share music and
    effects, so that they differ where there is speech. Raises `DubaugError` if the index holds no clips.
    """
    titles = [shard.title_id for shard in index.shards if shard.clips]
    if not titles:
        raise DubaugError("the figure of example clips needs clips: the clip index holds none")
    chosen = item_rng(seed, "figure_mels").permutation(len(titles))[:clips]
    return tuple(_most_speech(index.open(titles[place]), titles[place], seed) for place in chosen)


def _most_speech(reader: ShardReader, title_id: str, seed: int) -> ChosenClip:
    candidates = item_rng(seed, "figure_mels", title_id).permutation(len(reader))[:CANDIDATES]
    choices = [
        ChosenClip(title_id=title_id, row=int(row), difference_db=tracks_difference_db(reader, int(row)))
        for row in candidates
    ]
    return max(choices, key=lambda choice: choice.difference_db)


def tracks_difference_db(reader: ShardReader, row: int) -> float:
    """Return the tracks' standard deviation around their mean, in dB, averaged over time and frequency.

    Levels are cut off `RANGE_DB` below the clip's loudest point, so that what nobody hears makes no difference.
    """
    levels_LTF = np.stack([power_db(reader.mel(row, track)) for track in reader.tracks])
    audible_LTF = np.maximum(levels_LTF, levels_LTF.max() - RANGE_DB)
    return float(audible_LTF.std(axis=0).mean())


def draw_clips(index: ClipIndex, choices: Sequence[ChosenClip], paths: Sequence[Path]) -> None:
    """Draw the clips to `paths` (the suffix chooses the format; `.txt` is the figure in words), as wide as a paper's
    text."""
    clips = [read_clip(index.open(choice.title_id), choice.row, stills=STILLS) for choice in choices]
    layout = SheetLayout(width=TEXT_WIDTH_IN, columns=min(COLUMNS, len(clips)))
    with plt.rc_context(STYLE):
        save(draw(clips, mel_axes(index.open(choices[0].title_id)), layout), paths, description=describe(clips))


def describe(clips: Sequence[SheetClip]) -> str:
    """Return the figure in words, for those who cannot see it."""
    tracks = listed([TrackName(track).name for track in clips[0].levels_db])
    which = listed([f"{clip.title} from {clip.begins}" for clip in clips])
    stills = "Stills and, below them, log-mel" if any(len(clip.stills) for clip in clips) else "Log-mel"
    return (
        f"{stills} spectrograms of the tracks ({tracks}) of {plural(len(clips), 'example clip')}, one "
        f"below the other on one time axis and one scale of power: {which}."
    )


def to_csv(index: ClipIndex, choices: Sequence[ChosenClip], path: Path) -> None:
    """Write which clips the figure shows: title_id, clip, start_s, difference_db, tracks (`en+es`, from the top)."""
    rows = []
    for choice in choices:
        reader = index.open(choice.title_id)
        clip, start_s = reader.index(choice.row), reader.start_s(choice.row)
        rows.append((choice.title_id, clip, start_s, round(choice.difference_db, 3), "+".join(reader.tracks)))
    frame = pd.DataFrame(rows, columns=["title_id", "clip", "start_s", "difference_db", "tracks"])
    write_text(path, frame.to_csv(index=False, lineterminator="\n"))
