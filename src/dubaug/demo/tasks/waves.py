"""Small operations on waveforms, for making recordings that differ as real ones do.

Shapes: S samples, CS channels by samples; float32 in -1..1.
"""

from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import scipy.fft
import scipy.signal
import soundfile
from numpy.typing import NDArray

from dubaug.demo.sounds import resampled

Wave = NDArray[np.float32]
FloatArray = NDArray[np.floating]

RATE_HZ = 24000
"""Sample rate of all mixing here (and of the speech bank): half the work of 48 kHz."""

OUT_RATE_HZ = 48000
"""Sample rate of the HEAR folders and of TUT18. Most of HEAR's sources are published at 16 to 22 kHz too."""

OCTAVES_HZ = 62.5 * 2.0 ** np.arange(9)
"""Where random equalisers have their handles: 62.5 Hz to 16 kHz."""


def fast_length(n_samples: int) -> int:
    """Return a length of at least `n_samples` that Fourier transforms are quick for (primes take 20 times as long)."""
    return int(scipy.fft.next_fast_len(n_samples, real=True))


def db(gain_db: float) -> float:
    """Return the amplitude factor of a gain in decibels."""
    return float(10.0 ** (gain_db / 20.0))


def rms(wave: Wave) -> float:
    """Return the root mean square, never zero."""
    return float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)) + 1e-12))


def at_level(wave: Wave, level_dbfs: float) -> Wave:
    """Return `wave` scaled to an RMS of `level_dbfs`, or less where its peak would pass 0.95."""
    scale = db(level_dbfs) / rms(wave)
    peak = float(np.abs(wave).max(initial=0.0)) * scale
    return (wave * (scale * min(1.0, 0.95 / max(peak, 1e-9)))).astype(np.float32)


def mix(foreground: Wave, background: Wave, *, snr_db: float) -> Wave:
    """Return the sum, the background scaled to lie `snr_db` below the foreground (by RMS)."""
    return (foreground + background * (rms(foreground) / rms(background) * db(-snr_db))).astype(np.float32)


def mono(wave_CS: Wave) -> Wave:
    """Return the mean of the channels, shape (S,)."""
    mono_S: Wave = wave_CS.mean(axis=0, dtype=np.float32)
    return mono_S


def noise(
    n_samples: int,
    rng: np.random.Generator,
    *,
    exponent: float = 1.0,
    spread_db: float = 0.0,
    channels: int | None = None,
    rate_hz: int = RATE_HZ,
) -> Wave:
    """Return noise whose power falls as 1/f**exponent (1 pink, 2 brown), at an RMS of 1.

    Its spectrum is also bent at random, as by `coloured`, if `spread_db` is not 0. Shape (S,), or (channels, S).
    """
    n_fft = fast_length(n_samples)
    shape = (n_fft // 2 + 1,) if channels is None else (channels, n_fft // 2 + 1)
    spectrum = rng.standard_normal(shape, dtype=np.float32) + 1j * rng.standard_normal(shape, dtype=np.float32)
    gains_db = -10.0 * exponent * np.log10(OCTAVES_HZ / OCTAVES_HZ[0]) + rng.normal(0.0, spread_db, len(OCTAVES_HZ))
    wave: Wave = scipy.fft.irfft(spectrum * _gains(n_fft, OCTAVES_HZ, gains_db, rate_hz), n_fft)[..., :n_samples]
    return wave / np.float32(rms(wave))


def coloured(wave: Wave, rng: np.random.Generator, *, spread_db: float, rate_hz: int = RATE_HZ) -> Wave:
    """Return `wave` through a random smooth equaliser: a microphone's and a room's colour.

    The gains at octave points from 62.5 Hz up are normal with a standard deviation of `spread_db`.
    """
    return equalised(wave, OCTAVES_HZ, rng.normal(0.0, spread_db, len(OCTAVES_HZ)), rate_hz=rate_hz)


def equalised(wave: Wave, points_hz: FloatArray, gains_db: FloatArray, *, rate_hz: int = RATE_HZ) -> Wave:
    """Return `wave` with its spectrum changed by `gains_db` at `points_hz`, linear in log frequency between them."""
    n_fft = fast_length(wave.shape[-1])
    spectrum = scipy.fft.rfft(wave, n_fft) * _gains(n_fft, points_hz, gains_db, rate_hz)
    equal: Wave = scipy.fft.irfft(spectrum, n_fft)[..., : wave.shape[-1]]
    return equal


def _gains(n_fft: int, points_hz: FloatArray, gains_db: FloatArray, rate_hz: int) -> Wave:
    """Return the amplitude factor of each bin of a real Fourier transform of `n_fft` samples."""
    frequencies_hz = np.maximum(np.fft.rfftfreq(n_fft, 1 / rate_hz), 1.0)
    curve_db = np.interp(np.log2(frequencies_hz), np.log2(points_hz), gains_db)
    return np.asarray(10.0 ** (curve_db / 20.0), np.float32)


def reverberant(wave: Wave, rng: np.random.Generator, *, rt60_s: float, wet_db: float) -> Wave:
    """Return `wave` with an exponentially decaying noise tail added (`wet_db` relative to the direct sound)."""
    n_tail = max(1, int(rt60_s * RATE_HZ))
    tail = rng.standard_normal(n_tail) * 10.0 ** (-3.0 * np.arange(n_tail) / n_tail)
    tail /= np.sqrt(np.square(tail).sum())
    wet = scipy.signal.fftconvolve(wave, tail)[: len(wave)]
    return np.asarray(wave + db(wet_db) * wet, np.float32)


def faster(wave: Wave, factor: float) -> Wave:
    """Return `wave` played `factor` times as fast: shorter, and its pitch and formants higher."""
    ratio = Fraction(1 / factor).limit_denominator(60)
    return np.asarray(scipy.signal.resample_poly(wave, ratio.numerator, ratio.denominator, axis=-1), np.float32)


def warped(wave: Wave, speed_S: NDArray[np.float64]) -> Wave:
    """Return `wave` played with a speed that changes over time (one value an input sample, 1 is unchanged)."""
    positions = np.cumsum(1.0 / speed_S)  # output time at which each input sample sounds
    return np.interp(np.arange(int(positions[-1])), positions, wave).astype(np.float32)


def stretched(wave: Wave, factor: float) -> Wave:
    """Return `wave` `factor` times as long at the same pitch, by overlap-add of similar segments (WSOLA)."""
    size, search = int(0.04 * RATE_HZ), int(0.01 * RATE_HZ)
    hop = size // 2
    window = np.hanning(size + 1)[:-1]
    n_out = int(len(wave) * factor)
    padded = np.concatenate([np.zeros(search), wave, np.zeros(size + 2 * search + hop)])
    out = np.zeros(n_out + size)
    previous = search
    for start in range(0, n_out, hop):
        nominal = search + min(int(start / factor), len(wave))
        if start:
            target = padded[previous + hop : previous + hop + size]
            area = padded[nominal - search : nominal + search + size]
            nominal += int(np.argmax(scipy.signal.fftconvolve(area, target[::-1], mode="valid"))) - search
        out[start : start + size] += window * padded[nominal : nominal + size]
        previous = nominal
    return out[:n_out].astype(np.float32)


def placed(wave: Wave, n_samples: int, start: int = 0) -> Wave:
    """Return `n_samples` samples with `wave` from `start` on: padded with zeros, or cut."""
    out = np.zeros((*wave.shape[:-1], n_samples), dtype=np.float32)
    length = max(0, min(wave.shape[-1], n_samples - start))
    out[..., start : start + length] = wave[..., :length]
    return out


def write_wav(
    path: Path,
    wave: Wave,
    *,
    rate_hz: int = OUT_RATE_HZ,
    subtype: Literal["PCM_16", "PCM_24"] = "PCM_16",
    hiss: np.random.Generator | None = None,
) -> None:
    """Write `wave`, shape (S,) or (C, S) at `RATE_HZ`, as a file at `rate_hz`, clipped to -1..1.

    `hiss` adds a faint white noise up to half the file's own rate, as a wide-band recording has it.
    """
    out = resampled(wave, RATE_HZ, rate_hz)
    if hiss is not None:
        out = out + hiss.standard_normal(out.shape, dtype=np.float32) * np.float32(db(hiss.uniform(-72.0, -58.0)))
    soundfile.write(path, np.clip(out, -1.0, 1.0).T, rate_hz, subtype=subtype, format="WAV")
