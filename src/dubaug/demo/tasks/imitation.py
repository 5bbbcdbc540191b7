"""What a person's voice makes of a sound: a channel vocoder with a voice for its carrier."""

import numpy as np
import scipy.signal

from dubaug.demo.tasks.waves import RATE_HZ, Wave, noise, rms

N_FFT = 1024
HOP = 256
BANDS = 14
LOW_HZ, HIGH_HZ = 120.0, 5500.0
"""Range and fineness of what a mouth can shape."""


def imitated(sound_S: Wave, rng: np.random.Generator) -> Wave:
    """Return an imitation of `sound_S` of the same length.

    The sound's energy in a few bands over time shapes a carrier: hiss where the sound is noisy, elsewhere a voiced
    tone whose pitch follows the sound's spectral centroid in the speaker's own range. How well a speaker follows
    time and pitch differs from one to the next.
    """
    envelope_BF = _band_energies(_spectrum(sound_S))
    frames = envelope_BF.shape[1]
    centres_hz = np.geomspace(LOW_HZ, HIGH_HZ, BANDS)
    centroid = (np.log2(centres_hz)[:, None] * envelope_BF).sum(0) / (envelope_BF.sum(0) + 1e-12)
    smoothing = rng.uniform(1.0, 5.0)
    centroid = _smooth(centroid, smoothing)
    own_hz, follows = rng.uniform(100.0, 260.0), rng.uniform(0.2, 0.5)
    pitch_hz = own_hz * 2.0 ** np.clip(follows * (centroid - 10.0), -1.0, 1.5)
    peakedness = envelope_BF.max(0) / (envelope_BF.mean(0) + 1e-12)
    voiced = _smooth(np.clip((peakedness - 2.0) / 5.0, 0.0, 1.0), smoothing)
    carrier = _carrier(len(sound_S), np.clip(pitch_hz, 70.0, 900.0), voiced, rng)

    wanted_BF = np.stack([_smooth(band, smoothing) for band in envelope_BF])
    spectrum_FT = _spectrum(carrier)
    present_BF = _band_energies(spectrum_FT)
    gain_BF = np.sqrt(wanted_BF[:, :frames] / (present_BF[:, :frames] + 1e-9 * present_BF.max()))
    bins_hz = np.fft.rfftfreq(N_FFT, 1 / RATE_HZ)
    at = np.interp(np.log(np.maximum(bins_hz, 1.0)), np.log(centres_hz), np.arange(BANDS))
    low = np.minimum(at.astype(int), BANDS - 2)
    part = (at - low)[:, None]
    gain_FT = gain_BF[low] * (1 - part) + gain_BF[low + 1] * part
    gain_FT[bins_hz > 1.3 * HIGH_HZ] = 0.0
    _, wave = scipy.signal.istft(spectrum_FT[:, :frames] * gain_FT, RATE_HZ, nperseg=N_FFT, noverlap=N_FFT - HOP)
    return np.asarray(wave[: len(sound_S)], np.float32)


def _spectrum(sound_S: Wave) -> np.ndarray:
    return np.asarray(scipy.signal.stft(sound_S, RATE_HZ, nperseg=N_FFT, noverlap=N_FFT - HOP)[2])


def _band_energies(spectrum_FT: np.ndarray) -> np.ndarray:
    """Return the energy in `BANDS` bands equally wide in log frequency, shape (BANDS, T)."""
    edges_hz = np.geomspace(LOW_HZ * 0.8, HIGH_HZ * 1.25, BANDS + 1)
    bins = np.unique(np.searchsorted(np.fft.rfftfreq(N_FFT, 1 / RATE_HZ), edges_hz))
    assert len(bins) == BANDS + 1, "bands narrower than a bin"
    return np.add.reduceat(np.square(np.abs(spectrum_FT))[: bins[-1]], bins[:-1], axis=0)


def _smooth(curve_T: np.ndarray, frames: float) -> np.ndarray:
    """Return the curve through a one-pole low-pass of about `frames` frames, forth and back."""
    keep = np.exp(-1.0 / frames)
    smooth_T: np.ndarray = scipy.signal.filtfilt([1 - keep], [1, -keep], curve_T, padlen=0)
    return smooth_T


def _carrier(n_samples: int, pitch_hz: np.ndarray, voiced: np.ndarray, rng: np.random.Generator) -> Wave:
    """Return a voice's source: pulses at `pitch_hz`, breath where it is not `voiced` (both a frame)."""
    at_samples = np.arange(n_samples) / HOP
    pitch = np.interp(at_samples, np.arange(len(pitch_hz)), pitch_hz)
    pitch *= 1.0 + 0.02 * np.sin(2 * np.pi * 5.5 * np.arange(n_samples) / RATE_HZ + rng.uniform(0, 6))
    phase = np.cumsum(pitch) / RATE_HZ
    pulses = np.diff(np.floor(phase), prepend=0.0).astype(np.float32)
    pulses = scipy.signal.lfilter([1.0], [1.0, -0.9], pulses).astype(np.float32)
    share = np.interp(at_samples, np.arange(len(voiced)), voiced)
    breath = noise(n_samples, rng, exponent=0.5)
    return np.asarray(pulses / rms(pulses) * np.sqrt(share) + breath * np.sqrt(1 - share), np.float32)
