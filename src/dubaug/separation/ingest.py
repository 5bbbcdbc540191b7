"""Titles, from the films to shards with the primary track's log-mels after speech removal."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.config import Clips, Mel, Separation
from dubaug.corpus.titles import Title
from dubaug.digests import digest
from dubaug.errors import MediaError
from dubaug.files import remove_unfinished
from dubaug.media.film import FilmClip, read_clips
from dubaug.separation.remove import Remover, Sound
from dubaug.separation.segments import recut
from dubaug.shards.format import VERSION, ShardWriter
from dubaug.shards.receipts import Losses, TitleOutcome, kept, nothing_left, rejected, shard_path, until_error, written
from dubaug.tracks import TrackName
from dubaug.workers import Crash, Stall, decoder_error, isolated_values

STAGE = "separation"


@dataclass(frozen=True, kw_only=True)
class SeparatedShardSettings:
    """What a separated shard depends on besides the film."""

    clips: Clips
    mel: Mel
    separation: Separation
    track: TrackName
    """What is separated; the shard's one track has its name."""
    model_fingerprint: str

    @property
    def clip_samples(self) -> int:
        """Return a clip's samples at the separation model's rate."""
        return round(self.clips.duration_s * self.separation.sample_rate_hz)

    @property
    def mel_shape(self) -> tuple[int, int, int]:
        """Return `(C, T, F)` of one clip's mel."""
        return self.mel.shape(self.clip_samples)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Return the settings as they stand in each shard."""
        return {
            "clips": {"duration_s": self.clips.duration_s},
            "mel": asdict(self.mel),
            "separation": self.separation.provenance(self.model_fingerprint),
            "languages": [self.track],
        }


def standing_shard(title: Title, settings: SeparatedShardSettings, out_dir: Path) -> TitleOutcome | None:
    """Return the outcome of an earlier run if its shard stands and was made of the same film by the same settings."""
    source = title.track(settings.track).path or title.path
    return kept(title, out_dir, made_of=_made_of(title, settings)) if source.is_file() else None


def make_separated_shards(
    titles: Iterable[Title],
    *,
    settings: SeparatedShardSettings,
    remover: Remover,
    out_dir: Path,
    stall_s: float | None = None,
) -> Iterator[TitleOutcome]:
    """Write `<out_dir>/<title_id>.arrow` of each title: the clips of its film shard, with their numbers and starts.

    A film whose track cannot be decoded gives no shard but a reject, and so do damaged clips, and those that the
    catalogue promised and the decoder did not give. Films are decoded in processes that they may take down, and that
    are ended after `stall_s` without a clip; the next film is decoded while the network is at the last one's segments.
    Raises `DubaugError` if the disk is full or the model fails: that is no fault of the film.
    """
    films = {title.title_id: (title, Losses()) for title in titles}
    sounds = (
        Sound(key=title_id, pieces=film_sound(title, settings, stall_s=stall_s, losses=losses))
        for title_id, (title, losses) in films.items()
    )
    for title_id, background in remover.remove_all(sounds):
        title, losses = films[title_id]
        remove_unfinished(shard_path(title, out_dir))
        try:
            clips = _write(shard_path(title, out_dir), title, settings, background, losses)
        except MediaError as error:
            yield rejected(title, error, stage=STAGE)
        else:
            made_of = _made_of(title, settings)
            yield written(title, out_dir, clips=clips, losses=losses, made_of=made_of, stage=STAGE)


def film_sound(
    title: Title, settings: SeparatedShardSettings, *, stall_s: float | None, losses: Losses
) -> Iterator[np.ndarray]:
    """Yield the waveforms `(2, S)` of a title's clips at the model's rate; what is lost of them goes to `losses`.

    An error ends them, as the film's end does.
    """
    for clip in until_error(_read_apart(title, settings, stall_s), losses):
        if clip.damage:
            losses.damaged[clip.index] = clip.damage
        yield clip.waveforms[settings.track]


def _read(title: Title, settings: SeparatedShardSettings) -> Iterator[FilmClip]:
    return read_clips(
        title.path,
        tracks=[title.track(settings.track)],
        clip_s=settings.clips.duration_s,
        sample_rate_hz=settings.separation.sample_rate_hz,
        picture=None,
        max_clips=title.clips,
    )


def _read_apart(title: Title, settings: SeparatedShardSettings, stall_s: float | None) -> Iterator[FilmClip]:
    """Yield the title's clips, decoded in another process. Raises `MediaError` if that dies or stands still."""
    read = functools.partial(_read, settings=settings)
    for clip in isolated_values(read, title, stall_s=stall_s, preload=[__name__]):
        if isinstance(clip, Crash | Stall):
            raise decoder_error(clip)
        yield clip


def _write(
    path: Path, title: Title, settings: SeparatedShardSettings, background: Iterator[np.ndarray], losses: Losses
) -> int:
    """Write the shard; return its clips.

    A title without a whole clip leaves no file. Raises `MediaError`.
    """
    import torch

    from dubaug.media.mel import log_mel

    rate_hz = settings.separation.sample_rate_hz
    with ShardWriter(
        path,
        metadata={"title_id": title.title_id, **settings.metadata},
        mel_shapes={settings.track: settings.mel_shape},
        with_frames=False,
    ) as writer:
        for index, clip_CS in enumerate(recut(background, settings.clip_samples)):
            if index in losses.damaged:
                continue
            mel_CTF = log_mel(torch.from_numpy(clip_CS), sample_rate_hz=rate_hz, mel=settings.mel)
            writer.add(
                item=title.title_id,
                index=index,
                start_s=index * settings.clips.duration_s,
                frames_jpeg=None,
                mels={settings.track: mel_CTF.numpy().astype(np.float16)},
            )
        if not writer.clips:
            raise nothing_left(losses)
    return writer.clips


def _made_of(title: Title, settings: SeparatedShardSettings) -> str:
    """Return the hash of everything that a shard is made of; films by name, size and time, for they are large."""
    track = title.track(settings.track)
    source = track.path or title.path
    state = source.stat()
    stream = (*track.source, source.name, state.st_size, state.st_mtime_ns)
    return digest(VERSION, settings.metadata, title.clips, stream)
