from pathlib import Path

import numpy as np
import pytest

from dubaug.corpus.catalogue import Film
from dubaug.corpus.find import find
from dubaug.corpus.probe import probe
from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.tracks import TrackName
from film_factory import make_film, tone

NAMES = EN, ES, FR = (TrackName("en"), TrackName("es"), TrackName("fr"))


def sound(seconds: float) -> np.ndarray:
    return tone(seconds)


def look(path: Path, *tracks: Track, clip_s: float = 3.0) -> Title | Reject:
    return find(Film(title_id="film", path=path, tracks=tracks), names=NAMES, clip_s=clip_s)


def found(result: Title | Reject) -> Title:
    assert isinstance(result, Title), result
    return result


def rejected(result: Title | Reject) -> Reject:
    assert isinstance(result, Reject), result
    return result


def test_a_good_film(tmp_path: Path) -> None:
    tracks = [("spa", sound(6.5)), ("eng", sound(6.5)), ("fre", sound(6.5)), ("", sound(6.5))]
    title = found(look(make_film(tmp_path / "a.mkv", tracks=tracks)))
    assert title.tracks == (
        Track(name=EN, stream=1),
        Track(name=ES, stream=0),
        Track(name=FR, stream=2),
    )
    assert title.minutes * 60 == pytest.approx(6.5, abs=0.05)
    assert title.clips == 2
    assert title.picture == "h264 64x36 24 fps"
    assert title.sound.startswith("en:ac3 5.1(side) 48000|")


@pytest.mark.parametrize("kept", [0.05, 0.4, 0.8])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_film_cut_short_is_found_by_demuxing(tmp_path: Path, kept: float, suffix: str) -> None:
    path = make_film(tmp_path / f"a{suffix}", seconds=30, tracks={"eng": sound(30)})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    reject = rejected(look(path))
    assert reject.stage == "catalogue"
    assert "copy it again" in reject.advice
    if suffix == ".mkv":
        assert "of the 30.0 s its header promises" in reject.reason
    else:  # the index stands at the end: nothing can be read without it
        assert "cannot be read" in reject.reason


def test_how_far_a_cut_film_goes(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", seconds=30, tracks={"eng": sound(30)})
    whole = probe(path)
    assert not whole.cut
    assert whole.end_s == pytest.approx(30, abs=0.1)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    half = probe(path)
    assert "its header promises" in half.cut
    assert half.end_s == pytest.approx(15, abs=3)
    assert half.promised_s == pytest.approx(30, abs=0.1)


def test_what_cannot_be_used_is_rejected_with_reason_and_advice(tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    (tmp_path / "text.mkv").write_text("no film\n" * 100)
    english = {"eng": sound(6.5)}
    cases = {
        tmp_path / "none.mkv": "there is no file",
        tmp_path / "empty.mkv": "the file is empty",
        tmp_path / "text.mkv": "the file cannot be read",
        make_film(tmp_path / "sound.mkv", picture=False, tracks=english): "the file has no picture",
        make_film(tmp_path / "mute.mkv"): "the file has no sound",
        make_film(tmp_path / "french.mkv", tracks=[("fra", sound(6.5)), ("", sound(6.5))]): (
            "no English (en) sound: its audio streams are fr, untagged"
        ),
        make_film(tmp_path / "short.mkv", seconds=2, tracks={"eng": sound(2)}): "only 2.0 s can be read",
    }
    for path, reason in cases.items():
        reject = rejected(look(path))
        assert reason in reject.reason, path
        assert reject.advice


def test_a_dub_that_ends_early_is_not_counted(tmp_path: Path) -> None:
    tracks = {"eng": sound(20), "spa": sound(5), "fra": sound(19.7)}
    title = found(look(make_film(tmp_path / "a.mkv", seconds=20, tracks=tracks)))
    assert title.languages == ("en", "fr")
    assert "es ends at 5.0 s of 20.0 s" in title.notes
    assert title.minutes * 60 == pytest.approx(19.7, abs=0.05)


def test_what_is_lost_at_the_end_is_said_from_one_clip_on(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", seconds=7, tracks={"eng": sound(10.5), "spa": sound(12)})
    title = found(look(path))
    assert title.clips == 2
    assert title.notes == "the picture ends at 7.0 s of 10.5 s"
    assert title.lost == "only the first 2 of 3 clips can be used: the picture ends at 7.0 s of 10.5 s"
    path = make_film(tmp_path / "b.mkv", seconds=12.5, tracks={"eng": sound(10.5), "spa": sound(11)})
    assert (found(look(path)).notes, found(look(path)).lost) == ("", "")


def test_commentaries_are_passed_over(tmp_path: Path) -> None:
    import av

    source = make_film(tmp_path / "a.mkv", tracks=[("eng", sound(6.5)), ("eng", sound(6.5))])
    path = tmp_path / "b.mkv"
    with av.open(source) as read, av.open(path, "w") as write:
        copies = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        copies[1].disposition = av.stream.Disposition.comment
        for index in (1, 2):
            copies[index].metadata["language"] = "eng"
        for packet in read.demux():
            if packet.dts is not None:
                number = packet.stream.index
                packet.stream = copies[number]
                write.mux(packet)
    assert found(look(path)).track(EN).stream == 1


def test_the_catalogue_says_what_the_tags_do_not(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", tracks=[("", sound(6.5)), ("eng", sound(6.5)), ("fra", sound(6.5))])
    side_car = make_film(tmp_path / "es.ac3", picture=False, tracks={"": sound(6.5)})
    english, spanish = Track(name=EN, stream=0), Track(name=ES, stream=0, path=side_car)
    title = found(look(path, english, spanish))
    assert (title.track(EN), title.track(ES)) == (english, spanish)
    assert title.track(FR) == Track(name=FR, stream=2)


def test_a_wrong_override_is_named(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", tracks={"eng": sound(6.5)})
    title = found(look(path, Track(name=ES, stream=0, path=tmp_path / "none.ac3")))
    assert title.languages == ("en",)
    assert "es: there is no file" in title.notes
    reject = rejected(look(path, Track(name=EN, stream=7)))
    assert "no English (en) sound: en: the film has no audio stream 7" in reject.reason


def test_a_dub_at_another_speed_counts_where_it_can_be_corrected(tmp_path: Path) -> None:
    """Two minutes of film; the Spanish runs at 25 frames a second, the French lacks its last 10 %."""
    path = make_film(
        tmp_path / "a.mkv",
        seconds=120,
        fps=2,
        tracks={"eng": sound(120), "spa": sound(115.2), "fre": sound(108)},
        codec="flac",
    )
    film = Film(title_id="film", path=path, tracks=())
    kept = found(find(film, names=NAMES, clip_s=1.0))
    assert kept.languages == ("en",)
    corrected = found(find(film, names=NAMES, clip_s=1.0, speeds=(1.0, 0.96, 1.0416667)))
    assert corrected.languages == ("en", "es")
    assert corrected.clips == 120
    assert "fr ends at 108.0 s of 120.0 s and is not counted" in corrected.notes


def test_sound_that_goes_on_after_the_picture_is_at_the_films_speed(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", seconds=6.5, tracks={"eng": sound(6.8), "spa": sound(6.77)})
    film = Film(title_id="film", path=path, tracks=())
    title = found(find(film, names=NAMES, clip_s=3.0, speeds=(1.0, 0.96, 1.0416667)))
    assert title.minutes * 60 == pytest.approx(6.5, abs=0.05)


def test_an_unexpected_failure_costs_its_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError("a fault of the program")

    monkeypatch.setattr("dubaug.corpus.find.probe", fail)
    reject = rejected(look(tmp_path / "a.mkv"))
    assert (reject.stage, reject.reason) == ("catalogue", "unexpected ZeroDivisionError: a fault of the program")
