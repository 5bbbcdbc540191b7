"""Parts of a film's sound, reached by seeking: for looking at a film without reading it all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.audio.stream import AudioStream

from dubaug.corpus.clock import frames_of
from dubaug.corpus.programmes import start_s as file_start_s
from dubaug.corpus.tracks import Channel
from dubaug.errors import MediaError
from dubaug.media.downmix import one_channel
from dubaug.media.track import Converter, Timeline, prepare, resample
from dubaug.media.video import REMUX, opened
from dubaug.workers import report_progress

PREROLL_S = 0.5
"""Decoding begins this much early: the first frame of a lossy codec needs the one before it."""

FILTER_SIZE = 16
"""Of the resampler: what it lets through beyond the band is alike in all tracks."""


Span: TypeAlias = tuple[float, float]
"""Start and end in seconds."""


@dataclass(frozen=True, kw_only=True)
class Excerpts:
    """Parts of one track: float32 stereo `(2, S)` by span after the file's start, silent where it has no sound yet."""

    sounds: Mapping[Span, np.ndarray]
    sample_rate_hz: int
    last: Span | None = None
    """The one in which the track ends, if it is among them: its sound is shorter, and after that is silence."""

    def only(self, channel: Channel) -> "Excerpts":
        """Return one channel of the same, in both places; all of it without a channel."""
        sounds = {span: one_channel(sound_CS, channel) for span, sound_CS in self.sounds.items()}
        return replace(self, sounds=sounds)

    def span(self, start_s: float, end_s: float) -> Span | None:
        """Return the span that holds these seconds; None if none does."""
        return next(
            (
                span
                for span in self.sounds
                if span[0] - 1e-6 <= start_s and (end_s <= span[1] + 1e-6 or span == self.last)
            ),
            None,
        )

    def cut(self, start_s: float, end_s: float) -> np.ndarray:
        """Return `(2, S)` of a part of one span; raises `ValueError` if no span holds it."""
        span = self.span(start_s, end_s)
        if span is None:
            raise ValueError(f"no span holds {start_s:.3f} to {end_s:.3f} s; there are {list(self.sounds)}")
        first = round((start_s - span[0]) * self.sample_rate_hz)
        return filled(self.sounds[span][:, first:], round((end_s - start_s) * self.sample_rate_hz))


def filled(values_CN: np.ndarray, length: int) -> np.ndarray:
    """Return the first `length` of `(C, N)`, zeros where there are fewer."""
    return np.pad(values_CN[:, :length], ((0, 0), (0, max(length - values_CN.shape[1], 0))))


def joined_spans(spans_s: Sequence[Span]) -> tuple[Span, ...]:
    """Return the same seconds in rising order, spans that touch made one; nothing lies before 0."""
    joined: list[Span] = []
    for start_s, end_s in sorted((max(start_s, 0.0), max(end_s, 0.0)) for start_s, end_s in spans_s):
        if joined and start_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_s))
        elif end_s > start_s:
            joined.append((start_s, end_s))
    return tuple(joined)


def read_excerpts(
    path: Path,
    *,
    streams: Sequence[int],
    spans_s: Sequence[Span],
    sample_rate_hz: int,
    clocks: Mapping[int, float] | None = None,
) -> dict[int, Excerpts]:
    """Return the spans (joined where they touch) of the n-th audio streams, each stream's under its number.

    Times count from the container's start, as clips' do; `clocks` are those of stretched streams (`Track.clock`).
    Raises `MediaError` if the file or a track cannot be read.
    """
    sounds: dict[int, dict[Span, np.ndarray]] = {number: {} for number in streams}
    last: dict[int, Span] = {}
    with opened(path) as container:
        audio = container.streams.audio
        missing = [number for number in streams if not 0 <= number < len(audio)]
        if missing:
            raise MediaError(f"{path.name} has no audio stream {missing[0]}", "make the catalogue again")
        chosen = {number: audio[number] for number in streams}
        for stream in chosen.values():
            prepare(stream)
        of_index = {chosen[number].index: clock for number, clock in (clocks or {}).items()}
        for span_s in joined_spans(spans_s):
            for number, (sound_CS, ended) in _read_span(container, chosen, span_s, sample_rate_hz, of_index).items():
                sounds[number][span_s] = sound_CS
                if ended:
                    last.setdefault(number, span_s)
    return {
        number: Excerpts(sounds=sounds[number], sample_rate_hz=sample_rate_hz, last=last.get(number))
        for number in streams
    }


def _read_span(
    container: av.container.InputContainer,
    chosen: Mapping[int, AudioStream],
    span_s: Span,
    sample_rate_hz: int,
    clocks: Mapping[int, float],
) -> dict[int, tuple[np.ndarray, bool]]:
    """Return each stream's float32 `(2, S)`, and whether it ends there, under its number in `chosen`.

    `clocks` are by index in the file.
    """
    start_s, end_s = span_s
    first = next(iter(chosen.values()))
    origin_s = file_start_s(first)
    # Decoded at each track's own rate and brought to the wanted one at the end: two channels instead of six.
    rates = {stream.index: stream.codec_context.sample_rate or sample_rate_hz for stream in chosen.values()}
    lines = {index: Timeline(sample_rate_hz=rate_hz, origin_s=origin_s + start_s) for index, rate_hz in rates.items()}
    converters = {index: Converter(rate_hz, clocks.get(index, 1.0)) for index, rate_hz in rates.items()}
    seek_s = origin_s + max(start_s - PREROLL_S, 0.0)
    if container.format.name == "mpegts" and first.time_base:  # each programme has a clock of its own
        container.seek(int(seek_s / first.time_base), stream=first)
    else:  # Matroska's index is often of its picture alone
        container.seek(int(seek_s * av.time_base))
    waiting = set(rates)
    # A seek ends at a key frame of the picture, which may be 10 s before.
    first_s = origin_s + start_s - PREROLL_S
    firsts = {stream.index: int(first_s / stream.time_base) if stream.time_base else 0 for stream in chosen.values()}
    for packet in container.demux(list(chosen.values())):
        index = packet.stream.index
        if index not in waiting or (packet.pts is not None and packet.pts < firsts[index]):
            continue
        for frame in frames_of(packet):
            if frame.time is None and start_s > 0:
                raise MediaError("the sound has frames without timestamps", REMUX)
            for piece in converters[index].push(frame):
                lines[index].push(*piece)
        if lines[index].available >= round((end_s - start_s) * rates[index]):
            waiting.remove(index)
            if not waiting:
                break
    report_progress()
    result = {}
    for number, stream in chosen.items():
        index = stream.index
        for piece in converters[index].flush():
            lines[index].push(*piece)
        samples = round((end_s - start_s) * rates[index])
        there = min(samples, lines[index].available)
        sound_CS = filled(lines[index].take(there), max(there, 1))
        result[number] = resample(sound_CS, rates[index], sample_rate_hz, filter_size=FILTER_SIZE), there < samples
    return result
