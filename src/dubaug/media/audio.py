"""Whole sound files, as downstream data sets have them: any format, any layout, in memory."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from dubaug.corpus.clock import Drift
from dubaug.corpus.probe import stated_s
from dubaug.corpus.programmes import picture_of
from dubaug.corpus.truncation import require_whole
from dubaug.errors import MediaError
from dubaug.media.downmix import to_stereo, usual_layout
from dubaug.media.track import Converter, Timeline, prepare, resample
from dubaug.media.video import UNREADABLE, opened

if TYPE_CHECKING:
    import torch

UNKNOWN_FRAMES = 2**62
"""libsndfile gives more than this for a stream whose length its writer did not know (FLAC to a pipe)."""

LACK_S = 0.25
"""Sound that ends so much before its header says is cut short; codecs' last frames are shorter."""

SOUNDFILE_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".aif", ".aiff"})


def read_audio(path: Path, *, sample_rate_hz: int) -> "torch.Tensor":
    """Return the file's first sound track as float32 stereo `(2, samples)` at `sample_rate_hz`.

    WAV, FLAC and OGG are read by libsndfile, everything else, films included, by FFmpeg. Mono is duplicated to both
    channels, stereo is kept, more channels are mixed down by their layout (`dubaug.media.downmix`). Resampling is a
    windowed sinc, and a sound's first sample stays the first; timestamps are kept to as in films. Raises `MediaError`
    if nothing can be read, if the file is cut short (`dubaug.corpus.truncation`), or if a sample is not finite.
    """
    import torch

    require_whole(path)
    stereo_CS = _read_soundfile(path, sample_rate_hz) if path.suffix.lower() in SOUNDFILE_SUFFIXES else None
    if stereo_CS is None:
        stereo_CS = _read_container(path, sample_rate_hz)
    if not np.isfinite(stereo_CS).all():
        raise MediaError("the sound holds samples that are not finite", "convert the file again")
    return torch.from_numpy(np.ascontiguousarray(stereo_CS))


def own_rate_hz(path: Path) -> int | None:
    """Return the sample rate that a sound file says; None if libsndfile cannot tell."""
    try:
        rate_hz: int = soundfile.info(path).samplerate
    except soundfile.LibsndfileError:
        return None
    return rate_hz


def _read_soundfile(path: Path, sample_rate_hz: int) -> np.ndarray | None:
    """Return the sound, or None where FFmpeg should try: more than two channels need the layout that it reads."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.channels > 2 or file.frames >= UNKNOWN_FRAMES:
                return None
            samples_SC, rate_hz = file.read(dtype="float32", always_2d=True), file.samplerate
            if len(samples_SC) < file.frames:
                reason = f"{path.name} is cut short: {len(samples_SC)} of its {file.frames} samples can be read"
                raise MediaError(reason, "copy the file again")
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
        promised_s = stated_s(container) if picture_of(container) is None else None
    if not timeline.available:
        raise MediaError(f"{path.name} holds no sound", UNREADABLE)
    if clock == 1.0 and (measured := drift.clock().rate) != 1.0:
        return _read_container(path, sample_rate_hz, measured)
    if promised_s is not None and timeline.end_s < promised_s - LACK_S:
        reason = f"{path.name} is cut short: its sound ends at {timeline.end_s:.1f} s of {promised_s:.1f} s"
        raise MediaError(reason, "copy the file again")
    return timeline.take(timeline.available)
