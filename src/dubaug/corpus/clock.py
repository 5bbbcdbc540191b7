"""How fast a track's timestamps run beside its sound: stretched in the container, or recorded by two clocks."""

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet

from dubaug.workers import report_progress

_PART_S = 1.0
"""Timestamps are averaged over this: they are rounded, and in Matroska's laces several frames share one."""
_JUMP_S = 0.003
"""A step by more than this (and six times the usual one) is a hole, an overlap or a splice, and not of the slope."""
_EXACT_S = 0.005
"""A slope that comes to less over the whole track is none: a step that is no jump may look like one."""
_FIRST = 16
"""Packets that are decoded to know how long each is."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """How a track's timestamps run, its holes and overlaps left out."""

    rate: float = 1.0
    """Seconds of the timestamps a second of the sound, of the whole track; exactly 1 where they agree."""
    uneven_s: float = 0.0
    """How far they stray from that."""


class Drift:
    """A track's timestamps against the seconds of sound before them."""

    def __init__(self) -> None:
        self._part = -1
        self._times_s, self._sounds_s, self._counts = array("d"), array("d"), array("d")

    def add(self, time_s: float | None, sound_s: float) -> None:
        """Note that what follows after `sound_s` seconds of sound has this timestamp."""
        if time_s is None:
            return
        if self._part != (part := int(sound_s / _PART_S)):
            self._part = part
            for values in (self._times_s, self._sounds_s, self._counts):
                values.append(0.0)
        self._times_s[-1] += time_s
        self._sounds_s[-1] += sound_s
        self._counts[-1] += 1

    def clock(self) -> Clock:
        """Return the track's clock: by least squares, all stretches between holes and overlaps at one speed."""
        if len(self._times_s) < 3:
            return Clock()
        sound_s = np.divide(self._sounds_s, self._counts)
        late_s = np.divide(self._times_s, self._counts) - sound_s
        length_s, step_s = np.diff(sound_s), np.diff(late_s)
        slope = float(np.median(step_s / length_s))
        odd_s = np.abs(step_s - slope * length_s)
        part = np.concatenate([[0], np.cumsum(odd_s > max(_JUMP_S, 6 * float(np.median(odd_s))))])
        sound_s, late_s = (
            values - (np.bincount(part, values) / np.bincount(part))[part] for values in (sound_s, late_s)
        )
        spread = float(sound_s @ sound_s)
        slope = float(sound_s @ late_s) / spread if spread else 0.0
        rest_s = late_s - slope * sound_s
        total_s, noise_s = np.array([abs(slope), rest_s.std() / max(spread, 1e-9) ** 0.5]) * length_s.sum()
        if total_s < max(_EXACT_S, 4 * noise_s):
            return Clock()
        return Clock(rate=1.0 + slope, uneven_s=float(np.ptp(rest_s)))


class PacketDrift:
    """The same from packets, of which only the first are decoded: quick, and right if all are alike."""

    def __init__(self, stream: AudioStream) -> None:
        self._context, self._drift = stream.codec_context, Drift()
        if self._context is not None:
            self._context.thread_count = 1
        self._by_bytes = self._context is not None and self._context.name.startswith("pcm")
        self._lengths_s: list[float] = []
        self._unit_s, self._units = 0.0, 0

    def add(self, packet: "Packet[Any]", time_s: float | None) -> None:
        """Count a packet."""
        units = packet.size if self._by_bytes else 1
        if self._context is not None and len(self._lengths_s) < _FIRST:
            self._lengths_s.append(_decoded_s(packet) / units)
            self._unit_s = float(np.median(self._lengths_s))
        else:
            self._drift.add(time_s, self._units * self._unit_s)
        self._units += units

    @property
    def suspect(self) -> bool:
        """Whether the timestamps seem to run at another speed than the sound: `decoded_clock` knows."""
        return self._unit_s > 0 and self._drift.clock().rate != 1.0


def decoded_clock(path: Path, stream: int) -> Clock:
    """Return the clock of a file's n-th audio stream, which is decoded; damage ends the reading."""
    drift, sound_s = Drift(), 0.0
    with av.open(path.absolute()) as container:
        audio = container.streams.audio[stream]
        audio.codec_context.thread_count = 1
        try:
            for packet in container.demux(audio):
                for frame in frames_of(packet):
                    drift.add(frame.time, sound_s)
                    sound_s += frame.samples / frame.sample_rate
                report_progress()
        except av.FFmpegError:
            return drift.clock()  # of as much as can be used
    return drift.clock()


def frames_of(packet: "Packet[Any]") -> list[Any]:
    """Return a packet's frames: none where the decoder refuses it, which the timestamps after it show as a hole."""
    try:
        return list(packet.decode())
    except av.FFmpegError:
        return []


def _decoded_s(packet: "Packet[Any]") -> float:
    return float(sum(frame.samples / frame.sample_rate for frame in frames_of(packet)))
