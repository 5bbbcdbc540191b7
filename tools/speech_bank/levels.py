"""Cut silence from the ends of a recording and bring all recordings to one loudness."""

import numpy as np

FRAME_S = 0.01
EDGE_DB = -34.0
"""A frame this much below the recording's loudest is silence at the ends."""
SPEECH_DB = -30.0
"""Frames within this of the loudest count as speech when the level is measured."""
MARGIN_S = 0.05
"""Kept before and after the speech, faded, so that no consonant is cut."""
LEVEL = 0.1
"""Root mean square of the speech frames after evening out (-20 dB re full scale)."""
PEAK = 0.9


def even_out(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Return the speech without silence at its ends, at LEVEL, its peaks below PEAK (float32, mono)."""
    frame = round(FRAME_S * sample_rate_hz)
    frames = audio[: len(audio) // frame * frame].reshape(-1, frame)
    level_db = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-10)
    loud = np.flatnonzero(level_db > level_db.max() + EDGE_DB)
    margin = round(MARGIN_S * sample_rate_hz)
    start = max(0, loud[0] * frame - margin)
    stop = min(len(audio), (loud[-1] + 1) * frame + margin)
    speech = frames[level_db > level_db.max() + SPEECH_DB]
    gain = LEVEL / np.sqrt(np.mean(speech**2))
    cut = audio[start:stop] * gain
    # The few peaks above PEAK are bent, not cut: tanh leaves what lies below 0.6 as it is.
    knee = 0.6
    excess = np.maximum(np.abs(cut) - knee, 0)
    cut = np.sign(cut) * (np.minimum(np.abs(cut), knee) + (PEAK - knee) * np.tanh(excess / (PEAK - knee)))
    fade = np.minimum(1, np.arange(len(cut)) / margin)
    return (cut * fade * fade[::-1]).astype(np.float32)
