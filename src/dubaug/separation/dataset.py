"""A downstream data set without its speech (Table D6): the same folder once more, every sound file separated."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile

from dubaug.digests import digest
from dubaug.errors import DubaugError, MediaError
from dubaug.files import atomic_path, read_json, remove_unfinished, take_place, write_json, writing_to
from dubaug.media.audio import UNKNOWN_FRAMES, read_audio
from dubaug.media.track import resample
from dubaug.progress import Progress, log_line
from dubaug.separation.remove import Remover, Sound

SOUND_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".aif", ".aiff", ".mp3", ".opus"})
UNWRITABLE_SUFFIXES = frozenset({".m4a", ".aac", ".wma", ".mp4", ".mkv", ".avi", ".webm", ".mov", ".mpg"})
"""Files with sound that cannot be written again with other sound: a data set of these is refused."""
REPORT = "separation.json"
"""In the new folder: what it was made of, by what, and which files could not be read."""
_MARKER = ".made_of"


@dataclass(frozen=True, kw_only=True)
class FileLeftOut:
    """A sound file that is empty in the new folder."""

    path: str
    reason: str


def separate_data_set(source: Path, out: Path, remover: Remover) -> tuple[FileLeftOut, ...]:
    """Write `out`, a copy of the folder `source` with the stem removed from every sound file; return what is missing.

    Names, sample rates, lengths, numbers of channels (more than two become two) and sample formats stay; other files
    are hard-linked, or copied where that cannot be. Files that cannot be read are left empty, never replaced: whoever
    reads the data set rejects them, as it would the originals. `out` appears when all is done; until then the work
    stands in a hidden folder beside it, from which an interrupted run goes on. Raises `DubaugError` if there is nothing
    to separate, or no room on the disk.
    """
    sounds, others = _listed(source)
    part = out.with_name(f".{out.name}.part")
    fingerprint = remover.model.fingerprint()
    made_of = digest([remover.separation.result_settings(), fingerprint], _state(source, [*sounds, *others]))
    left_out = []
    with writing_to(out):
        _prepare(part, made_of)
        for path in others:
            _link(source / path, part / path)
        progress = Progress("removing speech", len(sounds), "files")
        todo = [path for path in sounds if not _is_made(part / path)]
        progress.advance(len(sounds) - len(todo))
        for path, background_CS in _without_speech(source, todo, remover):
            try:
                if isinstance(background_CS, MediaError):
                    raise background_CS
                _write_like(source / path, part / path, background_CS, rate_hz=remover.model.sample_rate_hz)
            except MediaError as error:
                left_out.append(FileLeftOut(path=path.as_posix(), reason=str(error)))
                log_line(f"left empty: {path}: {error}")
                (part / path).parent.mkdir(parents=True, exist_ok=True)
                (part / path).touch()
            progress.advance()
        left_out.sort(key=lambda file: file.path)
        if len(left_out) == len(sounds):
            raise DubaugError(f"none of the {len(sounds)} sound files in {source} can be read: {left_out[0].reason}")
        report = {
            "source": source.name,
            "separation": remover.separation.provenance(fingerprint),
            "files": len(sounds) - len(left_out),
            "left_out": [asdict(file) for file in left_out],
        }
        write_json(part / REPORT, report)
        (part / _MARKER).unlink()
        take_place(part, out)
    return tuple(left_out)


def _listed(source: Path) -> tuple[list[Path], list[Path]]:
    """Return the sound files and the other files of a folder, relative to it, sorted."""
    if not source.is_dir():
        raise DubaugError(f"there is no data set at {source}: check the task's `path` in the configuration")
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    refused = [path for path in files if path.suffix.lower() in UNWRITABLE_SUFFIXES]
    if refused:
        raise DubaugError(
            f"{source / refused[0]} cannot be written without its speech: convert the data set's "
            f"{refused[0].suffix} files to WAV or FLAC first"
        )
    sounds = [path for path in files if path.suffix.lower() in SOUND_SUFFIXES]
    if not sounds:
        raise DubaugError(f"there are no sound files in {source}")
    return sounds, [path for path in files if path.suffix.lower() not in SOUND_SUFFIXES]


def _state(source: Path, paths: Sequence[Path]) -> list[tuple[str, int, int]]:
    states = [(path, (source / path).stat()) for path in paths]
    return [(path.as_posix(), state.st_size, state.st_mtime_ns) for path, state in states]


def _prepare(part: Path, made_of: str) -> None:
    """Keep the unfinished folder of an earlier run only if it was made of the same."""
    marker = part / _MARKER
    if part.is_dir() and not (marker.is_file() and read_json(marker) == {"made_of": made_of}):
        shutil.rmtree(part)
    part.mkdir(parents=True, exist_ok=True)
    write_json(marker, {"made_of": made_of})


def _is_made(target: Path) -> bool:
    """Return whether an earlier run wrote this file; empty ones are tried again."""
    return target.is_file() and target.stat().st_size > 0


def _without_speech(
    source: Path, paths: Sequence[Path], remover: Remover
) -> Iterator[tuple[Path, np.ndarray | MediaError]]:
    """Yield each file's sound without the stem, `(2, S)` at the model's rate, or why there is none.

    Files of equal length follow each other, so that they go through the network together.
    """
    rate_hz = remover.model.sample_rate_hz
    ordered = sorted(paths, key=lambda path: (_samples(source / path, rate_hz), path))
    sounds = (Sound(key=path.as_posix(), pieces=_mixture(source / path, rate_hz)) for path in ordered)
    for key, pieces in remover.remove_all(sounds):
        try:
            yield Path(key), np.concatenate(list(pieces), axis=1)
        except MediaError as error:
            yield Path(key), error


def _samples(path: Path, rate_hz: int) -> int:
    """Return how many samples the file will have at that rate; 0 if its header does not say."""
    try:
        form = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError):
        return 0
    samples: int = round(form.frames * rate_hz / form.samplerate)
    return samples if form.frames < UNKNOWN_FRAMES else 0


def _mixture(path: Path, rate_hz: int) -> Iterator[np.ndarray]:
    """Yield the file's sound in one piece. Raises `MediaError` if it cannot be read."""
    yield read_audio(path, sample_rate_hz=rate_hz).numpy()


def _write_like(source: Path, target: Path, sound_CS: np.ndarray, *, rate_hz: int) -> None:
    """Write a sound in the form and length of the file `source`. Raises `MediaError` if that cannot be written."""
    try:
        form = soundfile.info(source)
    except soundfile.LibsndfileError as error:
        raise MediaError(f"{source.name} cannot be written again ({error})", "convert it to WAV or FLAC") from error
    own_CS = resample(sound_CS, rate_hz, form.samplerate)
    frames = form.frames if form.frames < UNKNOWN_FRAMES else own_CS.shape[1]
    result_CS = np.zeros((own_CS.shape[0], frames), dtype=np.float32)
    count = min(frames, own_CS.shape[1])
    result_CS[:, :count] = own_CS[:, :count]
    if form.channels == 1:
        result_CS = result_CS.mean(axis=0, keepdims=True)
    remove_unfinished(target)
    with atomic_path(target) as unfinished:
        soundfile.write(unfinished, result_CS.T, form.samplerate, subtype=form.subtype, format=form.format)


def _link(source: Path, target: Path) -> None:
    if target.is_file():
        return
    remove_unfinished(target)
    with atomic_path(target) as unfinished:
        try:
            os.link(source.resolve(), unfinished)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, unfinished)
