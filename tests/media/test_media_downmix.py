"""Stereo from every layout: against coefficients worked out by hand, and through real files."""

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from dubaug.errors import MediaError
from dubaug.media.audio import read_audio
from dubaug.media.downmix import coefficients, to_stereo
from film_factory import make_film, tone

# 1 / (1 + 0.70710678 + 0.70710678) and 0.70710678 times that
MAIN, SIDE = 0.41421356, 0.29289322
# 7.1: 1 / (1 + 3 * 0.70710678)
MAIN_71, SIDE_71 = 0.32037724, 0.22654092

HAND_COMPUTED = {
    "mono": [[1.0], [1.0]],
    "stereo": [[1.0, 0.0], [0.0, 1.0]],
    # L R C LFE Ls Rs
    "5.1": [[MAIN, 0, SIDE, 0, SIDE, 0], [0, MAIN, SIDE, 0, 0, SIDE]],
    "5.1(side)": [[MAIN, 0, SIDE, 0, SIDE, 0], [0, MAIN, SIDE, 0, 0, SIDE]],
    "7.1": [[MAIN_71, 0, SIDE_71, 0, SIDE_71, 0, SIDE_71, 0], [0, MAIN_71, SIDE_71, 0, 0, SIDE_71, 0, SIDE_71]],
    # L R C and one surround: 1 / (1 + 0.70710678 + 0.5)
    "4.0": [[0.45308184, 0, 0.32037724, 0.22654092], [0, 0.45308184, 0.32037724, 0.22654092]],
    "quad": [[0.58578644, 0, 0.41421356, 0], [0, 0.58578644, 0, 0.41421356]],
}


@pytest.mark.parametrize("layout", HAND_COMPUTED)
def test_coefficients_are_the_hand_computed_ones(layout: str) -> None:
    channels = tuple(channel.name for channel in av.AudioLayout(layout).channels)
    np.testing.assert_allclose(coefficients(channels), HAND_COMPUTED[layout], atol=1e-4)


def test_the_order_of_the_channels_does_not_matter() -> None:
    samples_CS = np.random.default_rng(0).standard_normal((6, 100)).astype(np.float32)
    ffmpeg = ("FL", "FR", "FC", "LFE", "SL", "SR")
    native_ac3 = ("FL", "FC", "FR", "SL", "SR", "LFE")
    reordered_CS = samples_CS[[ffmpeg.index(name) for name in native_ac3]]
    np.testing.assert_allclose(to_stereo(samples_CS, ffmpeg), to_stereo(reordered_CS, native_ac3), atol=1e-6)


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "5.1(side)", "7.1", "quad", "6.1", "octagonal", "22.2"])
def test_full_scale_in_every_channel_does_not_clip(layout: str) -> None:
    channels = tuple(channel.name for channel in av.AudioLayout(layout).channels)
    assert np.abs(coefficients(channels)).sum(axis=1).max() <= 1 + 1e-6


def test_an_unknown_channel_is_refused() -> None:
    with pytest.raises(MediaError, match="'AMBI'"):
        coefficients(("FL", "FR", "AMBI"))


def gains(stereo_CS: np.ndarray, wave_S: np.ndarray) -> np.ndarray:
    """Return how much of `wave_S` is in each channel, by least squares over the middle of the sound."""
    length = min(stereo_CS.shape[1], len(wave_S))
    middle = slice(length // 4, 3 * length // 4)
    reference = wave_S[middle]
    # the codec's delay may turn the phase: fit sine and cosine
    quadrature = np.imag(np.asarray(np.fft.ifft(2 * np.fft.fft(reference) * (np.fft.fftfreq(len(reference)) > 0))))
    basis = np.stack([reference, quadrature], axis=1)
    fitted, *_ = np.linalg.lstsq(basis, stereo_CS[:, middle].T, rcond=None)
    return np.hypot(*fitted)


@pytest.mark.parametrize("channel", range(6))
def test_a_tone_in_one_channel_of_real_ac3(tmp_path: Path, channel: int) -> None:
    hz = 60.0 if channel == 3 else 1000.0
    samples_CS = np.zeros((6, 48000), dtype=np.float32)
    samples_CS[channel] = tone(1.0, hz=hz, channels=1, gain=0.5)[0]
    path = make_film(tmp_path / "tone.mkv", picture=False, tracks={"eng": samples_CS})
    stereo_CS = read_audio(path, sample_rate_hz=48000).numpy()
    expected = np.array(HAND_COMPUTED["5.1(side)"])[:, channel]
    np.testing.assert_allclose(gains(stereo_CS, samples_CS[channel]), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("layout", "suffix", "codec"),
    [("5.1", ".flac", "flac"), ("7.1", ".mkv", "flac"), ("5.1", ".wav", "pcm_s16le"), ("7.1", ".mkv", "pcm_f32le")],
)
def test_lossless_files_to_a_ten_thousandth(tmp_path: Path, layout: str, suffix: str, codec: str) -> None:
    matrix = np.array(HAND_COMPUTED[layout])
    samples_CS = 0.5 * np.random.default_rng(1).uniform(-1, 1, (matrix.shape[1], 9600)).astype(np.float32)
    path = make_film(tmp_path / f"noise{suffix}", picture=False, tracks={"eng": samples_CS}, layout=layout, codec=codec)
    stereo_CS = read_audio(path, sample_rate_hz=48000).numpy()
    np.testing.assert_allclose(stereo_CS, matrix @ samples_CS, atol=1e-4)


def test_dynamic_range_compression_is_off() -> None:
    from dubaug.media.track import prepare

    class Context:
        options: dict[str, str] = {}  # noqa: RUF012
        thread_count = 0

    class Stream:
        codec_context = Context()

    prepare(Stream())  # type: ignore[arg-type]
    assert Stream.codec_context.options == {"drc_scale": "0"}


def test_a_wav_that_does_not_say_its_layout_is_taken_as_5_1(tmp_path: Path) -> None:
    samples_SC = (np.random.default_rng(2).uniform(-0.5, 0.5, (4800, 6)) * 32767).astype("<i2")
    with wave.open(str(tmp_path / "plain.wav"), "wb") as file:
        file.setnchannels(6)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(samples_SC.tobytes())
    stereo_CS = read_audio(tmp_path / "plain.wav", sample_rate_hz=48000).numpy()
    np.testing.assert_allclose(stereo_CS, np.array(HAND_COMPUTED["5.1"]) @ (samples_SC.T / 32768), atol=1e-4)
