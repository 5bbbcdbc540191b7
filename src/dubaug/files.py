"""Files written whole or not at all, and their hashes."""

import errno
import glob
import hashlib
import json
import os
import platform
import re
import shutil
import stat
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
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
HERE = f"{zlib.crc32(platform.node().encode()):08x}"
"""This machine, in the names of what is being written: on a shared disk others write too."""
ABANDONED_S = 86400.0
"""What another machine has not touched for so long, nobody is writing."""
_UNFINISHED = re.compile(r"\..*\.(?P<process>\d+)(?:-(?P<machine>[0-9a-f]{8}))?\.(?:part|old)(?:\.[^.]*)?")


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What may stand where a file is expected, by its type."""


def why_no_file(path: Path) -> str | None:
    """Return what `path` is in place of a file, to end a message with; empty if nothing is there, None for a file.

    Links are followed. Nothing is opened: a pipe would keep its reader waiting.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return ", a link that leads back to itself"
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return f" ({error.strerror})"
        return f", a link to {path.readlink()}, which is not there" if path.is_symlink() else ""
    return None if kind == stat.S_IFREG else f", it is {_KINDS.get(kind, 'something else')}"


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
    choose their format by it. What killed processes left in the folder is removed. Raises `DubaugError` if there is no
    room.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}-{HERE}.part{path.suffix}")
    try:
        with writing_to(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(path.parent.absolute())
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@cache
def _remove_abandoned(folder: Path) -> None:
    """Remove what processes that are no more were writing in a folder: once a process, for folders may be large."""
    for path in folder.iterdir():
        name = _UNFINISHED.fullmatch(path.name)
        if name is None or not _is_abandoned(path, int(name["process"]), name["machine"] or HERE):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_abandoned(path: Path, process: int, machine: str) -> bool:
    """Return whether the process that was writing `path` is dead, or as good as that."""
    try:
        if machine != HERE:
            return time.time() - path.lstat().st_mtime > ABANDONED_S
        os.kill(process, 0)
    except (ProcessLookupError, FileNotFoundError):
        return True
    except (PermissionError, OverflowError):  # another person's
        return False
    return False


def remove_unfinished(path: Path) -> None:
    """Remove what others left of `path`, by whatever name `atomic_path` gave it: nobody else must be writing it."""
    for temporary in path.parent.glob(f".{glob.escape(path.stem)}.*.part{path.suffix}"):
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, *, synced: bool = True) -> Iterator[Path]:
    """Yield a new folder beside `path`; on success it takes the place of `path`, on error it is removed.

    Its files are `synced` to the disk before that, which takes some milliseconds each.

    A folder at `path` is replaced with all that is in it: the caller has made sure that it may be. What killed
    processes left beside it is removed. Raises `DubaugError` if there is no room.
    """
    path = path.absolute()
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{HERE}.part")
    try:
        with writing_to(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(path.parent)
            temporary.mkdir()
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
    old = path.with_name(f".{path.name}.{os.getpid()}-{HERE}.old")
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
