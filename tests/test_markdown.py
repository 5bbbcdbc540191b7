import pytest

from dubaug.markdown import escape, table_lines


def test_a_table_has_its_head_its_sides_and_no_bar_in_a_cell() -> None:
    assert table_lines(["a", "b|c", "d", "e"], "lcr-", [["1", "2", "x\\", "|"]]) == [
        "| a | b\\|c | d | e |",
        "| :-- | :-: | --: | --- |",
        "| 1 | 2 | x\\ | \\| |",
    ]


def test_text_from_outside_is_shown_as_it_stands() -> None:
    assert escape("<b>x</b> &lt; $a$ *b* [c](d) `e` _f_ g_h\nR&D 1 < 2") == (
        "&lt;b>x&lt;/b> &amp;lt; \\$a\\$ \\*b\\* \\[c\\](d) \\`e\\` \\_f\\_ g_h R&D 1 &lt; 2"
    )


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"2 columns has rows of \[2, 3\]"):
        table_lines(["a", "b"], "ll", [["1", "2", "3"]])
