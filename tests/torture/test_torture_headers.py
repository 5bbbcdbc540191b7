"""What headers say of a film, right or wrong: how long it is, which part of its picture is shown, in which colours."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from shutil import copy

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from surgery import clap, dolby_vision, promise_hours, say_of_picture, truncate
from torture_set import cropped, draw_number, film, read_number, run_ffmpeg, with_late_subtitle

from dubaug.corpus.catalogue import Film
from dubaug.corpus.find import find
from dubaug.corpus.picture import Crop, colour_fault, crop_of
from dubaug.corpus.programmes import picture_of
from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import Title
from dubaug.media.video import read_windows, upright_size
from dubaug.tracks import TrackName

AAC = {"codec": "aac", "layout": "stereo"}


def look(path: Path) -> Title | Reject:
    return find(Film(title_id="film", path=path), names=[TrackName("en"), TrackName("es")], clip_s=3.0)


def _subtitle_that_lasts(path: Path) -> Path:
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:01,000 --> 10:00:00,000\nYes\n", encoding="utf-8")
    source = film(path.with_suffix(".source.mkv"))
    return run_ffmpeg(source, path, "-i", str(text), "-map", "1", "-c", "copy")


def _chapters_of_hours(path: Path) -> Path:
    film(path)
    with av.open(path) as read, av.open(path.with_name("chapters.mkv"), "w") as write:
        for stream in read.streams:
            write.add_stream_from_template(stream).metadata.update(stream.metadata)
        hours = {"id": 1, "start": 0, "end": 36_000_000, "time_base": Fraction(1, 1000), "metadata": {}}
        write.set_chapters([hours])
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = write.streams[packet.stream.index]
                write.mux(packet)
    return path.with_name("chapters.mkv")


@pytest.mark.parametrize(
    "make",
    [with_late_subtitle, _subtitle_that_lasts, _chapters_of_hours, lambda path: promise_hours(film(path), 10)],
    ids=["late subtitle", "long subtitle", "chapters", "wrong duration"],
)
def test_only_picture_and_sound_are_asked_how_long_a_film_is(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path / "film.mkv")
    title = look(path)
    assert isinstance(title, Title), title
    assert (title.clips, title.notes) == (2, "")
    partial_copy = look(truncate(path, 0.7))
    assert isinstance(partial_copy, Reject), partial_copy
    assert "its header promises" in partial_copy.reason


def test_a_copy_that_was_never_filled_is_cut_short_too(tmp_path: Path) -> None:
    path = promise_hours(film(tmp_path / "film.mkv"), 10)
    size = path.stat().st_size
    truncate(path, 0.7).write_bytes(path.read_bytes() + bytes(size - path.stat().st_size))
    assert isinstance(look(path), Reject)


def test_fragments_that_are_lacking(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", muxing={"movflags": "frag_keyframe+empty_moov"}, seconds=12.5, **AAC)
    assert isinstance(look(path), Title)
    reject = look(truncate(path, 0.5))
    assert isinstance(reject, Reject)
    assert "bytes its header promises" in reject.reason


def test_the_shown_part_of_a_picture(tmp_path: Path) -> None:
    """The same in MP4 (`clap`) and Matroska (PixelCrop); frames are cut before they are scaled."""
    path = cropped(tmp_path / "film.mkv")
    assert asked(path, crop_of) == Crop(left=0, top=10, width=64, height=32)
    title = look(path)
    assert isinstance(title, Title)
    assert title.picture == "h264 64x48 25 fps, cropped to 64x32"
    assert upright_size(path) == pytest.approx((64 * 8 / 9, 32))
    for file, width in ((path, 100), (tmp_path / "film.mp4", 112)):
        (window,) = read_windows(file, starts_s=[0.0], duration_s=0.8, frames=4, height=56)
        assert window.shape == (4, 56, width, 3)
        assert np.ptp(window, axis=(1, 2, 3)).max() <= 6  # no bars
        assert [read_number(picture) for picture in window] == [2, 7, 12, 17]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("short") / "short.mp4", seconds=0.4, **AAC)


def asked(path: Path, ask: Callable[[VideoStream], object]) -> object:
    with av.open(path) as container:
        stream = picture_of(container)
        assert stream is not None
        return ask(stream)


@pytest.mark.parametrize("part", [(64, 36), (66, 36), (60, 30, 40)])
def test_a_part_that_is_all_or_lies_outside_is_none(tmp_path: Path, short: Path, part: tuple[int, ...]) -> None:
    path = say_of_picture(Path(copy(short, tmp_path)), clap(*part))
    assert asked(path, crop_of) is None


@pytest.mark.parametrize(
    ("profile", "compatible", "taken"), [(5, 0, False), (10, 0, False), (8, 1, True), (7, 6, True)]
)
def test_dolby_vision_that_nothing_else_shows(
    tmp_path: Path, short: Path, profile: int, compatible: int, taken: int
) -> None:
    path = say_of_picture(Path(copy(short, tmp_path)), dolby_vision(profile, compatible))
    fault = f"it is in Dolby Vision, profile {profile}, whose colours cannot be converted"
    assert asked(path, colour_fault) == ("" if taken else fault)


@pytest.mark.parametrize(("matrix", "transfer", "taken"), [(1, 1, True), (9, 14, True), (14, 16, False), (2, 8, False)])
def test_colours_that_cannot_be_converted(tmp_path: Path, short: Path, matrix: int, transfer: int, taken: bool) -> None:
    tags = f"h264_metadata=matrix_coefficients={matrix}:transfer_characteristics={transfer}"
    path = run_ffmpeg(short, tmp_path / "film.mp4", "-c", "copy", "-bsf:v", tags)
    fault = f"its colours (matrix {matrix}, transfer {transfer} of ITU-T H.273) cannot be converted"
    assert asked(path, colour_fault) == ("" if taken else fault)


@pytest.mark.parametrize("untagged", [False, True], ids=["codec's tags", "container's tags alone"])
def test_hdr_is_brought_to_the_greys_it_was_made_of(tmp_path: Path, untagged: bool) -> None:
    to_pq = "zscale=tin=709:pin=709:min=709:t=smpte2084:p=2020:m=2020_ncl,format=yuv420p10le"
    coding = ("-c:v", "libx264", "-crf", "4", "-preset", "ultrafast", "-vf", to_pq)
    path = run_ffmpeg(film(tmp_path / "source.mkv", seconds=1.0), tmp_path / "film.mkv", *coding)
    if untagged:
        remove = "h264_metadata=matrix_coefficients=2:transfer_characteristics=2:colour_primaries=2"
        path = run_ffmpeg(path, tmp_path / "untagged.mkv", "-c", "copy", "-bsf:v", remove)
    (window,) = read_windows(path, starts_s=[0.0], duration_s=0.8, frames=4, height=36)
    expected = np.stack([draw_number(number) for number in (2, 7, 12, 17)])
    assert np.abs(window.astype(int) - expected).max() <= 3
