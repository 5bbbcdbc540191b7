import os
import unicodedata
from pathlib import Path

import pytest
from downstream_files import touch, write

from dubaug.downstream import load_dataset
from dubaug.downstream.lists import read_lines, read_table, read_text, require_files, unlike, walk
from dubaug.errors import DubaugError

NFC, NFD = (unicodedata.normalize(form, "caf\u00e9.wav") for form in ("NFC", "NFD"))
LINE_ENDS = "\x0b\x0c\x1c\x85\u2028\u2029"
"""What `str.splitlines` takes for ends of lines, and neither CSV nor a list does."""


@pytest.mark.parametrize("inside", ["\n", "\r\n", *LINE_ENDS])
def test_a_field_of_csv_may_hold_any_line_end(tmp_path: Path, inside: str) -> None:
    write(tmp_path / "a.csv", f'idx,label\r\n0,"a{inside}b"\r\n1,c\r\n')
    labels = [row["label"] for row in read_table(tmp_path / "a.csv", ("idx", "label"))]
    assert labels == [f"a{inside}b", "c"]


def test_lines_end_where_lists_end_them(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", f" a{LINE_ENDS}b.avi 1 \r\n\r\nc.avi 2\rd.avi 0")
    assert read_lines(tmp_path / "a.txt") == [f"a{LINE_ENDS}b.avi 1", "c.avi 2", "d.avi 0"]


def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", 'idx,label\n0,"a\n1,b\n')
    with pytest.raises(DubaugError, match=r"a\.csv is no CSV \(unexpected end of data\)"):
        read_table(tmp_path / "a.csv", ("idx", "label"))


def test_a_vocabulary_with_a_line_end_in_a_label(hear_folder) -> None:
    splits = {f"fold{n:02d}": {f"{n}a.wav": ["a\nb"], f"{n}b.wav": ["b\u2028c"]} for n in range(3)}
    folder = hear_folder(splits, vocabulary='idx,label\n0,"a\nb"\n1,b\u2028c\n')
    assert load_dataset("hear", folder).classes == (("a\nb", "b\u2028c"),)


def test_what_stands_in_place_of_a_listed_file_is_said(tmp_path: Path) -> None:
    folder, pipe, loop, link = (tmp_path / f"{name}.wav" for name in ("folder", "pipe", "loop", "link"))
    folder.mkdir()
    os.mkfifo(pipe)  # nobody writes to it
    loop.symlink_to(loop)
    touch(tmp_path / "a.wav")
    link.symlink_to("a.wav")
    require_files([tmp_path / "a.wav", link], tmp_path / "list")
    for path, words in [(folder, "it is a folder"), (pipe, "it is a pipe"), (loop, "a link that leads back to itself")]:
        with pytest.raises(DubaugError, match=rf"list names {path.name}, and there is no {path}, {words}: is the"):
            require_files([path], tmp_path / "list")
        with pytest.raises(DubaugError, match=rf"{path} is missing, {words}: "):
            read_text(path)


def test_a_name_that_only_looks_the_same_is_spelled_out(tmp_path: Path) -> None:
    touch(tmp_path / NFD)
    words = r"caf.\.wav \('cafe\\u0301\.wav' is there, spelled otherwise than 'caf\\xe9\.wav': rename one\): is the"
    with pytest.raises(DubaugError, match=words):
        require_files([tmp_path / NFC], tmp_path / "list")
    assert unlike("a", ["b", "a "]) == " ('a ' is there, spelled otherwise than 'a': rename one)"
    assert unlike("a", ["a", "b"]) == ""


def test_a_label_that_only_looks_the_same_is_spelled_out(hear_folder) -> None:
    splits = {f"fold{n:02d}": {f"{n}a.wav": ["\u00e9"], f"{n}b.wav": ["b"]} for n in range(3)}
    with pytest.raises(DubaugError, match=r"does not name \('e\\u0301' is there, spelled otherwise than '\\xe9'"):
        load_dataset("hear", hear_folder(splits, vocabulary="idx,label\n0,e\u0301\n1,b\n"))


@pytest.mark.parametrize("layout", ["vggsound", "voxforge"])
def test_a_link_back_to_a_folder_above_doubles_nothing(tmp_path: Path, layout: str) -> None:
    write(tmp_path / "vggsound.csv", "a,0,x,train\nb,0,x,test\n")
    touch(tmp_path / "de/Trunk/a-1-x/wav/a.wav", tmp_path / "videos/a_000000.mp4")
    (tmp_path / "videos/again").symlink_to(tmp_path)
    with pytest.raises(DubaugError, match=r"videos/again is a link that leads back to a folder above it: remove it"):
        load_dataset(layout, tmp_path)


def test_a_folder_that_cannot_be_listed_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(DubaugError, match=r"none cannot be listed \(No such file or directory\)"):
        list(walk(tmp_path / "none"))
