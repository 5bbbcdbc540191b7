from pathlib import Path

import pytest

from dubaug.alignment.judge import Finding
from dubaug.alignment.measure import Measurement
from dubaug.alignment.table import write_findings
from dubaug.corpus.rejects import Reject, write_rejects
from dubaug.errors import DubaugError
from dubaug.export.corpus import ANOTHER, Loss, general_reason, summarise_alignment, summarise_losses
from dubaug.tracks import TrackName


@pytest.mark.parametrize(
    ("reason", "general"),
    [
        (
            "the file ends at 30.0 s of the 90.0 s its header promises",
            "the file ends at … s of the … s its header promises",
        ),
        ("there is no file /films/Secret Film.mkv", "there is no such file"),
        ("Secret Film (1999).mkv cannot be read: Invalid data", "the file cannot be read"),
        ("Secret Film.mp4 has no audio stream 3", "the file has no audio stream …"),
        ("unexpected OSError: [Errno 5] /films/secret.mkv", "unexpected OSError"),
        ("damaged data (picture) in secret", "damaged data (picture) in the film"),
        ("moved films/secret_cut.avi elsewhere", ANOTHER),
        ("the French (fr) track is 0.700 s late", "the French (fr) track is … s late"),
    ],
)
def test_a_general_reason_names_no_film_file_or_number(reason: str, general: str) -> None:
    assert general_reason(reason, "secret") == general
    assert "ecret" not in general_reason(reason, "secret")


def test_losses_are_counted_by_stage_and_reason_each_title_once(tmp_path: Path) -> None:
    cut = [
        Reject(
            title_id=title, stage="catalogue", reason=f"the file ends at {end} s of the 90.0 s its header promises",
            advice="copy it", clips=None,
        )
        for title, end in (("alpha", 30.0), ("beta", 31.5))
    ]  # fmt: skip
    damaged = [
        Reject(title_id="gamma", stage="shards", reason="damaged data (en)", advice="copy it", clips=clips)
        for clips in (2, 3)
    ]
    write_rejects(tmp_path / "one.csv", [*cut, *damaged])
    write_rejects(tmp_path / "two.csv", cut)
    assert summarise_losses([tmp_path / "one.csv", tmp_path / "two.csv"]) == (
        Loss(stage="catalogue", reason="the file ends at … s of the … s its header promises", titles=2, clips=None),
        Loss(stage="shards", reason="damaged data (en)", titles=1, clips=5),
    )
    with pytest.raises(DubaugError, match=r"no reject list at .*three\.csv"):
        summarise_losses([tmp_path / "three.csv"])


def finding(title: str, language: str, status: str, verdict: str, offset_s: float | None) -> Finding:
    measured = Measurement(
        offset_s=offset_s, drift=None if offset_s is None else 0.0, similarity=0.5, agreement=1.0, identical=0.1,
        silence=0.0, windows=8,
    )  # fmt: skip
    return Finding(title_id=title, track=TrackName(language), status=status, verdict=verdict, measurement=measured)  # type: ignore[arg-type]


def test_dubs_are_counted_by_status_and_verdict(tmp_path: Path) -> None:
    findings = [
        finding("alpha", "es", "shifted", "correct", -1.3),
        finding("alpha", "fr", "shifted", "correct", 0.7),
        finding("beta", "es", "dissimilar", "reject", None),
    ]
    write_findings(tmp_path / "alignment.csv", findings)
    shifted, dissimilar = summarise_alignment([tmp_path / "alignment.csv"])
    assert (shifted.status, shifted.verdict, shifted.dubs, shifted.titles) == ("shifted", "correct", 2, 1)
    assert shifted.offset_s_max == pytest.approx(1.3)
    assert (dissimilar.dubs, dissimilar.titles, dissimilar.offset_s_max) == (1, 1, None)
