"""Frozen encoders over a data set's windows: one vector a recording (FACTS.md section 2).

Encoder outputs without projection heads, averaged over the windows of a recording. Shape suffixes: N item, W window,
B batch, C channel, T time, F mel bin, H height, W width, D embedding.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from dubaug.downstream.features import TaskFeatures
from dubaug.downstream.parallel import in_order
from dubaug.errors import DubaugError
from dubaug.hardware import usable_cores
from dubaug.progress import Progress

if TYPE_CHECKING:
    from dubaug.pretrain.checkpoint import TrainedEncoders

Modality = Literal["A", "V"]

LOADERS_MAX = 8
"""Threads that read and decode windows ahead of the encoder."""


def embed(
    features: TaskFeatures,
    encoders: "TrainedEncoders",
    *,
    modality: Modality,
    batch: int,
    device: torch.device | str,
) -> np.ndarray:
    """Return one embedding a recording by the audio or the video encoder, float32 (items, D).

    Audio takes the log-mel track of the encoders' own sample rate; video takes the frames as stored (scaled and cut
    to a square by `dubaug features`), cropped in the middle to the encoder's size, values in 0..1 as in training.
    Neither `batch` nor `device` changes more than the last digits. Raises `DubaugError` if the features have no such
    track or picture, or the encoders no video, or the sizes are others than in training.
    """
    device = torch.device(device)
    load, encoder = _audio(features, encoders) if modality == "A" else _video(features, encoders)
    encoder = encoder.to(device).eval()
    n_windows, n_items = len(features.window_items), features.dataset.n_items
    result_ND = np.zeros((n_items, encoders.spec.encoders.embedding_dim), dtype=np.float32)
    progress = Progress(f"embedding {features.task} ({modality})", n_windows, "windows")
    done = 0
    with torch.inference_mode():
        for windows in _batches(load, n_windows, batch):
            embedding_BD = encoder(_network_input(windows, device)).float().cpu().numpy()
            rows = features.window_items[done : done + len(embedding_BD)]
            np.add.at(result_ND, rows, embedding_BD)
            done += len(embedding_BD)
            progress.advance(len(embedding_BD))
    result_ND /= np.bincount(features.window_items, minlength=n_items)[:, None]
    return result_ND


_Windows = Callable[[int], np.ndarray]
"""Reads the window of a row, in any thread."""


def _audio(features: TaskFeatures, encoders: "TrainedEncoders") -> tuple[_Windows, torch.nn.Module]:
    """Return what reads a window's log-mel, float16 (C, T, F), and the encoder for it."""
    spec = encoders.spec
    track = str(spec.sample_rate_hz)
    shape = features.reader.mel_shapes.get(track)
    expected = encoders.audio.clip_shape
    if shape != expected:
        found = ", ".join(f"{name} Hz {size}" for name, size in features.reader.mel_shapes.items()) or "none"
        raise DubaugError(
            f"task {features.task}: the {spec.variant} encoders take log-mels {expected} at {track} Hz; the features "
            f"have {found}. Run `dubaug features` with the configuration of the encoders"
        )
    return lambda row: features.reader.mel(row, track), encoders.audio


def _video(features: TaskFeatures, encoders: "TrainedEncoders") -> tuple[_Windows, torch.nn.Module]:
    """Return what reads a window's frames, uint8 (T, crop, crop, 3), and the encoder for them."""
    spec, crop = encoders.spec, encoders.spec.encoders.video.crop
    if encoders.video is None:
        raise DubaugError(f"task {features.task} needs video, and the {spec.variant} encoders have none")
    if not features.reader.with_frames:
        raise DubaugError(f"task {features.task} has no video: its modality must be A")

    def read(row: int) -> np.ndarray:
        frames_THWC = features.reader.frames(row)
        n_frames, height, width, _ = frames_THWC.shape
        if n_frames != spec.frames or min(height, width) < crop:
            raise DubaugError(
                f"task {features.task}: windows have {n_frames} frames of {height} x {width}, the {spec.variant} "
                f"encoders take {spec.frames} of {crop} x {crop}"
            )
        top, left = (height - crop) // 2, (width - crop) // 2
        return frames_THWC[:, top : top + crop, left : left + crop]

    return read, encoders.video


def _batches(windows: _Windows, n_windows: int, batch: int) -> Iterator[np.ndarray]:
    """Yield all windows in order, `batch` at a time, read ahead by threads (two batches at most are held)."""
    threads = min(LOADERS_MAX, usable_cores())
    with ThreadPoolExecutor(threads) as pool:
        held: list[np.ndarray] = []
        for window in in_order(pool, windows, range(n_windows), ahead=batch):
            held.append(window)
            if len(held) == batch:
                yield np.stack(held)
                held = []
        if held:
            yield np.stack(held)


def _network_input(windows: np.ndarray, device: torch.device) -> torch.Tensor:
    """Return float32 on `device`: (B, C, T, F) of log-mels, (B, 3, T, H, W) in 0..1 of frames (B, T, H, W, 3)."""
    batch = torch.from_numpy(windows).to(device)
    return batch.float().div_(255).permute(0, 4, 1, 2, 3) if batch.dtype == torch.uint8 else batch.float()
