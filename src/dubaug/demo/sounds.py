"""The parts that the demo's sounds are made of: shaped noise, tones, struck bodies, and their placing in stereo.

Sounds are float32; `C` stands for the two channels and `S` for samples. Levels are free until `levelled`.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from scipy import fft, signal

Array = np.ndarray


def length(seconds: float, rate_hz: int) -> int:
    """Return the number of samples of `seconds`."""
    return round(seconds * rate_hz)


def times_s(n_samples: int, rate_hz: int) -> Array:
    """Return the time of each sample, float64 (n_samples,)."""
    return np.arange(n_samples) / rate_hz


def white(rng: np.random.Generator, *shape: int) -> Array:
    """Return Gaussian white noise of unit variance, float32."""
    return rng.standard_normal(shape, dtype=np.float32)


def equalised(sound_CS: Array, rate_hz: int, points: Sequence[tuple[float, float]]) -> Array:
    """Return the sound with a gain that follows `points` of (frequency in Hz, dB), at a root mean square of 1.

    The gain is linear in log frequency between the points and level outside them; the mean is removed.
    """
    n_samples = sound_CS.shape[-1]
    return unit(fft.irfft(fft.rfft(sound_CS) * _gain(n_samples, rate_hz, points), n_samples))


def shaped(rng: np.random.Generator, n_samples: int, rate_hz: int, points: Sequence[tuple[float, float]]) -> Array:
    """Return two channels of independent Gaussian noise with the spectrum that `points` describe, as in `equalised`.

    It is drawn as a spectrum, since the spectrum of white noise is white noise: half the work of filtering.
    """
    gain = _gain(n_samples, rate_hz, points)
    parts = rng.standard_normal((2, len(gain), 2), dtype=np.float32)
    return unit(fft.irfft(parts.view(np.complex64)[..., 0] * gain, n_samples))


def _gain(n_samples: int, rate_hz: int, points: Sequence[tuple[float, float]]) -> Array:
    frequencies = np.fft.rfftfreq(n_samples, 1 / rate_hz)
    frequencies[0] = frequencies[1]
    at, db = zip(*points, strict=True)
    gain = 10 ** (np.maximum(np.interp(np.log(frequencies), np.log(at), db), -60.0) / 20)
    gain[0] = 0
    return np.asarray(gain, np.float32)


def resampled(sound: Array, from_hz: int, to_hz: int) -> Array:
    """Return `sound` at another sample rate (polyphase), float32."""
    if from_hz == to_hz:
        return sound
    ratio = Fraction(to_hz, from_hz)
    return np.asarray(signal.resample_poly(sound, ratio.numerator, ratio.denominator, axis=-1), np.float32)


def unit(sound: Array) -> Array:
    """Return `sound` scaled to a root mean square of 1 (silence stays silence)."""
    power = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))
    return sound / np.float32(power) if power > 0 else sound


def wander(rng: np.random.Generator, n_samples: int, rate_hz: int, changes_hz: float) -> Array:
    """Return a smooth random curve in 0..1, float32 (n_samples,), with about `changes_hz` turns a second."""
    knots = max(int(n_samples / rate_hz * changes_hz) + 3, 4)
    at = np.linspace(0, knots - 1.001, n_samples)
    left = at.astype(int)
    part = at - left
    part = part * part * (3 - 2 * part)
    values = rng.random(knots)
    return np.asarray(values[left] * (1 - part) + values[left + 1] * part, np.float32)


def resonance(sound: Array, rate_hz: int, centre_hz: float, bandwidth_hz: float) -> Array:
    """Return `sound` through a two-pole resonance (gain about 1 at its centre); below Nyquist by force."""
    centre = min(centre_hz, 0.45 * rate_hz)
    b, a = signal.iirpeak(centre, max(centre / bandwidth_hz, 0.3), fs=rate_hz)
    return np.asarray(signal.lfilter(b, a, sound), np.float32)


def lowpass(sound: Array, rate_hz: int, cutoff_hz: float, order: int = 2) -> Array:
    """Return `sound` through a Butterworth low-pass."""
    sos = signal.butter(order, min(cutoff_hz, 0.45 * rate_hz), "lowpass", fs=rate_hz, output="sos")
    return np.asarray(signal.sosfilt(sos, sound), np.float32)


def highpass(sound: Array, rate_hz: int, cutoff_hz: float, order: int = 2) -> Array:
    """Return `sound` through a Butterworth high-pass."""
    sos = signal.butter(order, min(cutoff_hz, 0.45 * rate_hz), "highpass", fs=rate_hz, output="sos")
    return np.asarray(signal.sosfilt(sos, sound), np.float32)


def tone(frequency_hz: Array, rate_hz: int, harmonics: Sequence[float]) -> Array:
    """Return a periodic tone whose fundamental follows `frequency_hz` (S,); those above Nyquist are left out."""
    phase = 2 * np.pi * np.cumsum(frequency_hz, dtype=np.float64) / rate_hz
    top = float(np.max(frequency_hz))
    # All harmonics from two trigonometric calls: powers of the rotating phasor.
    phasor = np.exp(1j * phase).astype(np.complex64)
    power, result = phasor.copy(), np.zeros(len(phase), np.float32)
    for number, amplitude in enumerate(harmonics, start=1):
        if number * top >= 0.47 * rate_hz:
            break
        result += np.float32(amplitude) * power.imag
        power *= phasor
    return result


def struck(
    rate_hz: int, seconds: float, partials: Sequence[tuple[float, float, float]], rng: np.random.Generator | None = None
) -> Array:
    """Return a struck body: decaying partials of (frequency in Hz, amplitude, time in s to fall by 60 dB).

    With `rng` the phases are random, else zero.
    """
    n_samples = length(seconds, rate_hz)
    time = times_s(n_samples, rate_hz)
    result = np.zeros(n_samples, np.float32)
    for frequency, amplitude, decay in partials:
        if frequency >= 0.47 * rate_hz:
            continue
        phase = rng.uniform(0, 2 * np.pi) if rng is not None else 0.0
        rate = -6.91 / decay + 2j * np.pi * frequency
        result += (amplitude * np.exp(rate * time + 1j * phase)).imag.astype(np.float32)
    rise = max(length(0.001, rate_hz), 1)
    result[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    return result


def burst(
    rng: np.random.Generator, rate_hz: int, seconds: float, *, low_hz: float, high_hz: float, decay_s: float
) -> Array:
    """Return a burst of band-limited noise that falls by 60 dB in `decay_s`, unit peak, float32 (S,)."""
    n_samples = length(seconds, rate_hz)
    noise = highpass(lowpass(white(rng, n_samples), rate_hz, high_hz), rate_hz, low_hz)
    sound = noise * np.exp(-6.91 / decay_s * times_s(n_samples, rate_hz)).astype(np.float32)
    return sound / np.float32(np.abs(sound).max() + 1e-9)


def panned(sound: Array, pan: float) -> Array:
    """Return a mono sound (S,) as stereo (2, S) at `pan` (-1 left, 1 right), equal power."""
    angle = (np.clip(pan, -1, 1) + 1) * np.pi / 4
    return np.stack([sound * np.float32(np.cos(angle)), sound * np.float32(np.sin(angle))])


def add_at(track_CS: Array, sound_CS: Array, start_s: float, rate_hz: int, gain: float = 1.0) -> None:
    """Add `sound_CS` (stereo, or mono for both sides) to `track_CS` from `start_s` on; what runs over is cut."""
    start = round(start_s * rate_hz)
    end = min(start + sound_CS.shape[-1], track_CS.shape[-1])
    if end > max(start, 0):
        track_CS[..., max(start, 0) : end] += np.float32(gain) * sound_CS[..., max(-start, 0) : end - start]


def scatter(
    rng: np.random.Generator, n_samples: int, rate_hz: int, *, per_s: float, grains: Sequence[Array], spread: float
) -> Array:
    """Return many short sounds at random times, (2, S): `grains` at random sides, amplitudes log-normal by `spread`."""
    track = np.zeros((2, n_samples), np.float32)
    for grain in grains:
        impulses = np.zeros((2, n_samples), np.float32)
        count = max(int(rng.poisson(per_s / len(grains) * n_samples / rate_hz)), 1)
        at = rng.integers(0, n_samples, count)
        gain = np.exp(spread * rng.standard_normal(count))
        side = rng.uniform(0, np.pi / 2, count)
        np.add.at(impulses[0], at, gain * np.cos(side))
        np.add.at(impulses[1], at, gain * np.sin(side))
        track += signal.oaconvolve(impulses, grain[None], axes=-1)[:, :n_samples].astype(np.float32)
    return track


def vibrate(track_CS: Array, modulation: Array) -> Array:
    """Return the track with its amplitude following `modulation` (S,)."""
    return track_CS * modulation.astype(np.float32)


def in_room(sound_CS: Array, rate_hz: int, rng: np.random.Generator, *, seconds: float, wet: float) -> Array:
    """Return the sound in a room whose echo falls by 60 dB in `seconds`; `wet` is the echo's share of the level."""
    return ((1 - wet) * sound_CS + wet * echo(sound_CS, rate_hz, rng, seconds=seconds)).astype(np.float32)


def echo(sound_CS: Array, rate_hz: int, rng: np.random.Generator, *, seconds: float) -> Array:
    """Return a room's echo of both channels' sum, another one at each side, (2, S), about as loud as one channel.

    Echoes are dull, so they are made at a lower rate: at up to 6 kHz a quarter of the samples does.
    """
    n_samples, step = sound_CS.shape[-1], max(rate_hz // 12000, 1)
    mono = lowpass(sound_CS.mean(axis=0), rate_hz, 0.4 * rate_hz / step, 4)[::step]
    n_echo = max(length(seconds, rate_hz) // step, 16)
    response = white(rng, 2, n_echo) * np.exp(-6.91 * np.linspace(0, 1, n_echo)).astype(np.float32)
    response[:, : length(0.012, rate_hz) // step] = 0  # the direct sound comes first
    response /= np.sqrt(np.sum(response**2, axis=-1, keepdims=True)) + 1e-9
    low = signal.oaconvolve(mono[None], response, axes=-1)[:, : len(mono)].astype(np.float32)
    return np.asarray(signal.resample_poly(low, step, 1, axis=-1)[:, :n_samples], np.float32)


def levelled(sound_CS: Array, peak: float) -> Array:
    """Return the sound at the given `peak`; peaks beyond nine times its own r.m.s. are first rounded off."""
    soft = np.tanh(unit(sound_CS) / np.float32(9.0))
    return (soft * np.float32(peak / (np.abs(soft).max() + 1e-9))).astype(np.float32)
