"""One title, from the film to its shard."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.config import Clips, Mel
from dubaug.corpus.titles import Title
from dubaug.digests import digest
from dubaug.errors import DubaugError, MediaError, unexpected
from dubaug.media.film import FilmClip, Picture, read_clips
from dubaug.media.jpeg import encode
from dubaug.media.warp import Move
from dubaug.shards.format import VERSION, ShardWriter
from dubaug.shards.receipts import Losses, TitleOutcome, kept, nothing_left, rejected, shard_path, until_error, written
from dubaug.tracks import TrackName

STAGE = "shards"


@dataclass(frozen=True, kw_only=True)
class ShardSettings:
    """What a shard depends on besides the film."""

    clips: Clips
    mel: Mel
    tracks: tuple[TrackName, ...]
    moves: Mapping[str, Mapping[TrackName, Move]] = field(default_factory=dict)
    """By title and track: those that are shifted or stretched to where they belong."""

    @property
    def mel_shape(self) -> tuple[int, int, int]:
        """Return `(C, T, F)` of one clip's mel."""
        return self.mel.shape(round(self.clips.duration_s * self.clips.sample_rate_hz))

    def metadata(self) -> dict[str, Any]:
        """Return the settings as they stand in each shard."""
        clips = {key: value for key, value in asdict(self.clips).items() if key != "batches"}
        return {"clips": clips, "mel": asdict(self.mel), "languages": list(self.tracks)}


def standing_shard(title: Title, settings: ShardSettings, out_dir: Path) -> TitleOutcome | None:
    """Return the outcome of an earlier run if its shard stands and was made of the same film by the same settings."""
    if not all(source.is_file() for source in title.sources(settings.tracks)):
        return None
    return kept(title, out_dir, made_of=_made_of(title, settings))


def make_shard(title: Title, *, settings: ShardSettings, out_dir: Path, threads: int) -> TitleOutcome:
    """Cut a title into clips and write `<out_dir>/<title_id>.arrow`, with a receipt for `standing_shard`.

    A film that cannot be decoded gives no shard but a reject, and so do damaged clips, and those that the catalogue
    promised and the decoder did not give. Raises `DubaugError` if the disk is full: that is no fault of the film.
    """
    path = shard_path(title, out_dir)
    losses = Losses()
    try:
        clips = _write(path, title, settings, threads, losses)
    except MediaError as error:
        return rejected(title, error, stage=STAGE)
    except DubaugError:
        raise
    except Exception as error:
        return rejected(title, unexpected(error), stage=STAGE)
    return written(title, out_dir, clips=clips, losses=losses, made_of=_made_of(title, settings), stage=STAGE)


def _made_of(title: Title, settings: ShardSettings) -> str:
    """Return the hash of everything that a shard is made of."""
    moves = {name: asdict(move) for name, move in settings.moves.get(title.title_id, {}).items()}
    parts = [VERSION, settings.metadata(), title.clips, title.picture, *title.state(settings.tracks)]
    return digest(*parts, moves) if moves else digest(*parts)


def _write(path: Path, title: Title, settings: ShardSettings, threads: int, losses: Losses) -> int:
    """Write the shard; return its clips, and note those that are lost.

    A title without a whole clip leaves no file. Raises `MediaError`.
    """
    moves = settings.moves.get(title.title_id)
    clips = read_clips(
        title.path,
        tracks=[title.track(name) for name in settings.tracks],
        clip_s=settings.clips.duration_s,
        sample_rate_hz=settings.clips.sample_rate_hz,
        picture=Picture(frames=settings.clips.frames, height=settings.clips.frame_height),
        moves=moves,
        max_clips=title.clips,
        threads=threads,
    )
    writer = ShardWriter(
        path,
        metadata={"title_id": title.title_id, **settings.metadata()},
        mel_shapes=dict.fromkeys(settings.tracks, settings.mel_shape),
        with_frames=True,
    )
    with writer:
        for clip in until_error(clips, losses):
            if clip.damage:
                losses.damaged[clip.index] = clip.damage
                continue
            assert clip.frames is not None
            writer.add(
                item=title.title_id,
                index=clip.index,
                start_s=clip.start_s,
                frames_jpeg=encode(clip.frames, settings.clips.jpeg_quality),
                mels=_mels(clip, settings),
            )
        if not writer.clips:
            raise nothing_left(losses)
    if moves and losses.stopped is None and writer.clips + len(losses.damaged) < title.clips:
        losses.stopped = MediaError(
            f"there a track ends that was moved to its place ({', '.join(moves)})",
            "give dubs that last as long as the film if you want these clips",
        )
    return writer.clips


def _mels(clip: FilmClip, settings: ShardSettings) -> Mapping[str, np.ndarray]:
    """Return each track's log-mel, float16 `(C, T, F)`."""
    import torch

    from dubaug.media.mel import log_mel

    # One by one: what a track needs on the way fits the processor's cache, all tracks' together do not.
    return {
        name: log_mel(
            torch.from_numpy(clip.waveforms[name]),
            sample_rate_hz=settings.clips.sample_rate_hz,
            mel=settings.mel,
        )
        .half()
        .numpy()
        for name in settings.tracks
    }
