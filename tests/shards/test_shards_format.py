"""The shard: what goes in comes out, whole or not at all, from any process."""

import multiprocessing
import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubaug.errors import DubaugError
from dubaug.media import jpeg
from dubaug.shards.format import ROWS_PER_BATCH, ShardReader, ShardWriter

SHAPE = (2, 7, 5)
CLIPS = 2 * ROWS_PER_BATCH + 3


def mel_of(row: int, track: str) -> np.ndarray:
    return np.random.default_rng([row, ord(track[0])]).normal(-8, 4, SHAPE).astype(np.float16)


def frames_of(row: int) -> np.ndarray:
    return np.stack([np.full((16, 24, 3), (row * 3 + frame) % 256, dtype=np.uint8) for frame in range(4)])


def write(path: Path, clips: int = CLIPS, tracks: tuple[str, ...] = ("en", "fr"), with_frames: bool = True) -> Path:
    writer = ShardWriter(
        path, metadata={"title_id": "a", "n": 1}, mel_shapes=dict.fromkeys(tracks, SHAPE), with_frames=with_frames
    )
    with writer as shard:
        for row in range(clips):
            shard.add(
                item="a",
                index=2 * row,
                start_s=3.0 * row,
                frames_jpeg=jpeg.encode(frames_of(row), 95) if with_frames else None,
                mels={track: mel_of(row, track) for track in tracks},
            )
    return path


@pytest.mark.parametrize("clips", [1, ROWS_PER_BATCH, ROWS_PER_BATCH + 1, CLIPS])
def test_round_trip(tmp_path: Path, clips: int) -> None:
    reader = ShardReader(write(tmp_path / "a.arrow", clips))
    assert len(reader) == clips
    assert reader.tracks == ("en", "fr")
    assert reader.metadata == {"title_id": "a", "n": 1}
    for row in reversed(range(clips)):
        assert (reader.item(row), reader.index(row), reader.start_s(row)) == ("a", 2 * row, 3.0 * row)
        for track in reader.tracks:
            mel_CTF = reader.mel(row, track)
            assert mel_CTF.dtype == np.float16
            np.testing.assert_array_equal(mel_CTF, mel_of(row, track))
        assert reader.frames_jpeg(row) == jpeg.encode(frames_of(row), 95)
        assert np.abs(reader.frames(row).astype(int) - frames_of(row)).max() <= 2
    rows = [clips - 1, 0, clips // 2]
    np.testing.assert_array_equal(reader.mels(rows, "fr"), np.stack([mel_of(row, "fr") for row in rows]))


def test_the_documentation_reads_a_shard_with_pyarrow_alone(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (repository / "docs/shards.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert "dubaug." not in snippet
    write(tmp_path / "results/shards/sintel.arrow")
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    exec(snippet, found)
    assert found["jpegs"] == jpeg.encode(frames_of(20), 95)
    np.testing.assert_array_equal(found["mel"], mel_of(20, "fr"))


def test_mels_are_views_of_the_file_that_outlive_the_reader(tmp_path: Path) -> None:
    reader = ShardReader(write(tmp_path / "a.arrow"))
    mel_CTF = reader.mel(3, "en")
    assert not mel_CTF.flags.owndata
    assert not mel_CTF.flags.writeable
    del reader
    np.testing.assert_array_equal(mel_CTF, mel_of(3, "en"))


def test_a_shard_without_frames(tmp_path: Path) -> None:
    reader = ShardReader(write(tmp_path / "a.arrow", 3, ("en",), with_frames=False))
    assert not reader.with_frames
    np.testing.assert_array_equal(reader.mel(2, "en"), mel_of(2, "en"))
    with pytest.raises(DubaugError, match="has no frames"):
        reader.frames(0)


def test_the_same_clips_are_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a.arrow").read_bytes() == write(tmp_path / "b.arrow").read_bytes()


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    class StopHereError(Exception):
        pass

    def stop_half_way() -> None:
        with ShardWriter(tmp_path / "a.arrow", metadata={}, mel_shapes={"en": SHAPE}, with_frames=False) as shard:
            for row in range(CLIPS):
                shard.add(item="a", index=row, start_s=0.0, frames_jpeg=None, mels={"en": mel_of(row, "en")})
            raise StopHereError

    with pytest.raises(StopHereError):
        stop_half_way()
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_shard_is_invisible_and_an_old_one_stays_until_the_new_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.arrow", 2)
    with ShardWriter(path, metadata={}, mel_shapes={"en": SHAPE}, with_frames=False) as shard:
        for row in range(CLIPS):
            shard.add(item="b", index=row, start_s=0.0, frames_jpeg=None, mels={"en": mel_of(row, "en")})
        assert ShardReader(path).item(0) == "a"
        assert [name.name for name in tmp_path.glob("*.arrow") if not name.name.startswith(".")] == ["a.arrow"]
    assert len(ShardReader(path)) == CLIPS


def test_what_does_not_belong_is_refused(tmp_path: Path) -> None:
    good: dict = {"item": "a", "index": 0, "start_s": 0.0, "frames_jpeg": None, "mels": {"en": mel_of(0, "en")}}
    bad = [
        ({"frames_jpeg": [b""]}, "without frames"),
        ({"mels": {"fr": mel_of(0, "fr")}}, "expected"),
        ({"mels": {"en": mel_of(0, "en")[:1]}}, "expected"),
        ({"mels": {"en": np.full(SHAPE, np.nan)}}, "not finite"),
    ]
    with ShardWriter(tmp_path / "a.arrow", metadata={}, mel_shapes={"en": SHAPE}, with_frames=False) as shard:
        for change, message in bad:
            with pytest.raises(ValueError, match=message):
                shard.add(**{**good, **change})
        shard.add(**good)
    assert len(ShardReader(tmp_path / "a.arrow")) == 1


@pytest.mark.parametrize("content", [b"", b"no shard", None])
def test_what_is_no_shard_says_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.arrow"
    if content is None:
        whole = write(path).read_bytes()
        content = whole[: len(whole) // 2]
    path.write_bytes(content)
    with pytest.raises(DubaugError, match="no readable shard"):
        len(ShardReader(path))


def test_unknown_tracks_and_rows(tmp_path: Path) -> None:
    reader = ShardReader(write(tmp_path / "a.arrow", 3))
    with pytest.raises(DubaugError, match="no track 'de'; it has en, fr"):
        reader.mel(0, "de")
    with pytest.raises(IndexError):
        reader.mel(3, "en")
    with pytest.raises(IndexError):
        reader.index(-1)


def total(reader: ShardReader) -> float:
    rows = range(len(reader))
    return float(sum(reader.mel(row, "en").astype(np.float64).sum() + reader.frames(row).sum() for row in rows))


def test_readers_are_picklable_and_many_processes_read_at_once(tmp_path: Path) -> None:
    reader = ShardReader(write(tmp_path / "a.arrow"))
    expected = total(reader)  # open by now
    assert total(pickle.loads(pickle.dumps(reader))) == expected
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(total, [reader] * 4)) == [expected] * 4
