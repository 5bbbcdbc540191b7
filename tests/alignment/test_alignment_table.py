from dataclasses import replace
from pathlib import Path

import pytest

from dubaug.alignment.judge import Finding
from dubaug.alignment.measure import NOTHING, Measurement
from dubaug.alignment.table import COLUMNS, moves_by_title, read_findings, without_rejected, write_findings
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.errors import DubaugError
from dubaug.media.warp import Move
from dubaug.tracks import TrackName

HEARD = Measurement(
    offset_s=0.7, drift=-0.04, similarity=0.6125, agreement=0.875, identical=0.25, silence=0.125, windows=8
)
FINDINGS = (
    Finding(title_id="a", track=TrackName("es"), status="drifting", verdict="correct", measurement=HEARD),
    Finding(title_id="a", track=TrackName("fr"), status="drifting", verdict="keep", measurement=HEARD),
    Finding(title_id="b", track=TrackName("es"), status="dissimilar", verdict="reject", measurement=NOTHING),
)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "alignment.csv"
    write_findings(path, reversed(FINDINGS))
    assert read_findings([path]) == FINDINGS
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert lines[3] == "b,es,dissimilar,reject,,,0.0000,0.0000,0.0000,0.0000,0"


def test_only_what_is_to_be_corrected_moves_and_one_bad_dub_rejects_a_title() -> None:
    later = replace(FINDINGS[0], track=TrackName("ja"), measurement=replace(HEARD, offset_s=1.0, drift=0.0))
    assert moves_by_title([*FINDINGS, replace(FINDINGS[0], title_id="c"), later]) == {
        "a": {"es": Move(offset_s=0.7, rate=0.96), "ja": Move(offset_s=1.0)},
        "c": {"es": Move(offset_s=0.7, rate=0.96)},
    }
    track = Track(name=TrackName("en"), stream=0)
    titles = [Title(title_id=name, path=Path("f.mkv"), minutes=1.0, clips=20, tracks=(track,)) for name in "cba"]
    assert [title.title_id for title in without_rejected(titles, FINDINGS)] == ["c", "a"]
    assert without_rejected(titles, ()) == titles


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    with pytest.raises(DubaugError, match="make it with `dubaug align`"):
        read_findings([path])
    path.write_text("title_id,path\n", encoding="utf-8")
    with pytest.raises(DubaugError, match="is no alignment of dubs, it has no column"):
        read_findings([path])
    write_findings(path, FINDINGS)
    path.write_text(path.read_text(encoding="utf-8").replace("dissimilar", "unlike"), encoding="utf-8")
    with pytest.raises(DubaugError, match="title b: status 'unlike', expected one of: aligned, shifted"):
        read_findings([path])
