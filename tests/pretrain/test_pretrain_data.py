"""What a batch holds: every clip's own pixels and log-mels, whatever the sizes of its neighbours."""

from pathlib import Path

import numpy as np
import torch

from dubaug.config import Experiment
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource, loaded


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


def test_the_same_batches_whatever_the_number_of_workers(tiny: Experiment, tiny_clips: Path) -> None:
    batches = [[Clip("alpha", 0), Clip("beta", 1)], [Clip("gamma", 1), Clip("alpha", 3)], [Clip("beta", 0)]]
    read = {}
    for workers in (0, 2):
        source = ClipSource(tiny, "efj", 3, tiny_clips, None)
        device = torch.device("cpu")
        read[workers] = list(loaded(source, batches, epoch=2, first_step=4, workers=workers, device=device))
    for one, other in zip(read[0], read[2], strict=True):
        assert one.names == other.names
        assert one.video_views == other.video_views
        assert one.audio_views == other.audio_views
        assert torch.equal(one.frames, other.frames)
        assert all(torch.equal(one.mels[view], other.mels[view]) for view in one.mels)
