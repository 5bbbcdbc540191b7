"""Files written whole or not at all, and their hashes."""

import errno
import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dubaug.errors import DubaugError

_ROOM = "Make room and run again: what is finished is kept"
_ACCESS = "Make it writable, or choose another place (config key `results_dir`), and run again"
NO_ROOM = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _ROOM),
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENAMETOOLONG), _ACCESS),
}
"""What to do about errors of a place that nothing (more) can be written to."""


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Raise `DubaugError` for an error that says that nothing (more) can be written at `path`; others go through."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise DubaugError(f"cannot write {path}: {os.strerror(error.errno)}. {NO_ROOM[error.errno]}") from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path` in one step, on error it is removed.

    A reader sees the old file or the new one, never a part. The temporary name keeps the suffix, since some writers
    choose their format by it. Raises `DubaugError` if there is no room.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        with writing_to(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(path: Path) -> None:
    """Remove what a killed process left of `path`, by whatever name `atomic_path` gave it."""
    for temporary in path.parent.glob(f".{glob.escape(path.stem)}.*.part{path.suffix}"):
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """Yield a new folder beside `path`; on success it takes the place of `path`, on error it is removed.

    Its files are `synced` to the disk before that, which takes some milliseconds each.

    A folder at `path` is replaced with all that is in it: the caller has made sure that it may be. What a killed
    process left of an earlier try is removed. Raises `DubaugError` if there is no room.
    """
    path = path.absolute()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with writing_to(path):
            for unfinished in path.parent.glob(f".{glob.escape(path.name)}.[0-9]*.part"):
                shutil.rmtree(unfinished)
            temporary.mkdir(parents=True)
            yield temporary
            for written in (file for file in temporary.rglob("*") if synced and file.is_file()):
                with written.open("rb") as file:
                    os.fsync(file.fileno())
            take_place(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def take_place(new: Path, path: Path) -> None:
    """Rename the folder `new` to `path`; a folder that is there steps aside first and is removed afterwards."""
    if not path.exists():
        new.rename(path)
        return
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def link_or_copy(source: Path, path: Path) -> None:
    """Make `path` another name of the file `source`, atomically; a copy where the file system has no links.

    Its time becomes that of now, as if it had been written: what is made from older files must not look older.
    """
    with atomic_path(path) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)
        os.utime(temporary)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically (UTF-8)."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write `value` to `path` atomically, indented, with a final newline. NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Return the JSON value in `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
