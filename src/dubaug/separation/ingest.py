"""One title, from the film to a shard with the primary track's log-mels after speech removal."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dubaug.config import Clips, Mel, Separation, digest
from dubaug.corpus.titles import Title
from dubaug.errors import MediaError
from dubaug.media.film import read_clips
from dubaug.separation.remove import Remover
from dubaug.shards.format import VERSION, ShardWriter
from dubaug.shards.receipts import Outcome, kept, no_room, rejected, shard_path, written

STAGE = "separation"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a separated shard depends on besides the film."""

    clips: Clips
    mel: Mel
    separation: Separation
    language: str
    """Of the track that is separated; the shard's one track has its name."""
    model_fingerprint: str

    @property
    def clip_samples(self) -> int:
        """Return a clip's samples at the separation model's rate."""
        return round(self.clips.duration_s * self.separation.sample_rate_hz)

    @property
    def mel_shape(self) -> tuple[int, int, int]:
        """Return `(C, T, F)` of one clip's mel."""
        return 2, self.mel.frames(self.clip_samples), self.mel.n_mels

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """Return the settings as they stand in each shard."""
        separation = {key: value for key, value in asdict(self.separation).items() if key != "repository"}
        return {
            "clips": {"duration_s": self.clips.duration_s},
            "mel": asdict(self.mel),
            "separation": {**separation, "weights": self.model_fingerprint},
            "languages": [self.language],
        }


def standing_shard(title: Title, settings: Settings, out_dir: Path) -> Outcome | None:
    """Return the outcome of an earlier run if its shard stands and was made of the same film by the same settings."""
    source = title.track(settings.language).path or title.path
    return kept(title, out_dir, made_of=_made_of(title, settings)) if source.is_file() else None


def make_separated_shard(title: Title, *, settings: Settings, remover: Remover, out_dir: Path) -> Outcome:
    """Write `<out_dir>/<title_id>.arrow`: the same clips as in the title's film shard, their numbers and starts too.

    A film whose track cannot be decoded gives no shard but a reject, and so do clips that the catalogue promised and
    the decoder did not give. Raises `DubaugError` if the disk is full or the model fails: that is no fault of the film.
    """
    path = shard_path(title, out_dir)
    try:
        clips = _write(path, title, settings, remover)
    except MediaError as error:
        return rejected(title, stage=STAGE, reason=error.reason, advice=error.advice)
    except FileNotFoundError as error:
        return rejected(title, stage=STAGE, reason=str(error), advice="check the catalogue")
    except OSError as error:
        if full := no_room(error, path):
            raise full from error
        raise
    what = f"clips of the {settings.language} track"
    return written(title, out_dir, clips=clips, made_of=_made_of(title, settings), stage=STAGE, what=what)


def _write(path: Path, title: Title, settings: Settings, remover: Remover) -> int:
    """Write the shard; return its clips. A title without a whole clip leaves no file. Raises `MediaError`."""
    import torch

    from dubaug.media.mel import log_mel

    rate_hz = settings.separation.sample_rate_hz
    waveforms = (
        clip.waveforms[settings.language]
        for clip in read_clips(
            title.path,
            tracks=[title.track(settings.language)],
            clip_s=settings.clips.duration_s,
            sample_rate_hz=rate_hz,
            picture=None,
            max_clips=title.clips,
        )
    )
    background = remover.stream(waveforms, key=title.title_id)
    with ShardWriter(
        path,
        metadata={"title_id": title.title_id, **settings.metadata},
        mel_shapes={settings.language: settings.mel_shape},
        with_frames=False,
    ) as writer:
        for index, clip_CS in enumerate(recut(background, settings.clip_samples)):
            mel_CTF = log_mel(torch.from_numpy(clip_CS), sample_rate_hz=rate_hz, mel=settings.mel)
            writer.add(
                item=title.title_id,
                index=index,
                start_s=index * settings.clips.duration_s,
                frames_jpeg=None,
                mels={settings.language: mel_CTF.numpy().astype(np.float16)},
            )
        if not writer.clips:
            raise MediaError("no whole clip of sound could be decoded", "check the film in a player, and copy it again")
    return writer.clips


def recut(pieces: Iterator[np.ndarray], samples: int) -> Iterator[np.ndarray]:
    """Yield `(2, samples)` cuts of the pieces `(2, any)` laid end to end; what is left at the end is dropped."""
    waiting: list[np.ndarray] = []
    available = 0
    for piece_CS in pieces:
        waiting.append(piece_CS)
        available += piece_CS.shape[1]
        if available < samples:
            continue
        joined_CS = np.concatenate(waiting, axis=1)
        whole = available // samples * samples
        for begin in range(0, whole, samples):
            yield np.ascontiguousarray(joined_CS[:, begin : begin + samples])
        waiting, available = [joined_CS[:, whole:]], available - whole


def _made_of(title: Title, settings: Settings) -> str:
    """Return the hash of everything that a shard is made of; films by name, size and time, for they are large."""
    track = title.track(settings.language)
    source = track.path or title.path
    state = source.stat()
    stream = (track.language, track.stream, source.name, state.st_size, state.st_mtime_ns)
    return digest(VERSION, settings.metadata, title.clips, stream)
