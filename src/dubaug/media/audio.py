"""Whole sound files, as downstream data sets have them: any format, any layout, in memory."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from dubaug.corpus.clock import Drift
from dubaug.errors import MediaError
from dubaug.media.downmix import to_stereo, usual_layout
from dubaug.media.track import Converter, Timeline, prepare, resample
from dubaug.media.video import UNREADABLE, opened

if TYPE_CHECKING:
    import torch

SOUNDFILE_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".aif", ".aiff"})


def read_audio(path: Path, *, sample_rate_hz: int) -> "torch.Tensor":
    """Return the file's first sound track as float32 stereo `(2, samples)` at `sample_rate_hz`.

    WAV, FLAC and OGG are read by libsndfile, everything else, films included, by FFmpeg. Mono is duplicated to both
    channels, stereo is kept, more channels are mixed down by their layout (`dubaug.media.downmix`). Resampling is a
    windowed sinc, and a sound's first sample stays the first; timestamps are kept to as in films. Raises `MediaError`
    if nothing can be read.
    """
    import torch

    stereo_CS = _read_soundfile(path, sample_rate_hz) if path.suffix.lower() in SOUNDFILE_SUFFIXES else None
    if stereo_CS is None:
        stereo_CS = _read_container(path, sample_rate_hz)
    return torch.from_numpy(np.ascontiguousarray(stereo_CS))


def _read_soundfile(path: Path, sample_rate_hz: int) -> np.ndarray | None:
    """Return the sound, or None where FFmpeg should try: more than two channels need the layout that it reads."""
    if not path.is_file():
        raise MediaError(f"no such file: {path}", "check the path")
    try:
        with soundfile.SoundFile(path) as file:
            if file.channels > 2:
                return None
            samples_SC, rate_hz = file.read(dtype="float32", always_2d=True), file.samplerate
    except soundfile.LibsndfileError:
        return None
    if not len(samples_SC):
        raise MediaError(f"{path.name} holds no sound", UNREADABLE)
    samples_CS = resample(samples_SC.T, rate_hz, sample_rate_hz)
    return to_stereo(samples_CS, usual_layout(samples_CS.shape[0]))


def _read_container(path: Path, sample_rate_hz: int, clock: float = 1.0) -> np.ndarray:
    """Return the sound; once more, resampled, where its timestamps turn out to run at another speed than it."""
    with opened(path) as container:
        if not container.streams.audio:
            raise MediaError(f"{path.name} has no sound track", "give a file with sound")
        stream = container.streams.audio[0]
        prepare(stream)
        converter = Converter(sample_rate_hz, clock)
        origin_s = float(stream.start_time * stream.time_base) if stream.start_time and stream.time_base else 0.0
        timeline, drift, sound_s = Timeline(sample_rate_hz=sample_rate_hz, origin_s=max(origin_s, 0.0)), Drift(), 0.0
        for frame in container.decode(stream):
            drift.add(frame.time, sound_s)
            sound_s += frame.samples / frame.sample_rate
            for piece in converter.push(frame):
                timeline.push(*piece)
        for piece in converter.flush():
            timeline.push(*piece)
    if not timeline.available:
        raise MediaError(f"{path.name} holds no sound", UNREADABLE)
    if clock == 1.0 and (measured := drift.clock().rate) != 1.0:
        return _read_container(path, sample_rate_hz, measured)
    return timeline.take(timeline.available)
