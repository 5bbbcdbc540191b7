"""What a store's address says of it."""

from pathlib import Path

MOUNTS = Path("/proc/mounts")
NETWORK_DISKS = frozenset({"nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "smb3", "ceph", "9p", "glusterfs", "afs"})
"""Where several machines write one SQLite file, their locks cannot be relied on, and the file can be spoilt."""


def sqlite_file(uri: str) -> Path | None:
    """Return the file behind a store's address, None if it is no SQLite file."""
    return Path(uri.removeprefix("sqlite:///").partition("?")[0]) if uri.startswith("sqlite:///") else None


def unfit(uri: str) -> str | None:
    """Return why several trainings cannot write to a store as they run, None if they can."""
    path = sqlite_file(uri)
    kind = None if path is None else _disk_kind(path.absolute().parent)
    if kind in NETWORK_DISKS:
        return (
            f"{path} is a SQLite file on a network disk ({kind}), which several machines must not write at once: "
            "curves come from where Snakemake runs, or with `snakemake mlflow_sync`; `mlflow server` takes them at once"
        )
    return None


def _disk_kind(folder: Path) -> str | None:
    """Return the kind of file system that a folder lies on, None where that cannot be told."""
    try:
        lines = [line.split(" ") for line in MOUNTS.read_text(encoding="utf-8").split("\n") if line]
    except OSError:
        return None
    above = [
        (len(Path(point).parts), number, kind)
        for number, (_, point, kind, *_) in enumerate(lines)
        if folder.resolve().is_relative_to(point.replace("\\040", " "))
    ]
    return max(above)[2] if above else None  # of those at one place the last: an automounter's is below the disk's
