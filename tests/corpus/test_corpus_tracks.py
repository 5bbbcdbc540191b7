from pathlib import Path

import pytest

from dubaug.corpus.tracks import Track, format_tracks, parse_tracks
from dubaug.errors import DubaugError
from dubaug.tracks import TrackName

FOLDER = Path("/films")


def parse(text: str) -> tuple[Track, ...]:
    return parse_tracks(text, lambda path: FOLDER / path)


def test_streams_and_files() -> None:
    assert parse("eng:0| es : 1 |es@synthetic:dubs/a: the dub.flac|es_419:3|") == (
        Track(name=TrackName("en"), stream=0),
        Track(name=TrackName("es"), stream=1),
        Track(name=TrackName("es@synthetic"), stream=0, path=FOLDER / "dubs/a: the dub.flac"),
        Track(name=TrackName("es-419"), stream=3),
    )
    assert parse("") == ()


def test_what_is_written_reads_the_same() -> None:
    tracks = (*parse("en:0|es-419:12|yue@fan_dub:x/y.mka"), Track(name=TrackName("fr"), stream=0, path=FOLDER / "7"))
    text = format_tracks(tracks, lambda path: path.relative_to(FOLDER).as_posix())
    assert text == "en:0|es-419:12|yue@fan_dub:x/y.mka|fr:./7"
    assert parse(text) == tracks


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
