from pathlib import Path

import pytest
from report_factory import TABLE, Page

from dubaug.report.fragments import read_fragment


def _cleaned(tmp_path: Path, text: str, taken: set[str] | None = None) -> str:
    path = tmp_path / "table1.html"
    path.write_text(text, encoding="utf-8")
    return str(read_fragment(path, label="Table 1", taken=set() if taken is None else taken))


def test_a_table_comes_through_in_a_scrolling_region(tmp_path: Path) -> None:
    found = _cleaned(tmp_path, TABLE)
    region = '<div class="scroll" tabindex="0" role="region" aria-label="Table 1">'
    expected = TABLE.replace("<table>", f"{region}<table>").replace("</table>", "</table></div>")
    assert found == expected.replace('<p class="note run">Said once elsewhere.</p>', "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ("<p onclick='x()' style='y' class='note'>a</p>", '<p class="note">a</p>'),
        ("<p>a<img src='https://example.org/x.png'>b<a href='https://example.org'>c</a></p>", "<p>abc</p>"),
        ("<p>a<style>p { background: url(x) }</style><svg><a>x</a></svg>b</p>", "<p>ab</p>"),
        ("<p>1 &lt; 2 &amp; 3 < 4</p>", "<p>1 &lt; 2 &amp; 3 &lt; 4</p>"),
        ("<p title='\"&gt;&lt;b&gt;'>a</p>", '<p title="&quot;&gt;&lt;b&gt;">a</p>'),
        ("<p><b>a", "<p><b>a</b></p>"),
        ("<p><b>a</p></b></i>c", "<p><b>a</b></p>c"),
        ("<p>a<br>b<br/>c</p>", "<p>a<br>b<br>c</p>"),
    ],
)
def test_only_what_belongs_into_a_table_stays(tmp_path: Path, given: str, expected: str) -> None:
    assert _cleaned(tmp_path, given) == expected


def test_an_id_that_is_taken_gets_a_number_and_cells_follow(tmp_path: Path) -> None:
    taken = {"h"}
    assert (
        _cleaned(tmp_path, '<p id="h">a</p><b headers="h x">c</b>', taken)
        == '<p id="h-2">a</p><b headers="h-2 x">c</b>'
    )
    assert taken == {"h", "h-2"}
    assert _cleaned(tmp_path, '<p id="h">a</p>', taken) == '<p id="h-3">a</p>'


def test_what_is_left_open_is_closed_with_its_region(tmp_path: Path) -> None:
    assert Page(_cleaned(tmp_path, "<figure><table><tr><td>1")).faults == []
