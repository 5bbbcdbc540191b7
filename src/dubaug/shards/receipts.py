"""What became of a title, and the receipts that tell a later run: a small JSON for each shard, with its inputs' hash.

Shards of films and of separated sound are kept, found again and accounted for in the same way.
"""

import errno
from dataclasses import asdict, dataclass
from pathlib import Path

from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import Title
from dubaug.errors import DubaugError
from dubaug.files import read_json, sha256_of, write_json
from dubaug.shards.index import ShardEntry

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a title: a shard, or rejects, or a shard that lacks some clips."""

    entry: ShardEntry | None
    rejects: tuple[Reject, ...]


def shard_path(title: Title, out_dir: Path) -> Path:
    """Return where a title's shard stands."""
    return out_dir / f"{title.title_id}.arrow"


def kept(title: Title, out_dir: Path, *, made_of: str) -> Outcome | None:
    """Return the outcome of an earlier run if its shard stands whole and was made of the same."""
    receipt, shard = _receipt_path(title, out_dir), shard_path(title, out_dir)
    if not receipt.is_file() or not shard.is_file():
        return None
    noted = read_json(receipt)
    if noted["made_of"] != made_of or noted["bytes"] != shard.stat().st_size:
        return None
    entry = ShardEntry(title_id=title.title_id, path=shard, clips=noted["clips"], sha256=noted["sha256"])
    return Outcome(entry=entry, rejects=tuple(Reject(**reject) for reject in noted["rejects"]))


def written(title: Title, out_dir: Path, *, clips: int, made_of: str, stage: str, what: str = "clips") -> Outcome:
    """Write the receipt of a shard that has just been written; clips that the catalogue promised are rejected."""
    path = shard_path(title, out_dir)
    rejects: tuple[Reject, ...] = ()
    if clips < title.clips:
        reason = f"only the first {clips} of {title.clips} {what} could be decoded"
        advice = "check the end of the film in a player, and copy it again"
        rejects = (
            Reject(title_id=title.title_id, stage=stage, reason=reason, advice=advice, clips=title.clips - clips),
        )
    entry = ShardEntry(title_id=title.title_id, path=path, clips=clips, sha256=sha256_of(path))
    content = {
        "made_of": made_of,
        "bytes": path.stat().st_size,
        "clips": clips,
        "sha256": entry.sha256,
        "rejects": [asdict(reject) for reject in rejects],
    }
    write_json(_receipt_path(title, out_dir), content)
    return Outcome(entry=entry, rejects=rejects)


def noted_sha256(shard: Path) -> str:
    """Return the checksum in the receipt of a shard. Raises `DubaugError` if it has none."""
    receipt = _receipt_of(shard)
    if not receipt.is_file():
        raise DubaugError(f"{shard} has no receipt {receipt}: check it by its clip index (`dubaug inspect --verify`)")
    return str(read_json(receipt)["sha256"])


def rejected(title: Title, *, stage: str, reason: str, advice: str) -> Outcome:
    """Return the outcome of a title that gave no shard."""
    reject = Reject(title_id=title.title_id, stage=stage, reason=reason, advice=advice, clips=title.clips)
    return Outcome(entry=None, rejects=(reject,))


def no_room(error: Exception, path: Path) -> DubaugError | None:
    """Return what to raise if `error` says that nothing can be written there: no fault of any film."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return DubaugError(f"cannot write {path}: {error.strerror}. Make room and run again")
    return None


def _receipt_path(title: Title, out_dir: Path) -> Path:
    return _receipt_of(shard_path(title, out_dir))


def _receipt_of(shard: Path) -> Path:
    return shard.parent / ".made" / f"{shard.stem}.json"
