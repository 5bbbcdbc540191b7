"""A shard, as a person looks at it."""

import json
from pathlib import Path

import numpy as np

from dubaug.errors import DubaugError
from dubaug.shards.format import ShardReader

_CLIPS_READ = 64
_COLUMNS = 4
_STILLS = 4


def describe(reader: ShardReader) -> str:
    """Return some lines: settings, clips, tracks, sizes, ranges (of `_CLIPS_READ` clips, evenly spaced, or all)."""
    size = reader.path.stat().st_size
    lines = [f"{reader.path}: {len(reader)} clips, {size / 1e6:.1f} MB"]
    rows = _spread(len(reader), _CLIPS_READ)
    if rows:
        lines[0] += f" ({size / len(reader) / 1e3:.0f} kB a clip)"
        last = len(reader) - 1
        lines.append(f"clips {reader.item(0)}:{reader.index(0)} to {reader.item(last)}:{reader.index(last)}")
        if reader.with_frames:
            height, width = reader.frame_size(0)
            jpegs = [jpeg for row in rows for jpeg in reader.frames_jpeg(row)]
            mean_kb = sum(map(len, jpegs)) / len(jpegs) / 1e3
            lines.append(f"frames {len(jpegs) // len(rows)} of {width}x{height}, {mean_kb:.1f} kB each as JPEG")
    for track, shape in reader.mel_shapes.items():
        text = f"mel {track} " + "x".join(map(str, shape))
        if rows:
            mels = reader.mels(rows, track).astype(np.float32)
            text += f", {mels.min():.2f} to {mels.max():.2f}, mean {mels.mean():.2f}"
        lines.append(text)
    lines.append(json.dumps(reader.metadata, sort_keys=True))
    return "\n".join(lines)


def _spread(rows: int, most: int) -> list[int]:
    """Return at most `most` of the rows, evenly spaced from the first to the last."""
    return sorted({round(place) for place in np.linspace(0, rows - 1, min(rows, most))})


def contact_sheet(reader: ShardReader, path: Path, *, clips: int) -> None:
    """Draw up to `clips` clips, evenly spaced: some of their frames, and below them each track's log-mel.

    Raises `DubaugError` if the shard is empty, or no clip is asked for.
    """
    if not len(reader):
        raise DubaugError(f"{reader.path} holds no clips")
    if clips < 1:
        raise DubaugError(f"--clips {clips}: at least one clip can be drawn")
    import matplotlib.pyplot as plt

    from dubaug.plotting import STYLE, save
    from dubaug.shards.sheet import SheetLayout, draw, mel_axes, read_clip

    shown = [read_clip(reader, row, stills=_STILLS) for row in _spread(len(reader), clips)]
    with plt.rc_context(STYLE):
        save(draw(shown, mel_axes(reader), SheetLayout(width=11.0, columns=_COLUMNS)), [path], dpi=150)
