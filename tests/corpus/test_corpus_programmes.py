"""A recording of a radio programme and two of television, as FFmpeg's command line writes it."""

import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from dubaug.corpus.catalogue import Film
from dubaug.corpus.find import find
from dubaug.corpus.programmes import picture_of, programme_of, start_s
from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import parse_tracks
from dubaug.media.film import Picture, read_clips
from dubaug.tracks import TrackName
from film_factory import make_film, tone


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """English alone; a wide picture with Czech; a narrow one with Czech and Dutch, whose clock is 40 s ahead."""
    folder, sound = tmp_path_factory.mktemp("recording"), tone(3.5)
    parts = [
        make_film(folder / "radio.ac3", picture=False, tracks=[("", sound)]),
        make_film(folder / "one.mkv", seconds=3.5, size=(128, 36), tracks=[("cze", sound)]),
        make_film(folder / "two.mkv", seconds=3.5, size=(64, 36), tracks=[("cze", sound), ("dut", sound)]),
    ]
    words = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    for part in parts:
        words += ["-itsoffset", "40" if part.stem == "two" else "0", "-i", str(part)]
    for number in range(3):
        words += ["-map", str(number)]
    for programme in ("1:st=0", "2:st=1:st=2", "3:st=3:st=4:st=5"):
        words += ["-program", f"program_num={programme}"]
    path = folder / "recording.ts"
    subprocess.run([*words, "-metadata:s:0", "language=eng", "-c", "copy", str(path)], check=True)
    return path


def look(path: Path, names: str, tracks: str = "") -> Title | Reject:
    named = parse_tracks(tracks, path.with_name)
    asked = [TrackName(name) for name in names.split()]
    return find(Film(title_id="film", path=path, tracks=named), names=asked, clip_s=3.0)


def test_streams_of_one_programme_go_together_by_one_clock(recording: Path) -> None:
    with av.open(recording) as container:
        radio, first, czech, second, *others = container.streams
        programmes = [
            {programme_of(stream) for stream in group} for group in ([radio], [first, czech], [second, *others])
        ]
        assert [len(programme) for programme in programmes] == [1, 1, 1]
        assert len(set.union(*programmes)) == 3
        assert [picture_of(container, beside) for beside in (None, radio, czech, others[0])] == [
            first,
            None,
            first,
            second,
        ]
        assert start_s(second) - start_s(first) == pytest.approx(40, abs=0.1)


@pytest.mark.parametrize(
    ("names", "tracks", "streams", "width", "noted"),
    [
        ("cs nl", "", [2, 3], 64, "cs is audio stream 2, not 1 (cs, of another programme)"),
        ("cs nl", "cs:1", [1], 128, "nl is not there, only audio stream 3 (nl, of another programme)"),
        ("cs nl", "nl:0", [2], 64, "nl: audio stream 0 is of another programme than the picture"),
    ],
)
def test_one_programme_is_taken_picture_and_sound(
    recording: Path, names: str, tracks: str, streams: list[int], width: int, noted: str
) -> None:
    title = look(recording, names, tracks)
    assert isinstance(title, Title), title
    assert [track.stream for track in title.tracks] == streams
    assert noted in title.notes
    (clip,) = read_clips(
        title.path, tracks=title.tracks, clip_s=3.0, sample_rate_hz=48000, picture=Picture(frames=2, height=36)
    )
    assert clip.frames is not None
    assert clip.frames.shape[2] == width
    assert all(abs(sound_CS).mean() > 0.05 for sound_CS in clip.waveforms.values())


def test_the_sound_of_a_radio_programme_has_no_picture(recording: Path) -> None:
    reject = look(recording, "en cs")
    assert isinstance(reject, Reject)
    assert "no English (en) sound: its audio streams are en of another programme, cs" in reject.reason
    with av.open(recording) as container:
        assert picture_of(container, container.streams.audio[0]) is None


def test_beside_side_car_files_alone_it_is_the_first_picture(recording: Path) -> None:
    side_cars = "de:one.mkv#0|fr:two.mkv#1"
    title = look(recording, "de fr", side_cars)
    assert isinstance(title, Title), title
    (clip,) = read_clips(
        title.path, tracks=title.tracks, clip_s=3.0, sample_rate_hz=48000, picture=Picture(frames=2, height=36)
    )
    assert clip.frames is not None
    assert clip.frames.shape[2] == 128
    assert title.picture.startswith("h264 128x36")
