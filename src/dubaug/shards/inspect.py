"""A shard, as a person looks at it."""

import json
from pathlib import Path

import numpy as np

from dubaug.errors import DubaugError
from dubaug.files import atomic_path
from dubaug.shards.format import ShardReader

_FRAMES_SHOWN = 4


def describe(reader: ShardReader) -> str:
    """Return some lines: settings, clips, tracks, sizes, ranges."""
    size = reader.path.stat().st_size
    lines = [f"{reader.path}: {len(reader)} clips, {size / 1e6:.1f} MB"]
    if len(reader):
        lines[0] += f" ({size / len(reader) / 1e3:.0f} kB a clip)"
        last = len(reader) - 1
        lines.append(f"clips {reader.item(0)}:{reader.index(0)} to {reader.item(last)}:{reader.index(last)}")
        if reader.with_frames:
            frames, jpegs = reader.frames(0), reader.frames_jpeg(0)
            mean_kb = np.mean([len(jpeg) for jpeg in jpegs]) / 1e3
            lines.append(f"frames {len(jpegs)} of {frames.shape[2]}x{frames.shape[1]}, {mean_kb:.1f} kB each as JPEG")
    for track, shape in reader.mel_shapes.items():
        text = f"mel {track} " + "x".join(map(str, shape))
        if len(reader):
            mels = reader.mels(range(len(reader)), track).astype(np.float32)
            text += f", {mels.min():.2f} to {mels.max():.2f}, mean {mels.mean():.2f}"
        lines.append(text)
    lines.append(json.dumps(reader.metadata, sort_keys=True))
    return "\n".join(lines)


def contact_sheet(reader: ShardReader, path: Path, *, clips: int) -> None:
    """Draw up to `clips` clips, evenly spaced: some frames, then the left channel of each track's log-mel.

    Raises `DubaugError` if the shard is empty.
    """
    if not len(reader):
        raise DubaugError(f"{reader.path} holds no clips")
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    rows = np.unique(np.linspace(0, len(reader) - 1, clips).round().astype(int)).tolist()
    n_frames = min(_FRAMES_SHOWN, len(reader.frames_jpeg(0))) if reader.with_frames else 0
    columns = n_frames + len(reader.tracks)
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(2.4 * columns, 1.5 * len(rows) + 0.3), squeeze=False, layout="constrained"
    )
    for line, row in zip(axes, rows, strict=True):
        if n_frames:
            frames = reader.frames(row)
            shown = np.linspace(0, len(frames) - 1, n_frames).round().astype(int)
            for axis, frame in zip(line, shown, strict=False):
                axis.imshow(frames[frame])
        for axis, track in zip(line[n_frames:], reader.tracks, strict=True):
            axis.imshow(reader.mel(row, track)[0].T.astype(np.float32), origin="lower", aspect="auto", cmap="magma")
            axis.set_title(track, fontsize=8)
        line[0].set_ylabel(f"{reader.item(row)[:16]}:{reader.index(row)}", fontsize=7)
        for axis in line:
            axis.set_xticks([])
            axis.set_yticks([])
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
    plt.close(figure)
