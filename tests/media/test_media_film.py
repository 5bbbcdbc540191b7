from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import resample_poly

from dubaug.corpus.catalogue import Film
from dubaug.corpus.find import find
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.errors import MediaError
from dubaug.media import film
from dubaug.media.audio import read_audio
from dubaug.media.excerpts import read_excerpts
from dubaug.media.film import FilmClip, Picture, read_clips
from dubaug.media.mel import log_mel
from dubaug.media.settings import Mel
from dubaug.media.track import resample
from dubaug.media.video import read_windows
from dubaug.tracks import TrackName
from film_factory import frame_number, make_film, retime, tone

EN, FR = Track(name=TrackName("en"), stream=0), Track(name=TrackName("fr"), stream=1)


def noise(seconds: float, seed: int, channels: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (channels, round(seconds * 48000))).astype(np.float32)


def clips_of(path: Path, **options: object) -> list[FilmClip]:
    keys: dict = {"tracks": [EN], "clip_s": 1.0, "sample_rate_hz": 48000, "picture": Picture(frames=4, height=36)}
    return list(read_clips(path, **{**keys, **options}))


def test_clips_are_what_reading_each_part_gives(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "film.mkv", seconds=5, fps=Fraction(30000, 1001), tracks={"eng": noise(5, 0), "fra": noise(5, 1)}
    )
    clips = clips_of(path, tracks=[FR, EN])
    assert [clip.index for clip in clips] == [0, 1, 2, 3, 4]
    assert [clip.start_s for clip in clips] == [0.0, 1.0, 2.0, 3.0, 4.0]
    english_CS = read_audio(path, sample_rate_hz=48000).numpy()
    windows = read_windows(path, starts_s=[0, 1, 2, 3, 4], duration_s=1.0, frames=4, height=36)
    for clip, window in zip(clips, windows, strict=True):
        assert tuple(clip.waveforms) == ("fr", "en")
        begin = clip.index * 48000
        np.testing.assert_array_equal(clip.waveforms["en"], english_CS[:, begin : begin + 48000])
        assert clip.frames is not None
        np.testing.assert_array_equal(clip.frames, window)
    french_CS = np.concatenate([clip.waveforms["fr"] for clip in clips], axis=1)
    assert np.corrcoef(french_CS[0], english_CS[0, : french_CS.shape[1]])[0, 1] < 0.1


def test_the_tail_is_dropped(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=3.6, tracks={"eng": noise(3.6, 0)})
    assert len(clips_of(path)) == 3
    assert len(clips_of(path, max_clips=2)) == 2


def test_sound_that_lacks_its_encoders_last_samples_still_fills_the_last_clip(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=4, tracks={"eng": noise(4, 0)})  # 125 AC-3 frames, 5 ms lost
    assert read_audio(path, sample_rate_hz=48000).shape[1] < 4 * 48000
    assert len(clips_of(path)) == 4
    short = make_film(tmp_path / "short.mkv", seconds=4, tracks={"eng": noise(3.9, 0)})
    assert len(clips_of(short)) == 3


@pytest.mark.parametrize(("sound_s", "picture_s"), [(2.5, 5.0), (5.0, 2.2)])
def test_a_clip_needs_both_sound_and_picture(tmp_path: Path, sound_s: float, picture_s: float) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=picture_s, tracks={"eng": noise(sound_s, 0)})
    assert len(clips_of(path)) == 2


def test_the_shortest_track_ends_the_clips(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=4, tracks={"eng": noise(4, 0), "fra": noise(1.5, 1)})
    assert len(clips_of(path, tracks=[EN, FR])) == 1
    assert len(clips_of(path, tracks=[EN])) == 4


def test_sound_alone_at_another_rate(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=3.2, tracks={"eng": tone(3.2, hz=1000)})
    clips = clips_of(path, picture=None, sample_rate_hz=44100)
    assert [clip.frames for clip in clips] == [None] * 3
    expected = read_audio(path, sample_rate_hz=44100).numpy()
    joined = np.concatenate([clip.waveforms["en"] for clip in clips], axis=1)
    np.testing.assert_allclose(joined, expected[:, : joined.shape[1]], atol=1e-6)


def test_a_side_car_file_is_read_beside_the_film(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=3.2, tracks={"eng": noise(3.2, 0)})
    side_car = make_film(
        tmp_path / "french.wav",
        picture=False,
        tracks={"": noise(3.2, 1, channels=2)},
        layout="stereo",
        codec="pcm_s16le",
    )
    clips = clips_of(path, tracks=[EN, Track(name=TrackName("fr"), stream=0, path=side_car)])
    assert len(clips) == 3
    french_CS = np.concatenate([clip.waveforms["fr"] for clip in clips], axis=1)
    np.testing.assert_allclose(french_CS, noise(3.2, 1, channels=2)[:, : 3 * 48000], atol=1e-4)


def test_two_names_of_one_stream_have_the_same_sound(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=2, tracks={"eng": noise(2, 0)})
    clips = clips_of(path, tracks=[EN, Track(name=TrackName("fr"), stream=0)])
    assert len(clips) == 2
    for clip in clips:
        np.testing.assert_array_equal(clip.waveforms["fr"], clip.waveforms["en"])


def test_each_channel_of_a_dual_mono_stream_is_a_track(tmp_path: Path) -> None:
    sound_CS = noise(2, 0, channels=2)
    path = make_film(tmp_path / "film.mkv", seconds=2, tracks=[("", sound_CS)], codec="pcm_s16le", layout="stereo")
    tracks = [
        Track(name=TrackName(name), stream=0, channel=channel) for name, channel in (("cs", "left"), ("nl", "right"))
    ]
    (clip, _) = clips_of(path, tracks=tracks)
    for name, channel_S in zip(("cs", "nl"), sound_CS, strict=True):
        np.testing.assert_allclose(clip.waveforms[name], np.stack([channel_S[:48000]] * 2), atol=1e-4)
    read = read_excerpts(path, streams=[0], spans_s=[(0.0, 1.0)], sample_rate_hz=48000)[0]
    np.testing.assert_array_equal(read.only("right").cut(0.0, 1.0), clip.waveforms["nl"])


def test_a_film_that_starts_late_starts_at_its_start(tmp_path: Path) -> None:
    path = make_film(tmp_path / "late.mkv", seconds=2.5, tracks={"eng": noise(2.5, 0)}, start_offset_s=5.0)
    clips = clips_of(path)
    assert len(clips) == 2
    assert clips[0].frames is not None
    assert [frame_number(picture) for picture in clips[0].frames] == [3, 9, 15, 21]
    assert clips[0].waveforms["en"].any()


def test_clips_before_the_picture_begins_are_damaged(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=2, tracks={"eng": noise(6, 0)}, picture_offset_s=3.0)
    assert [clip.damage for clip in clips_of(path)] == ["picture", "picture", "picture", "", ""]


@pytest.mark.parametrize(
    ("suffix", "codec", "layout"),
    [
        (".mkv", "eac3", "5.1(side)"),
        (".mp4", "ac3", "5.1(side)"),
        (".mp4", "aac", "5.1"),
        (".ts", "ac3", "5.1(side)"),
        (".mkv", "libopus", "stereo"),
        (".mkv", "flac", "7.1"),
        (".mkv", "pcm_s16le", "mono"),
    ],
)
def test_sound_and_picture_keep_their_times_in_every_container(
    tmp_path: Path, suffix: str, codec: str, layout: str
) -> None:
    source_S = noise(3.5, 0, channels=1)[0]
    channels = {"mono": 1, "stereo": 2, "7.1": 8}.get(layout, 6)
    sound = np.repeat(source_S[None], channels, axis=0)
    path = make_film(tmp_path / f"film{suffix}", seconds=3.5, fps=30, tracks={"eng": sound}, codec=codec, layout=layout)
    clips = clips_of(path)
    assert len(clips) == 3
    spectrum = np.fft.rfft(clips[1].waveforms["en"][0], 2**17) * np.conj(np.fft.rfft(source_S[48000:96000], 2**17))
    delay = int(np.argmax(np.fft.irfft(spectrum)))
    assert delay in (0, 256)  # MPEG-TS says nothing of AC-3's delay of 256 samples (5 ms)
    assert clips[1].frames is not None
    assert [frame_number(picture) for picture in clips[1].frames] == [33, 41, 48, 56]


def test_streams_that_do_not_lie_side_by_side_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "MAX_LAG_S", 2.0)
    path = make_film(tmp_path / "film.mkv", seconds=8, tracks={"eng": noise(8, 0), "fra": noise(1.5, 1)})
    with pytest.raises(MediaError, match=r"the fr stream stops at 1\.5 s while others go on"):
        clips_of(path, tracks=[EN, FR])


def test_what_cannot_be_read_is_a_media_error(tmp_path: Path) -> None:
    (tmp_path / "bad.mkv").write_bytes(b"\x1a\x45\xdf\xa3 and rubbish")
    with pytest.raises(MediaError, match="reading failed"):
        clips_of(tmp_path / "bad.mkv")
    path = make_film(tmp_path / "film.mkv", seconds=1, tracks={"eng": noise(1, 0)})
    with pytest.raises(MediaError, match="no audio stream 1 for fr"):
        clips_of(path, tracks=[FR])
    with pytest.raises(MediaError, match="has no picture"):
        clips_of(make_film(tmp_path / "sound.mkv", picture=False, tracks={"eng": noise(1, 0)}))


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", seconds=20, tracks={"eng": noise(20, 0)})
    reader = film._Reader(clip_s=1.0, sample_rate_hz=48000, picture=Picture(frames=4, height=36), moves={})
    from contextlib import ExitStack

    with ExitStack() as stack:
        reader.open(stack, path, [EN], 1)
        longest = 0.0
        index = 0
        while reader.fill():
            longest = max(longest, *(sink.waiting_s for sink in reader._sinks))
            reader.take(index)
            index += 1
    assert index == 20
    assert longest < 4.0


def test_stretched_sound_is_resampled_to_its_timestamps(tmp_path: Path) -> None:
    """By all that read films, within .1 nats of log-mels of a resampled copy; a hole stays a hole."""
    stretches = {"eng": Fraction(1000, 1001), "spa": Fraction(24, 25), "fra": Fraction(25, 24), "deu": Fraction(24, 25)}
    rng = np.random.default_rng(0)
    loudness_S = np.repeat(np.exp(rng.uniform(-4, 0, 140)), 4800)
    sources = {tag: 0.3 * rng.uniform(-1, 1, (1, round(12.2 / rate * 48000))) for tag, rate in stretches.items()}
    sources = {tag: (S * loudness_S[: S.shape[1]]).astype(np.float32) for tag, S in sources.items()}
    path = make_film(tmp_path / "a.mkv", seconds=12.2, fps=4, tracks=sources, codec="flac", layout="mono")
    retime(path, {n: lambda s, rate=float(rate): rate * s for n, rate in enumerate(list(stretches.values())[:3], 1)})
    retime(path, {4: lambda s: 0.96 * s + 0.1 * (s > 6.3)})  # 6.05 s by the new timestamps
    wanted = {
        tag: resample_poly(source_CS[0], rate.numerator, rate.denominator)
        for (tag, source_CS), rate in zip(sources.items(), stretches.values(), strict=True)
    }
    alone = make_film(tmp_path / "b.mka", tracks={"": sources["spa"]}, picture=False, codec="flac", layout="mono")
    retime(alone, {0: lambda s: 0.96 * s})
    side_car = Track(name=TrackName("it"), stream=0, path=alone)
    title = find(
        Film(title_id="a", path=path, tracks=(side_car,)), names=[*map(TrackName, ["en", "es", "fr", "de"])], clip_s=3.0
    )
    assert isinstance(title, Title), title
    rates = {track.name: track.clock for track in title.tracks}
    assert list(rates.values()) == pytest.approx([1000 / 1001, 0.96, 0.96, 25 / 24, 0.96], abs=2e-5), rates

    def error(sound_S: np.ndarray, tag: str, start_s: float, rate_hz: int = 48000) -> float:
        begin = round(start_s * 48000)
        wanted_S = wanted[tag][begin : begin + 3 * 48000]
        both_CS = np.stack([sound_S, resample(wanted_S[None], 48000, rate_hz)[0]]).astype(np.float32)
        mel = Mel(n_fft=1024, hop_length=512, n_mels=80, floor=1e-5)
        one_TF, other_TF = log_mel(torch.from_numpy(both_CS), sample_rate_hz=rate_hz, mel=mel).numpy()
        return float(np.abs(one_TF - other_TF).mean())

    clips = clips_of(path, tracks=title.tracks, clip_s=3.0, picture=None)
    assert all(error(clip.waveforms[TrackName("it")][0], "spa", clip.start_s) < 0.1 for clip in clips)
    assert [clip.damage for clip in clips] == [""] * 4
    places = [
        (clip, tag, name) for clip in clips for tag, name in zip(stretches, ["en", "es", "fr", "de"], strict=True)
    ]
    for clip, tag, name in places:
        late_s = 0.1 if tag == "deu" and clip.start_s > 6 else 0.0
        if (tag, clip.index) != ("deu", 2):
            assert error(clip.waveforms[TrackName(name)][0], tag, clip.start_s - late_s) < 0.1, (tag, clip.index)
    assert [clip.mended for clip in clips] == [(), (), (("de", pytest.approx(0.1, abs=2e-3)),), ()]
    unaware = clips_of(path, tracks=[replace(title.tracks[2], clock=1.0)], clip_s=3.0, picture=None)
    assert min(error(clip.waveforms[TrackName("es")][0], "spa", clip.start_s) for clip in unaware[1:]) > 0.5
    found = read_excerpts(path, streams=[1], spans_s=[(6.0, 9.0)], sample_rate_hz=8000, clocks={1: rates["es"]})
    assert error(found[1].cut(6.0, 9.0)[0], "spa", 6.0, 8000) < 0.3  # from a timestamp that is rounded to 1 ms
    whole_S = read_audio(alone, sample_rate_hz=48000).numpy()[0]
    assert len(whole_S) == pytest.approx(12.2 * 48000, abs=100)
    assert error(whole_S[9 * 48000 : 12 * 48000], "spa", 9.0) < 0.1
