"""Mixing a demo film: bed and music around the listener, speech in the centre, and what is left of it in stereo.

Tracks of six channels are in FFmpeg's order for `5.1(side)`: L R C LFE Ls Rs. Mixing is linear: a film's sound is the
sum of its speech and its background, so either can be had alone.
"""

from dataclasses import dataclass

import numpy as np

from dubaug.demo import sounds as s

LO_RO = np.array([[1, 0, 2**-0.5, 0, 2**-0.5, 0], [0, 1, 2**-0.5, 0, 0, 2**-0.5]], dtype=np.float32) / np.float32(
    1 + 2**0.5
)
"""AC-3's stereo downmix, scaled so that it cannot clip; LFE is left out."""


@dataclass(frozen=True, kw_only=True)
class Acoustics:
    """How a title sounds, whatever happens in it."""

    treble_db: float
    """Gain of the background above 1 kHz."""
    room_s: float
    """Decay time of the mix's artificial room."""
    wet: float
    surround: float
    """Gain of the rear channels."""
    background_db: float
    """R.m.s. level of the background in dB relative to full scale, where its peaks allow it."""
    speech_db: float
    """Of the speech, relative to the background's target level."""
    hiss_db: float
    """Steady noise, relative to full scale."""


def make_acoustics(rng: np.random.Generator) -> Acoustics:
    """Return a title's acoustics, drawn from `rng`."""
    return Acoustics(
        treble_db=float(rng.uniform(-6, 6)),
        room_s=float(rng.uniform(0.25, 1.3)),
        wet=float(rng.uniform(0.02, 0.2)),
        surround=float(rng.uniform(0.3, 0.7)),
        background_db=float(rng.uniform(-31, -25)),
        speech_db=float(rng.uniform(0, 6)),
        hiss_db=float(rng.uniform(-72, -58)),
    )


def background(
    bed_CS: np.ndarray,
    music_CS: np.ndarray | None,
    acoustics: Acoustics,
    *,
    sample_rate_hz: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return everything but speech, float32 (6, samples), no peak above 0.45: bed, music if any, hiss."""
    front = s.unit(bed_CS)
    if music_CS is not None:
        front = front + np.float32(rng.uniform(0.3, 0.8)) * s.unit(music_CS)
    high = s.highpass(front, sample_rate_hz, 1000, 1)
    front = front + np.float32(10 ** (acoustics.treble_db / 20) - 1) * high
    echo = s.echo(front, sample_rate_hz, rng, seconds=acoustics.room_s)
    low = s.lowpass(front.sum(axis=0), sample_rate_hz, 110, 4)
    track = np.zeros((6, front.shape[-1]), np.float32)
    track[:2] = (1 - acoustics.wet) * front + acoustics.wet * echo
    track[4:] = np.float32(acoustics.surround) * (0.5 * front + 0.5 * echo[::-1])
    track[3] = 0.5 * low
    gain = 10 ** (acoustics.background_db / 20) / (float(np.sqrt(np.mean(track[:2] ** 2))) + 1e-9)
    # Sparse sounds (a clock) have high peaks: keep the room that speech needs.
    track *= np.float32(min(gain, 0.43 / (float(np.abs(track).max()) + 1e-9)))
    hiss = np.float32(10 ** (acoustics.hiss_db / 20)) * s.white(rng, 2, front.shape[-1])
    track[:2] += np.clip(hiss, -0.02, 0.02)
    fade = np.minimum(
        1, np.minimum(np.arange(1, front.shape[-1] + 1), np.arange(front.shape[-1], 0, -1)) / (0.012 * sample_rate_hz)
    )
    return track * fade.astype(np.float32)


def speech(speech_S: np.ndarray, acoustics: Acoustics, *, sample_rate_hz: int, rng: np.random.Generator) -> np.ndarray:
    """Return speech in the centre and a few reflections at the sides, float32 (6, samples), no peak above 0.5.

    The gain depends on the title alone and the reflections on `rng`, so that the dubs of a scene are treated alike.
    """
    track = np.zeros((6, speech_S.shape[-1]), np.float32)
    gain = np.float32(10 ** ((acoustics.background_db + acoustics.speech_db) / 20) / SPEECH_RMS)
    track[2] = np.clip(gain * speech_S, -0.5, 0.5)
    for side in track[:2]:  # early reflections, other ones at each side
        for delay_s in rng.uniform(0.01, 0.08, 4):
            delay = s.length(float(delay_s), sample_rate_hz)
            side[delay:] += np.float32(0.12 * (1 - 8 * delay_s)) * track[2, : len(side) - delay]
    return track


SPEECH_RMS = 0.09
"""R.m.s. of an utterance in the speech bank, about; all have one loudness."""


def stereo(track_CS: np.ndarray) -> np.ndarray:
    """Return six channels as AC-3's Lo/Ro stereo, float32 (2, samples)."""
    return np.asarray(np.einsum("oc,cs->os", LO_RO, track_CS), np.float32)
