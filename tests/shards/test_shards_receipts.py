"""Every clip that was found stands in a shard or is rejected."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubaug.corpus.rejects import Reject, read_rejects
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.errors import DubaugError, MediaError
from dubaug.shards.format import ShardWriter
from dubaug.shards.index import ClipIndex
from dubaug.shards.receipts import (
    Batch,
    Losses,
    TitleOutcome,
    balance,
    kept,
    nothing_left,
    rejected,
    shard_path,
    written,
)
from dubaug.tracks import TrackName

COPY = MediaError("the disk is scratched", "copy it again")


def title(title_id: str, clips: int) -> Title:
    track = Track(name=TrackName("en"), stream=0)
    return Title(title_id=title_id, path=Path("a.mkv"), minutes=1.0, clips=clips, tracks=(track,))


def write_shard(folder: Path, film: Title, indices: list[int], losses: Losses) -> TitleOutcome:
    path = shard_path(film, folder)
    with ShardWriter(path, metadata={}, mel_shapes={"en": (1, 2, 3)}, with_frames=False) as writer:
        for index in indices:
            mels = {"en": np.zeros((1, 2, 3), np.float16)}
            writer.add(item=film.title_id, index=index, start_s=0.0, frames_jpeg=None, mels=mels)
    return written(film, folder, clips=len(indices), losses=losses, made_of="x", stage="shards")


def finish(films: list[Title], outcomes: list[TitleOutcome], folder: Path) -> None:
    batch = Batch(dict.fromkeys(films), "cutting clips")
    batch.outcomes += outcomes
    batch.finish(("en",), 48000, folder / "batch0.json", folder / "rejected0.csv")


def test_what_was_lost_is_listed_by_its_cause(tmp_path: Path) -> None:
    film = title("a", 10)
    en = TrackName("en")
    losses = Losses(damaged={1: "picture", 2: "picture", 4: "en", 6: "picture"}, stopped=COPY)
    losses.mended = {0: ((en, 0.1), (en, -0.02), (en, 0.05)), 5: ((en, 0.2),)}
    outcome = write_shard(tmp_path, film, [0, 3, 5], losses)
    assert [(reject.reason, reject.clips) for reject in outcome.rejects] == [
        ("damaged data (en) in clips 4 of 0-9", 1),
        ("damaged data (picture) in clips 1-2, 6 of 0-9", 3),
        ("only the first 7 of 10 clips could be decoded: the disk is scratched", 3),
        ("sound is cut where its timestamps overlap: 0.02 s of en in clips 0", 0),
        ("holes in the sound are filled with silence: 0.35 s of en in clips 0, 5", 0),
    ]
    assert outcome.rejects[2].advice == "copy it again"
    assert kept(film, tmp_path, made_of="x") == outcome
    finish([film], [outcome], tmp_path)


def test_why_nothing_is_left() -> None:
    assert nothing_left(Losses(stopped=COPY)) is COPY
    assert nothing_left(Losses(damaged={0: "en"})).reason == "damaged data (en) in every clip"
    assert nothing_left(Losses()).reason == "no whole clip could be decoded"


def test_a_batch_is_written_when_all_its_clips_are_accounted_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films = [title("b", 2), title("a", 3), title("c", 1)]
    bad = rejected(films[0], COPY, stage="shards")
    good = write_shard(tmp_path, films[1], [0, 2], Losses(damaged={1: "en"}))
    last = write_shard(tmp_path, films[2], [0], Losses())
    with pytest.raises(DubaugError, match=r"c: 1 found, 0 written, 0 rejected"):
        finish(films, [good, bad], tmp_path)
    with pytest.raises(DubaugError, match=r"b: 2 found, 0 written, 4 rejected"):
        finish(films, [good, bad, bad, last], tmp_path)
    with pytest.raises(DubaugError, match=r"a: 4 found, 2 written, 1 rejected"):
        finish([replace(films[1], clips=4), films[0], films[2]], [good, bad, last], tmp_path)
    manifest, reject_list = tmp_path / "batch0.json", tmp_path / "rejected0.csv"
    assert not manifest.exists()
    assert not reject_list.exists()
    finish(films, [bad, good, last], tmp_path)
    index = ClipIndex.load(manifest)
    assert (index.shards, index.tracks, index.sample_rate_hz) == ((good.entry, last.entry), ("en",), 48000)
    assert read_rejects([reject_list]) == (*good.rejects, *bad.rejects)
    assert capsys.readouterr().err == "3 clips of 2 titles; 1 titles rejected\n"
    # the file is counted, not what is said of it
    write_shard(tmp_path, films[1], [0], Losses(damaged={1: "en", 2: "en"}))
    with pytest.raises(DubaugError, match=r"a: 3 found, 1 written, 1 rejected"):
        finish(films, [good, bad, last], tmp_path)


def test_all_stages_together_account_for_all_clips(tmp_path: Path) -> None:
    films = [title("a", 3), title("b", 2)]
    made = write_shard(tmp_path, films[0], [0, 2], Losses(damaged={1: "en"}))
    assert made.entry is not None
    shifted = rejected(films[1], COPY, stage="alignment")
    unused = Reject(title_id="c", stage="catalogue", reason="no sound", advice="none")
    balance(films, {"a": made.entry.clips}, [*made.rejects, *shifted.rejects, unused])
    with pytest.raises(DubaugError, match=r"b: 2 found, 0 written, 0 rejected"):
        balance(films, {"a": made.entry.clips}, made.rejects)
