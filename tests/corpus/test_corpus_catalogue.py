from pathlib import Path

import pytest

from dubaug.corpus.catalogue import read_catalogue
from dubaug.corpus.tracks import BY_TAGS, Track
from dubaug.errors import DubaugError
from dubaug.tracks import TrackName
from film_factory import write_catalogue


def test_only_two_columns_are_needed_and_paths_are_relative_to_the_catalogue(tmp_path: Path) -> None:
    films = read_catalogue(write_catalogue(tmp_path / "c.csv", ["a,films/a.mkv", "b,/elsewhere/b.mkv"]))
    assert [film.path for film in films] == [tmp_path / "films/a.mkv", Path("/elsewhere/b.mkv")]


def test_all_columns(tmp_path: Path) -> None:
    header = "genres,title_id,path,original_language,year,minutes,tracks,mine"
    row = "Drama|Action,a,a.mkv,fre,1999,100,en:0|spa:1|fr:other/f.ac3,x"
    (film,) = read_catalogue(write_catalogue(tmp_path / "c.csv", [row], header))
    assert (film.genres, film.year, film.original_language) == ("Drama|Action", "1999", "fr")
    assert film.tracks == (
        Track(name=TrackName("en"), stream=0),
        Track(name=TrackName("es"), stream=1),
        Track(name=TrackName("fr"), stream=BY_TAGS, path=tmp_path / "other/f.ac3"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title_id;path\na;a.mkv\n", "has no column `title_id`; its first line has: title_id;path"),
        ("title_id,file\na,a.mkv\n", "has no column `path`"),
        ("", "has no column `title_id`; its first line has: nothing"),
        ("title_id,path\n", "has no rows"),
        ("title_id,path\na,a.mkv\nb,b.mkv\na,c.mkv\n", "line 4: title_id 'a' is already on line 2"),
        ("title_id,path\na/b,a.mkv\n", "line 2: title_id 'a/b'"),
        ("title_id,path\n..,a.mkv\n", "title_id '..'"),
        ("title_id,path\na,../a.mkv\n", "climbs out of the catalogue's folder"),
        ("title_id,path\na,x/../../a.mkv\n", "climbs out"),
        ("title_id,path\na,\n", "title a has no path"),
        ("title_id,path\na\n", "title a has no path"),
        ("title_id,path\na,Hello, World.mkv\n", "line 2: 3 fields, the first line has 2: put what has a comma"),
        ("title_id,path,path\na,a.mkv,b.mkv\n", "has the column `path` twice"),
        ('title_id,path\na,"a.mkv\nb,b.mkv"\n', "line 2: column `path` has '\\n' in it: is a quote (\") not closed?"),
        ("title_id,path\na,a\u2028b.mkv\n", "line 2: column `path` has '\\u2028' in it"),
        ("title_id,path\na,a\0b.mkv\n", "line 2: column `path` has '\\x00' in it"),
        ('title_id,path\na,a.mkv\nb,"b.mkv\nc,c.mkv\n', "line 3: unexpected end of data. Is a quote"),
        ('title_id,path\na,"a".mkv\n', "line 2: ',' expected after"),
        (f"title_id,path\na,a.mkv\nb,{'b' * 140_000}\n", "line 3: field larger than field limit (131072)"),
        ("title_id,path,tracks\na,a.mkv,english\n", "expected language:stream"),
        ("title_id,path,tracks\na,a.mkv,en:0|eng:1\n", "names en twice"),
        ("title_id,path,tracks\na,a.mkv,fr:../f.ac3\n", "climbs out"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DubaugError) as caught:
        read_catalogue(path)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_what_a_spreadsheet_adds_is_left_alone(tmp_path: Path) -> None:
    """Columns without a name, rows without a cell, remarks of several lines in a column that is the owner's own."""
    rows = ["a,a.mkv,,,", '"b","b, c.mkv",1999,"one\ntwo"', ",,,,", "", "c,c.mkv"]
    films = read_catalogue(write_catalogue(tmp_path / "c.csv", rows, "title_id,path,year,remark,,"))
    assert [(film.title_id, film.path.name, film.year) for film in films] == [
        ("a", "a.mkv", ""),
        ("b", "b, c.mkv", "1999"),
        ("c", "c.mkv", ""),
    ]


def test_text_that_is_not_utf8_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes("title_id,path\na,Amélie.mkv\n".encode("latin1"))
    with pytest.raises(DubaugError, match="not UTF-8"):
        read_catalogue(path)
    with pytest.raises(DubaugError, match=r"corpus\.catalogue"):
        read_catalogue(tmp_path / "none.csv")


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(b"\xef\xbb\xbftitle_id, path\r\na,a.mkv\r\n")
    assert read_catalogue(path)[0].path == tmp_path / "a.mkv"


def test_only_the_first_faults_are_listed(tmp_path: Path) -> None:
    path = write_catalogue(tmp_path / "c.csv", [f"{number}/,a.mkv" for number in range(20)])
    with pytest.raises(DubaugError, match=r"and 15 more"):
        read_catalogue(path)


def test_paths_may_climb_where_the_configuration_says_so(tmp_path: Path) -> None:
    path = write_catalogue(tmp_path / "c.csv", ["a,../a.mkv,fr:../f.ac3"], "title_id,path,tracks")
    with pytest.raises(DubaugError, match=r"ingest\.climbing_paths"):
        read_catalogue(path)
    (film,) = read_catalogue(path, climbing_paths=True)
    assert film.path == tmp_path / "../a.mkv"
    assert film.tracks[0].path == tmp_path / "../f.ac3"
