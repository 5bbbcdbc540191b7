from pathlib import Path

import pytest

from dubaug.corpus.tracks import BY_TAGS, Track, format_tracks, parse_tracks
from dubaug.errors import DubaugError
from dubaug.tracks import TrackName

FOLDER = Path("/films")


def parse(text: str) -> tuple[Track, ...]:
    return parse_tracks(text, lambda path: FOLDER / path)


def test_streams_and_files() -> None:
    assert parse(
        "eng:0| es : 1 |es@synthetic:dubs/a: the dub.flac|es_419:3|fr:#1.mka#2|cs:4.left|nl:d.wav#0.right"
    ) == (
        Track(name=TrackName("en"), stream=0),
        Track(name=TrackName("es"), stream=1),
        Track(name=TrackName("es@synthetic"), stream=BY_TAGS, path=FOLDER / "dubs/a: the dub.flac"),
        Track(name=TrackName("es-419"), stream=3),
        Track(name=TrackName("fr"), stream=2, path=FOLDER / "#1.mka"),
        Track(name=TrackName("cs"), stream=4, channel="left"),
        Track(name=TrackName("nl"), stream=0, path=FOLDER / "d.wav", channel="right"),
    )
    assert parse("") == ()


def test_what_is_written_reads_the_same() -> None:
    tracks = (
        *parse("en:0|es-419:12|yue@fan_dub:x/y.mka|cs:3.left|nl:3.right"),
        Track(name=TrackName("fr"), stream=0, path=FOLDER / "7"),
        Track(name=TrackName("de"), stream=0, path=FOLDER / "film #2"),
    )
    text = format_tracks(tracks, lambda path: path.relative_to(FOLDER).as_posix())
    assert text == "en:0|es-419:12|yue@fan_dub:x/y.mka|cs:3.left|nl:3.right|fr:7#0|de:film #2#0"
    assert parse(text) == tracks


def test_what_is_made_of_one_channel_is_made_of_that_channel() -> None:
    whole, left, right, other = parse("en:0|cs:0.left|nl:0.right|fr:1")
    assert (whole.source, left.source) == (("en", 0), ("cs", 0, "left"))
    assert [track.shares(left) for track in (whole, left, right, other)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("english", "expected language:stream or language:file"),
        ("en:", "expected language:stream"),
        (":1", "expected language:stream"),
        ("en:0|spa:1|es:2", "names es twice"),
        ("jp:1", "'jp' is no language; did you mean ja (Japanese)?"),
        ("es@:1", "'es@' is no track: after the @ stands a word"),
    ],
)
def test_faults_say_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(DubaugError) as caught:
        parse(text)
    assert message in str(caught.value)
