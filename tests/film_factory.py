"""Small films made for tests: pictures whose grey tells their number, tracks whose samples are given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

STEP = 3
"""Grey levels between one frame and the next, so that coding noise does not confuse them."""


def grey(number: int) -> int:
    return 20 + STEP * (number % 70)


def frame_number(picture_HWC: np.ndarray) -> int:
    """Return which frame (modulo 70) a picture shows."""
    return round((float(np.median(picture_HWC)) - 20) / STEP)


def tone(seconds: float, *, hz: float = 440.0, channels: int = 6, rate: int = 48000, gain: float = 0.3) -> np.ndarray:
    wave = gain * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[None].astype(np.float32), channels, axis=0)


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How a picture is coded. As it stands: full range RGB through lossless H.264."""

    codec: str = "libx264"
    pix_fmt: str = "yuv444p"
    options: Mapping[str, str] = field(default_factory=lambda: {"qp": "0", "preset": "ultrafast", "g": "20"})
    pixel_aspect: Fraction | None = None


def make_film(
    path: Path,
    *,
    seconds: float = 6.5,
    fps: Fraction | int = 24,
    size: tuple[int, int] = (64, 36),
    tracks: Mapping[str, np.ndarray] | Sequence[tuple[str, np.ndarray]] = (),
    layout: str = "5.1(side)",
    rate: int = 48000,
    codec: str = "ac3",
    picture: bool = True,
    start_offset_s: float = 0.0,
    picture_offset_s: float = 0.0,
    sound_offset_s: float = 0.0,
    coding: Coding | None = None,
    draw: Callable[[int], np.ndarray] | None = None,
    times_ms: Sequence[int] | None = None,
    dispositions: Sequence[Disposition] = (),
    titles: Sequence[str] = (),
    language_key: str = "language",
    muxing: Mapping[str, str] | None = None,
    container_format: str | None = None,
) -> Path:
    """Write a film with grey frames and one track an entry of `tracks`.

    `tracks` gives language tags (an empty one: no tag) and float32 `(channels, samples)`; `dispositions` and `titles`
    what the tracks are. `draw` gives other pictures, uint8 `(H, W, 3)` by frame number; `times_ms` when each frame
    begins, where the rate varies. `muxing` are the container's options.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = list(tracks.items()) if isinstance(tracks, Mapping) else list(tracks)
    coding = coding or Coding()
    with av.open(path, "w", format=container_format, options=dict(muxing or {})) as container:
        if picture:
            video = container.add_stream(coding.codec, rate=fps, options=dict(coding.options))
            video.width, video.height, video.pix_fmt = *size, coding.pix_fmt
            if coding.pixel_aspect is not None:
                video.codec_context.sample_aspect_ratio = coding.pixel_aspect
            if times_ms is not None:
                video.codec_context.time_base = Fraction(1, 1000)
        sounds = []
        for language, _ in entries:
            sound = container.add_stream(codec, rate=rate, layout=layout)
            if codec == "ac3":
                sound.bit_rate = 640_000
            if language:
                sound.metadata[language_key] = language
            sounds.append(sound)
        for sound, disposition in zip(sounds, dispositions, strict=False):
            sound.disposition = disposition
        for sound, title in zip(sounds, titles, strict=False):
            sound.metadata["title"] = title
        packets = []
        if picture:
            for number in range(round(seconds * fps) if times_ms is None else len(times_ms)):
                image = np.full((size[1], size[0], 3), grey(number), dtype=np.uint8) if draw is None else draw(number)
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts = number + round((start_offset_s + picture_offset_s) * fps)
                if times_ms is not None:
                    frame.pts, frame.time_base = times_ms[number], Fraction(1, 1000)
                packets += video.encode(frame)
            packets += video.encode(None)
        for stream, (_, samples_CS) in zip(sounds, entries, strict=True):
            packets += _encode_sound(stream, samples_CS, rate, layout, start_offset_s + sound_offset_s)
        packets.sort(key=lambda packet: float(packet.dts * packet.time_base))
        for packet in packets:
            container.mux(packet)
    return path


def _encode_sound(stream, samples_CS: np.ndarray, rate: int, layout: str, start_offset_s: float) -> list:
    interleaved = np.ascontiguousarray(samples_CS.T).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, round(start_offset_s * rate), Fraction(1, rate)
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate, frame_size=size)
    packets = []
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        packets += stream.encode(piece)
    return packets + stream.encode(None)


def retime(path: Path, times: Mapping[int, Callable[[float], float]]) -> Path:
    """Give the packets of some streams (by index) other timestamps, in seconds: `mkvmerge --sync 2:0,24/25`."""
    source = path.rename(path.with_name(f"{path.stem}_source{path.suffix}"))
    with av.open(source) as read, av.open(path, "w") as write:
        copies = {stream.index: write.add_stream_from_template(stream) for stream in read.streams}
        for stream in read.streams:
            copies[stream.index].metadata.update(stream.metadata)
        packets = [packet for packet in read.demux() if packet.dts is not None]
        for packet in packets:
            moved, base = times.get(packet.stream.index, float), Fraction(1, 90000)
            packet.pts, packet.dts = (
                round(moved(float(time * packet.time_base)) / base) for time in (packet.pts, packet.dts)
            )
            packet.duration, packet.time_base = round(packet.duration * packet.time_base / base), base
        for packet in sorted(packets, key=lambda packet: packet.dts):
            packet.stream = copies[packet.stream.index]
            write.mux(packet)
    source.unlink()
    return path


def write_catalogue(path: Path, rows: Sequence[str], header: str = "title_id,path") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path
