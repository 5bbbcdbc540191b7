"""What a batch holds: every clip's own pixels and log-mels, whatever the sizes of its neighbours."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import torch

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.pretrain.batches import Clip
from dubaug.pretrain.data import ClipSource, Memory
from dubaug.shards.format import ShardWriter
from dubaug.shards.index import ClipIndex


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


def _rewritten(clips: Path, folder: Path, title: str, change: Callable[[dict[str, np.ndarray]], Any]) -> Path:
    """Copy the corpus, with one title's shard written anew: `change` gives the mels of each of its clips, or None."""
    copy = shutil.copytree(clips.parent, folder) / clips.name
    old = ClipIndex.load(clips).open(title)
    rows = [(row, change({track: old.mel(row, track) for track in old.tracks})) for row in range(len(old))]
    kept = [(row, mels) for row, mels in rows if mels is not None]
    shapes = {track: mel.shape for track, mel in kept[0][1].items()}
    with ShardWriter(folder / f"{title}.arrow", metadata={}, mel_shapes=shapes, with_frames=True) as shard:
        for row, mels in kept:
            shard.add(item=title, index=row, start_s=0.0, frames_jpeg=old.frames_jpeg(row), mels=mels)
    return copy


def test_the_one_shard_that_lacks_a_language_is_named(tiny: Experiment, tiny_clips: Path, tmp_path: Path) -> None:
    clips = _rewritten(tiny_clips, tmp_path / "c", "beta", lambda mels: {t: m for t, m in mels.items() if t != "fr"})
    with pytest.raises(DubaugError, match=r"c/beta\.arrow has no track 'fr' \(it has en, es, ja\): delete it"):
        ClipSource(tiny, "efj", 0, clips, None).check()
    ClipSource(tiny, "es", 0, clips, None).check()  # which needs no French


def test_the_one_shard_of_another_feature_size_is_named(tiny: Experiment, tiny_clips: Path, tmp_path: Path) -> None:
    clips = _rewritten(tiny_clips, tmp_path / "c", "gamma", lambda mels: {t: m[:, :, :-1] for t, m in mels.items()})
    expected = r"c/gamma\.arrow: 'en' is \(2, 30, 24\), the configuration says \(2, 30, 25\): delete it"
    with pytest.raises(DubaugError, match=expected):
        ClipSource(tiny, "efj", 0, clips, None).check()


def test_separated_sound_is_looked_at_too(
    tiny: Experiment, tiny_clips: Path, tmp_path: Path, write_corpus: Callable[..., Path]
) -> None:
    other = write_corpus(tmp_path / "other", tiny, ("es",), frames=False)
    with pytest.raises(DubaugError, match=r"other/alpha\.arrow has no track 'en'"):
        ClipSource(tiny, "sep", 0, tiny_clips, other).check()


def test_a_shard_with_other_clips_than_its_index_says_is_named(
    tiny: Experiment, tiny_clips: Path, tmp_path: Path
) -> None:
    seen: list[int] = []
    clips = _rewritten(tiny_clips, tmp_path / "c", "alpha", lambda mels: seen.append(1) or (mels if seen[5:] else None))
    with pytest.raises(DubaugError, match=r"c/alpha\.arrow has 2 clips, its index 7: run dubaug index"):
        ClipSource(tiny, "efj", 0, clips, None).check()


def test_sound_at_another_rate_is_refused(tiny: Experiment, tiny_clips: Path) -> None:
    other = replace(tiny, clips=replace(tiny.clips, sample_rate_hz=22050))
    with pytest.raises(DubaugError, match=r"was made at 16000 Hz, the configuration says 22050"):
        ClipSource(other, "efj", 0, tiny_clips, None).check()


def test_a_shard_that_is_missing_is_named(tiny: Experiment, tiny_clips: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_clips.parent, tmp_path / "c")
    (copy / "beta.arrow").unlink()
    with pytest.raises(DubaugError, match=r"c/beta\.arrow"):
        ClipSource(tiny, "efj", 0, copy / tiny_clips.name, None).check()
