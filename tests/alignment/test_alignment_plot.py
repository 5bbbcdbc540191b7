from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from test_alignment_table import FINDINGS, HEARD

from dubaug.alignment import plot
from dubaug.alignment.judge import Finding
from dubaug.alignment.measure import NOTHING
from dubaug.config import Experiment
from dubaug.tracks import TrackName
from figure_checks import assert_fonts_embedded, assert_readable


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    monkeypatch.setattr(plot, "save", lambda figure, paths, description: figures.append(figure))
    return figures


def test_every_dub_is_a_point_where_it_was_measured(drawn: list[Figure], paper_experiment: Experiment) -> None:
    late = replace(HEARD, offset_s=-12.0, drift=0.0)
    findings = [
        *FINDINGS,
        Finding(title_id="b", track=TrackName("fr"), status="cut", verdict="reject", measurement=late),
    ]
    plot.draw(findings, paper_experiment.alignment, [])
    offsets, drifts, similarities = drawn[0].axes
    seen = {
        axis: sorted(y for points in axis.collections for _, y in points.get_offsets().tolist())
        for axis in (offsets, drifts, similarities)
    }
    assert seen[offsets] == pytest.approx([-12.0, 0.7, 0.7])
    assert seen[drifts] == pytest.approx([-4.0, -4.0, 0.0])
    assert seen[similarities] == pytest.approx([0.0, 0.6125, 0.6125, 0.6125]), "the one without an offset too"
    assert offsets.get_ylim()[0] <= -12.0
    assert [tick.get_text() for tick in offsets.get_xticklabels()] == ["Spanish", "French"]
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels[:4] == [
        "drifting, kept (1)",
        "drifting, corrected (1)",
        "cut, rejected (1)",
        "dissimilar, rejected (1)",
    ]


def test_equal_findings_give_equal_bytes_and_none_is_no_error(tmp_path: Path, paper_experiment: Experiment) -> None:
    unheard = Finding(title_id="a", track=TrackName("es"), status="silent", verdict="reject", measurement=NOTHING)
    forms = (".png", ".pdf", ".txt")
    for name in ("one", "two"):
        plot.draw(FINDINGS, paper_experiment.alignment, [tmp_path / f"{name}{form}" for form in forms])
    for suffix in forms:
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()
    assert_fonts_embedded(tmp_path / "one.pdf")
    assert (tmp_path / "one.txt").read_text(encoding="utf-8") == (
        "Offset, drift and similarity of 3 dubs of 2 titles beside their films, one point a dub, by track (French "
        "and Spanish): 1 kept, 1 corrected and 1 rejected; offsets of up to 0.700 s, drifts of up to 4.000 per cent "
        "and similarities from 0.00 to 0.61.\n"
    )
    for findings in ([unheard], []):
        plot.draw(findings, paper_experiment.alignment, [tmp_path / "nothing.png", tmp_path / "nothing.txt"])
        assert (tmp_path / "nothing.png").is_file()
        assert f"of {len(findings)} dubs" in (tmp_path / "nothing.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("languages", [("fr",), ("es", "fr", "ja"), ("de", "es", "fr", "it", "ja", "pt", "zh")])
def test_it_can_be_read_at_the_texts_width(
    drawn: list[Figure], paper_experiment: Experiment, languages: tuple[str, ...]
) -> None:
    statuses = ("aligned", "shifted", "drifting", "cut", "duplicate", "dissimilar", "silent", "unreadable")
    findings = [
        Finding(title_id=str(i), track=TrackName(language), status=status, verdict=verdict, measurement=HEARD)
        for i, status in enumerate(statuses)
        for verdict in ("keep", "reject")
        for language in languages
    ]
    plot.draw(findings, paper_experiment.alignment, [])
    assert_readable(drawn[0])
