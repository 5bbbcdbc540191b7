import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from av.stream import Disposition

from dubaug.corpus.catalogue import Film
from dubaug.corpus.choice import tracks_of
from dubaug.corpus.find import find
from dubaug.corpus.probe import probe
from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import BY_TAGS, Track
from dubaug.media.video import upright_size
from dubaug.tracks import TrackName
from film_factory import make_film, tone
from needs import lacking

ROOT = Path(__file__).resolve().parents[2]
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


def test_a_side_car_file_cut_short_is_left_out_for_that(tmp_path: Path) -> None:
    film, side = make_film(tmp_path / "a.mkv", seconds=9, tracks={"eng": sound(9)}), tmp_path / "es.wav"
    soundfile.write(side, 0.1 * np.random.default_rng(0).standard_normal(9 * 16000), 16000)
    spanish = Track(name=ES, stream=0, path=side)
    assert found(look(film, spanish)).languages == ("en", "es")
    side.write_bytes(side.read_bytes()[: side.stat().st_size // 3])
    title = found(look(film, spanish))
    assert title.languages == ("en",)
    assert re.fullmatch(r"es: es\.wav ends after \d+ of the 288000 bytes its header promises", title.notes)


def test_what_cannot_be_used_is_rejected_with_reason_and_advice(tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    (tmp_path / "text.mkv").write_text("no film\n" * 100)
    (tmp_path / "folder.mkv").mkdir()
    os.mkfifo(tmp_path / "pipe.mkv")
    (tmp_path / "loop.mkv").symlink_to("loop.mkv")
    english = {"eng": sound(6.5)}
    cases = {
        tmp_path / "none.mkv": "there is no file",
        tmp_path / "folder.mkv": f"there is no file {tmp_path / 'folder.mkv'}, it is a folder",
        tmp_path / "pipe.mkv": "it is a pipe",
        tmp_path / "loop.mkv": "a link that leads back to itself",
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


def test_picture_and_primary_that_do_not_overlap_are_no_film(tmp_path: Path) -> None:
    """Half of it each, one after the other."""
    reject = rejected(look(make_film(tmp_path / "a.mkv", tracks={"eng": sound(6.5)}, sound_offset_s=6.0)))
    assert "picture and English (en) sound go together for only 0.5 s of 12.5 s" in reject.reason


def test_what_is_lost_at_the_end_is_said_from_one_clip_on(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", seconds=7, tracks={"eng": sound(10.5), "spa": sound(12)})
    title = found(look(path))
    assert title.clips == 2
    assert title.notes == "the picture ends at 7.0 s of 10.5 s"
    assert title.lost == "only the first 2 of 3 clips can be used: the picture ends at 7.0 s of 10.5 s"
    path = make_film(tmp_path / "b.mkv", seconds=12.5, tracks={"eng": sound(10.5), "spa": sound(11)})
    assert (found(look(path)).notes, found(look(path)).lost) == ("", "")


def test_what_is_not_the_films_own_sound_is_passed_over_and_noted(tmp_path: Path) -> None:
    """By its flag and by its title; where there is nothing else it is no dub, unless `tracks` says so."""
    path = make_film(
        tmp_path / "a.mkv",
        tracks=[(tag, sound(6.5)) for tag in ("eng", "eng", "spa", "spa", "fra", "fra", "eng")],
        dispositions=[Disposition.comment],
        titles=["", "English", "Audiodescripci\u00f3n", "Comentarios", "Karaoke", "", "Stereo"],
    )
    title = found(look(path))
    assert {track.name: track.stream for track in title.tracks} == {
        **{"en": 1, "en@commentary": 0, "es@commentary": 3, "es@description": 2, "fr": 5, "fr@effects": 4},
    }
    assert title.notes == (
        "en is audio stream 1, not 0 (en@commentary), 6 (en too, but later); "
        "es is not there, only audio stream 2 (es@description), 3 (es@commentary): `tracks` can say es:2 or es:3; "
        "fr is audio stream 5, not 4 (fr@effects)"
    )
    probed = probe(path)
    faulty = [replace(sound, fault="it is broken" * (sound.stream == 1)) for sound in probed.sounds]
    usable = tracks_of(Film(title_id="film", path=path), replace(probed, sounds=tuple(faulty)), [])
    assert usable[EN][0].stream == 6, "the first that can be used"
    forced = found(look(path, Track(name=ES, stream=3)))
    assert (forced.track(ES).stream, forced.lacking(NAMES)) == (3, [])
    assert "es is audio stream 3, not 2 (es@description)" in forced.notes


def test_of_several_territories_it_is_noted_which_are_not_the_one(tmp_path: Path) -> None:
    tracks = [(tag, sound(6.5)) for tag in ("es-419", "en", "es-ES")]
    mov = make_film(tmp_path / "a.mkv", tracks=tracks)
    assert "es is audio stream 2 (es-ES), not 0 (es-419, which is less near)" in found(look(mov)).notes


def test_of_a_side_car_with_several_streams_its_own_tags_or_its_number_say_which(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", tracks={"eng": sound(6.5)})
    side_car = tmp_path / "b.mka"
    tracks = [(tag, sound(6.5)) for tag in ("eng", "fra", "spa", "")]
    make_film(side_car, picture=False, tracks=tracks, container_format="matroska")
    asked = [Track(name=name, stream=stream, path=side_car) for name, stream in ((ES, BY_TAGS), (FR, 3))]
    title = found(look(path, *asked))
    assert [title.track(name).stream for name in NAMES] == [0, 2, 3]
    german = Track(name=TrackName("de"), stream=BY_TAGS, path=side_car)
    assert (
        "de: b.mka has 4 audio streams (en, fr, es, untagged): say which, such as b.mka#1"
        in found(look(path, german)).notes
    )
    itself = found(look(path, Track(name=EN, stream=0), Track(name=ES, stream=BY_TAGS, path=path)))
    assert itself.languages == ("en",)
    assert "es: that stream is en already" in itself.notes


def test_a_channel_is_that_of_a_stereo_stream(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mkv", tracks=[("", sound(6.5))])
    reject = rejected(look(path, Track(name=EN, stream=0, channel="left"), Track(name=ES, stream=0, channel="right")))
    assert "en: audio stream 0 is 5.1(side): .left is of stereo ones" in reject.reason


def test_language_tags_are_read_under_keys_in_any_case(tmp_path: Path) -> None:
    keys = {"picture": False, "codec": "flac", "layout": "stereo", "language_key": "LANGUAGE"}
    path = make_film(tmp_path / "a.oga", tracks=[("spa", tone(1, channels=2))], **keys)
    assert [stream.name for stream in probe(path).sounds] == ["es"]


def test_mp4_has_its_titles_under_another_key(tmp_path: Path) -> None:
    keys = {"codec": "aac", "layout": "stereo", "titles": ["Commentaire audio", "Version française"], "seconds": 1}
    path = make_film(tmp_path / "a.mp4", tracks=[("fra", tone(1, channels=2))] * 2, **keys)
    assert [stream.name for stream in probe(path).sounds] == ["fr@commentary", "fr"]


def test_a_film_is_retagged_as_the_docs_say(tmp_path: Path) -> None:
    """FFmpeg does not see the IETF tag `yue`, and the old element beside it says Chinese."""
    if not (mkvpropedit := shutil.which("mkvpropedit")):
        lacking("mkvtoolnix", "no mkvpropedit")
    path = make_film(tmp_path / "a.mkv", tracks=[("en", sound(6.5)), ("en", sound(6.5))])
    subprocess.run([mkvpropedit, "-q", path, "--edit", "track:a2", "--set", "language=yue"], check=True)
    assert [stream.name for stream in probe(path).sounds] == ["en", "zh"]
    (xml,) = re.findall("^ +(<Tags>.*)$", (ROOT / "docs/own-films.md").read_text(encoding="utf-8"), re.MULTILINE)
    (tmp_path / "yue.xml").write_text(xml)
    subprocess.run([mkvpropedit, "-q", path, "--tags", f"track:a2:{tmp_path / 'yue.xml'}"], check=True)
    assert [stream.name for stream in probe(path).sounds] == ["en", "yue"]


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
    def fail(_: Path, **__: object) -> None:
        raise ZeroDivisionError("a fault of the program")

    monkeypatch.setattr("dubaug.corpus.find.probe", fail)
    reject = rejected(look(tmp_path / "a.mkv"))
    assert (reject.stage, reject.reason) == ("catalogue", "unexpected ZeroDivisionError: a fault of the program")


def test_a_colon_in_a_relative_path_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_film(tmp_path / "a.mkv", seconds=6.5, tracks={"eng": sound(6.5), "spa": sound(6.5)})
    monkeypatch.chdir(tmp_path)
    path = (tmp_path / "a.mkv").rename(tmp_path / "Alien: Covenant.mkv").relative_to(tmp_path)
    assert found(look(path)).languages == ("en", "es")
    assert upright_size(path)[1] == 36
