import pickle
from pathlib import Path

import numpy as np
import pytest

from dubaug.errors import DubaugError
from dubaug.shards import index as index_module
from dubaug.shards.format import ShardWriter
from dubaug.shards.index import ClipIndex, ShardEntry, join


def shard(folder: Path, title_id: str, clips: int = 2) -> ShardEntry:
    path = folder / f"{title_id}.arrow"
    with ShardWriter(path, metadata={}, mel_shapes={"en": (1, 2, 3)}, with_frames=False) as writer:
        for row in range(clips):
            mel = np.full((1, 2, 3), row, np.float16)
            writer.add(item=title_id, index=row, start_s=0.0, frames_jpeg=None, mels={"en": mel})
    return ShardEntry(title_id=title_id, path=path, clips=clips, sha256="0" * 64)


def index_of(*shards: ShardEntry, rate: int = 48000) -> ClipIndex:
    return ClipIndex(shards=shards, tracks=("en",), sample_rate_hz=rate)


def test_an_index_goes_with_its_folder(tmp_path: Path) -> None:
    here = tmp_path / "here"
    index = index_of(shard(here / "shards", "b", 3), shard(here / "shards", "a"))
    index.save(here / "corpus/clips.json")
    assert '"../shards/a.arrow"' in (here / "corpus/clips.json").read_text()
    here.rename(tmp_path / "there")
    moved = ClipIndex.load(tmp_path / "there/corpus/clips.json")
    assert [entry.title_id for entry in moved.shards] == ["a", "b"]
    assert moved.n_clips == 5
    assert moved.open("b").index(2) == 2
    assert len(pickle.loads(pickle.dumps(moved)).open("a")) == 2


def test_batches_are_joined_in_the_order_of_the_titles(tmp_path: Path) -> None:
    joined = join([index_of(shard(tmp_path, "c"), shard(tmp_path, "a")), index_of(), index_of(shard(tmp_path, "b"))])
    assert [entry.title_id for entry in joined.shards] == ["a", "b", "c"]


def test_batches_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one = shard(tmp_path, "a")
    with pytest.raises(DubaugError, match="'a' has two shards"):
        join([index_of(one), index_of(one)])
    with pytest.raises(DubaugError, match="not made with the same settings"):
        join([index_of(one), index_of(rate=44100)])


def test_open_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "OPEN_SHARDS", 2)
    index = index_of(*[shard(tmp_path, title) for title in "abcd"])
    first = index.open("a")
    assert index.open("a") is first
    for title in "bcd":
        index.open(title)
    assert len(index._readers) == 2
    assert index.open("a") is not first


@pytest.mark.parametrize("text", ["", "[]", '{"shards": [{"title_id": "a"}], "tracks": [], "sample_rate_hz": 1}'])
def test_what_is_no_index_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "clips.json").write_text(text)
    with pytest.raises(DubaugError, match="no clip index"):
        ClipIndex.load(tmp_path / "clips.json")
