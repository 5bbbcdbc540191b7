"""What a batch holds: every clip's own pixels and log-mels, whatever the sizes of its neighbours."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import torch

from dubaug.config import Experiment
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource, Memory


def test_pictures_of_one_size_fill_the_batch(tiny: Experiment, tiny_clips: Path) -> None:
    source = ClipSource(tiny, "efj", 0, tiny_clips, None)
    clips = [Clip("beta", 4), Clip("beta", 0), Clip("gamma", 1)]
    frames_BTHWC = source.read(clips, epoch=0, step=0).frames
    assert frames_BTHWC is not None
    assert frames_BTHWC.shape == (3, 2, 36, 48, 3)
    for place, clip in zip(frames_BTHWC, clips, strict=True):
        assert np.array_equal(place.numpy(), source.index.open(clip.title_id).frames(clip.row))


def test_smaller_pictures_lie_in_the_corner_and_the_rest_is_black(tiny: Experiment, tiny_clips: Path) -> None:
    source = ClipSource(tiny, "efj", 0, tiny_clips, None)
    batch = source.read([Clip("beta", 2), Clip("alpha", 6)], epoch=0, step=0)
    assert batch.frames is not None
    assert batch.frames.shape == (2, 2, 36, 64, 3)
    assert np.array_equal(batch.frames[0, :, :, :48].numpy(), source.index.open("beta").frames(2))
    assert not batch.frames[0, :, :, 48:].any()
    assert np.array_equal(batch.frames[1].numpy(), source.index.open("alpha").frames(6))
    assert [view.source_width for view in batch.video_views] == [48, 64]


def test_the_batch_holds_each_clips_own_sound(tiny: Experiment, tiny_clips: Path) -> None:
    source = ClipSource(tiny, "es", 0, tiny_clips, None)
    clips = [Clip("alpha", 5), Clip("gamma", 0)]
    mels = source.read(clips, epoch=1, step=3).mels
    for view, track in (("primary", "en"), ("secondary", "es")):
        for place, clip in zip(mels[view], clips, strict=True):
            assert np.array_equal(place.numpy(), source.index.open(clip.title_id).mel(clip.row, track))


def test_memory_used_again_holds_nothing_of_the_batch_before(tiny: Experiment, tiny_clips: Path) -> None:
    source = ClipSource(tiny, "efj", 0, tiny_clips, None)
    memory = Memory()
    large = source.read([Clip("alpha", row) for row in range(3)], epoch=0, step=0, memory=memory)
    clips = [Clip("beta", 2), Clip("alpha", 6)]  # of two widths: what is beside the narrow one must be black again
    again = source.read(clips, epoch=0, step=1, memory=memory)
    alone = source.read(clips, epoch=0, step=1)
    assert large.frames is not None
    assert again.frames is not None
    assert alone.frames is not None
    assert again.frames.data_ptr() == large.frames.data_ptr()
    assert torch.equal(again.frames, alone.frames)
    assert all(torch.equal(again.mels[view], alone.mels[view]) for view in alone.mels)


def test_threads_may_read_from_one_source_at_once(tiny: Experiment, tiny_clips: Path) -> None:
    """Shards are opened by whoever comes first, and closed when too many are open."""
    clips = [Clip(title, row) for title, rows in (("alpha", 7), ("beta", 5), ("gamma", 2)) for row in range(rows)]
    alone = ClipSource(tiny, "efj", 0, tiny_clips, None)
    expected = {clip: alone.read([clip], epoch=0, step=0).frames for clip in clips}
    for _ in range(20):
        source = ClipSource(tiny, "efj", 0, tiny_clips, None)
        barrier = Barrier(8)

        def read(number: int, source: ClipSource = source, barrier: Barrier = barrier) -> bool:
            barrier.wait()
            order = clips[number % len(clips) :] + clips[: number % len(clips)]
            return all(torch.equal(source.read([clip], epoch=0, step=0).frames, expected[clip]) for clip in order)

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(read, range(8)))
