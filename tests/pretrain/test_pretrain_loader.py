"""Batches come in order, each as it would be alone, whatever the number of threads that read them."""

import shutil
import threading
from pathlib import Path

import pytest
import torch

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource
from dubaug.pretrain.loader import loaded

CPU = torch.device("cpu")
BATCHES = [
    [Clip("alpha", 0), Clip("beta", 1)],
    [Clip("gamma", 1), Clip("alpha", 3)],
    [Clip("beta", 0)],
    [Clip("alpha", 6), Clip("alpha", 5), Clip("gamma", 0)],
    [Clip("beta", 4), Clip("beta", 3)],
    [Clip("alpha", 1), Clip("beta", 2)],
]


@pytest.mark.parametrize("workers", [0, 1, 2, 5, 12])
def test_every_batch_is_what_reading_it_alone_gives(tiny: Experiment, tiny_clips: Path, workers: int) -> None:
    source = ClipSource(tiny, "efj", 3, tiny_clips, None)
    taken = 0
    for batch in loaded(source, BATCHES, epoch=2, first_step=4, workers=workers, device=CPU):
        alone = ClipSource(tiny, "efj", 3, tiny_clips, None).read(BATCHES[taken], epoch=2, step=4 + taken)
        assert (batch.names, batch.video_views, batch.audio_views) == (
            alone.names,
            alone.video_views,
            alone.audio_views,
        )
        assert batch.frames is not None
        assert alone.frames is not None
        assert torch.equal(batch.frames, alone.frames)
        assert all(torch.equal(batch.mels[view], alone.mels[view]) for view in alone.mels)
        taken += 1
    assert taken == len(BATCHES)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_is_valid_until_the_next_is_asked_for(tiny: Experiment, tiny_clips: Path, workers: int) -> None:
    """However long the trainer takes, the threads that read ahead leave the batch in use alone."""
    source = ClipSource(tiny, "es", 0, tiny_clips, None)
    batches = BATCHES * 5
    for batch in loaded(source, batches, epoch=0, first_step=0, workers=workers, device=CPU):
        assert batch.frames is not None
        before = batch.frames.clone()
        torch.randn(200, 200) @ torch.randn(200, 200)
        assert torch.equal(batch.frames, before)


@pytest.mark.parametrize("workers", [0, 3])
def test_what_cannot_be_read_ends_the_run_where_it_stands(
    tiny: Experiment, tiny_clips: Path, tmp_path: Path, workers: int
) -> None:
    copy = shutil.copytree(tiny_clips.parent, tmp_path / "corpus")
    (copy / "gamma.arrow").write_bytes(b"no shard")
    source = ClipSource(tiny, "efj", 0, copy / tiny_clips.name, None)
    batches = loaded(source, BATCHES, epoch=0, first_step=0, workers=workers, device=CPU)
    assert next(batches).names == ("alpha:0", "beta:1")
    with pytest.raises(DubaugError, match="gamma"):
        next(batches)


def test_leaving_early_leaves_no_thread_behind(tiny: Experiment, tiny_clips: Path) -> None:
    source = ClipSource(tiny, "efj", 0, tiny_clips, None)
    batches = loaded(source, BATCHES * 10, epoch=0, first_step=0, workers=3, device=CPU)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-clips")]
