"""A disk of several machines that shows files late: what one of them makes, another sees only after a while.

`python tests/slurm/late_disk.py REAL MOUNTPOINT DELAY_S` shows the folder REAL at MOUNTPOINT until it is unmounted. A
machine is told by SLURMD_NODENAME in the environment of the process that asks; all without it are one more machine (the
login node). As under NFS a machine that tries to make what another one has made sees it from then on.
"""

import ctypes.util
import errno
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPTIONS: dict[str, Any] = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0, "hard_remove": True}
"""The kernel remembers nothing: it asks for each name each time, and does not know who asked before."""
UTIME_NOW, UTIME_OMIT = (1 << 30) - 1, (1 << 30) - 2
"""utimensat's words for "now" and "as it is", which come here as nanoseconds."""


def why_not() -> str | None:
    """Return why no such disk can be had here, None if one can."""
    if not Path("/dev/fuse").exists() or ctypes.util.find_library("fuse3") is None or not shutil.which("fusermount3"):
        return "no FUSE (/dev/fuse; Debian: apt-get install fuse3)"
    return None


@contextmanager
def late_disk(real: Path, mountpoint: Path, delay_s: float) -> Iterator[None]:
    """While in the block, show `real` at `mountpoint`, which is made. Raises `RuntimeError` with what FUSE says.

    What is there from the beginning is old: all see it.
    """
    mountpoint.mkdir(parents=True)
    served = subprocess.Popen(
        [sys.executable, __file__, real, mountpoint, str(delay_s)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        end = time.monotonic() + 60
        while not os.path.ismount(mountpoint):
            if served.poll() is not None or time.monotonic() > end:
                said = served.stdout.read().decode() if served.poll() is not None and served.stdout else "no answer"
                raise RuntimeError(f"{mountpoint} cannot be mounted: {said}")
            time.sleep(0.1)
        yield
    finally:
        subprocess.run(["fusermount3", "-u", "-z", mountpoint], check=False)
        served.terminate()  # it would stay for files that are still open
        served.wait(timeout=60)


def _asking_machine(pid: int) -> str:
    """Return the machine of a process: a node's name, empty for the login node."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return next((word[16:].decode() for word in environment if word.startswith(b"SLURMD_NODENAME=")), "")


def _serve(real: Path, mountpoint: Path, delay_s: float) -> None:
    from mfusepy import FUSE, FuseOSError, Operations, fuse_get_context

    class LateDisk(Operations):  # type: ignore[misc]
        """Passes every call on to `real`, besides names that the asking machine does not see yet."""

        use_ns = True

        def __init__(self) -> None:
            self._made: dict[str, tuple[str, float]] = {}
            """Which machine has made a name, and when."""

        def __call__(self, operation: str, *words: Any) -> Any:
            try:
                return super().__call__(operation, *words)
            except OSError as error:
                raise FuseOSError(error.errno or errno.EIO) from error

        def _sees(self, path: str) -> bool:
            """Return whether the machine that asks sees the name, and the folders that it lies in."""
            now, hidden = time.monotonic(), [p for p in (path, *map(str, Path(path).parents)) if p in self._made]
            if not hidden:
                return True
            machine = _asking_machine(fuse_get_context()[2])
            for name in hidden:
                maker, made = self._made[name]
                if now - made > delay_s:
                    del self._made[name]
                elif maker != machine:
                    return False
            return True

        def _at(self, path: str) -> Path:
            """Return where a name that the machine sees really is."""
            if not self._sees(path):
                raise FuseOSError(errno.ENOENT)
            return Path(f"{real}{path}")

        def _to_make(self, path: str) -> Path:
            """Return where a new name will really be; it is seen late, unless it is there already."""
            there = self._at(str(Path(path).parent)) / Path(path).name
            if os.path.lexists(there):
                self._made.pop(path, None)
            else:
                self._made[path] = (_asking_machine(fuse_get_context()[2]), time.monotonic())
            return there

        def _forget(self, path: str) -> None:
            for name in [name for name in self._made if name == path or name.startswith(f"{path}/")]:
                del self._made[name]

        def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
            found = os.lstat(self._at(path)) if fh is None else os.fstat(fh)
            times = {f"st_{kind}time": getattr(found, f"st_{kind}time_ns") for kind in "amc"}
            names = ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks")
            return {**{name: getattr(found, name) for name in names}, **times}

        def readdir(self, path: str, fh: int) -> list[str]:
            names = [entry.name for entry in self._at(path).iterdir()]
            return [".", "..", *(name for name in names if self._sees(f"{path.rstrip('/')}/{name}"))]

        def mkdir(self, path: str, mode: int) -> int:
            self._to_make(path).mkdir(mode)
            return 0

        def create(self, path: str, mode: int, fi: Any = None) -> int:
            return os.open(self._to_make(path), os.O_RDWR | os.O_CREAT, mode)

        def mknod(self, path: str, mode: int, dev: int) -> int:
            os.mknod(self._to_make(path), mode | stat.S_IFREG if not stat.S_IFMT(mode) else mode, dev)
            return 0

        def symlink(self, target: str, source: str) -> int:
            self._to_make(target).symlink_to(source)
            return 0

        def link(self, target: str, source: str) -> int:
            os.link(self._at(source), self._to_make(target))
            return 0

        def rename(self, old: str, new: str) -> int:
            self._at(old).rename(self._to_make(new))
            self._forget(old)
            return 0

        def unlink(self, path: str) -> int:
            self._at(path).unlink()
            self._forget(path)
            return 0

        def rmdir(self, path: str) -> int:
            self._at(path).rmdir()
            self._forget(path)
            return 0

        def open(self, path: str, flags: int) -> int:
            # The kernel has the whole file in hand: it asks to read what it writes pages of, and to append by offsets.
            kind = os.O_RDONLY if flags & os.O_ACCMODE == os.O_RDONLY else os.O_RDWR
            return os.open(self._at(path), kind | flags & os.O_TRUNC)

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            return os.pread(fh, size, offset)

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            return os.pwrite(fh, data, offset)

        def truncate(self, path: str, length: int, fh: int | None = None) -> int:
            os.truncate(self._at(path) if fh is None else fh, length)
            return 0

        def release(self, path: str, fh: int) -> int:
            os.close(fh)
            return 0

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            return 0  # one machine, in truth: its memory is what all read

        def readlink(self, path: str) -> str:
            return str(self._at(path).readlink())

        def chmod(self, path: str, mode: int) -> int:
            self._at(path).chmod(mode)
            return 0

        def chown(self, path: str, uid: int, gid: int) -> int:
            os.chown(self._at(path), uid, gid)
            return 0

        def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
            there = self._at(path)
            old = there.stat()
            access, change = times or (UTIME_NOW, UTIME_NOW)
            now = time.time_ns()
            accessed = {UTIME_NOW: now, UTIME_OMIT: old.st_atime_ns}.get(access, access)
            changed = {UTIME_NOW: now, UTIME_OMIT: old.st_mtime_ns}.get(change, change)
            os.utime(there, ns=(accessed, changed))
            return 0

        def statfs(self, path: str) -> dict[str, int]:
            found = os.statvfs(real)
            names = ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_frsize")
            return {name: getattr(found, name) for name in (*names, "f_namemax")}

    FUSE(LateDisk(), str(mountpoint), foreground=True, nothreads=True, fsname="late", **OPTIONS)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), float(sys.argv[3]))
