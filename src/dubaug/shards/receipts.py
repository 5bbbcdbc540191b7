"""What became of a title, and the receipts that tell a later run: a small JSON for each shard, with its inputs' hash.

Shards of films and of separated sound are kept, found again and accounted for in the same way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dubaug.corpus.rejects import Reject, write_rejects
from dubaug.corpus.titles import Title
from dubaug.errors import DubaugError, MediaError
from dubaug.files import read_json, sha256_of, write_json
from dubaug.media.film import FilmClip
from dubaug.progress import Progress, log_line
from dubaug.shards.format import ShardReader
from dubaug.shards.index import ClipIndex, ShardEntry
from dubaug.tracks import TrackName


@dataclass(frozen=True, kw_only=True)
class TitleOutcome:
    """What became of a title: a shard, or rejects, or a shard that lacks some clips."""

    entry: ShardEntry | None
    rejects: tuple[Reject, ...]


def shard_path(title: Title, out_dir: Path) -> Path:
    """Return where a title's shard stands."""
    return out_dir / f"{title.title_id}.arrow"


def kept(title: Title, out_dir: Path, *, made_of: str) -> TitleOutcome | None:
    """Return the outcome of an earlier run if its shard stands whole and was made of the same."""
    shard = shard_path(title, out_dir)
    receipt = _receipt_of(shard)
    if not receipt.is_file() or not shard.is_file():
        return None
    noted = read_json(receipt)
    if noted["made_of"] != made_of or noted["bytes"] != shard.stat().st_size:
        return None
    entry = ShardEntry(title_id=title.title_id, path=shard, clips=noted["clips"], sha256=noted["sha256"])
    return TitleOutcome(entry=entry, rejects=tuple(Reject(**reject) for reject in noted["rejects"]))


@dataclass
class Losses:
    """Clips of a film that did not get into its shard, and what the others lack."""

    damaged: dict[int, str] = field(default_factory=dict)
    """What could not be decoded of each damaged clip, by its number."""
    stopped: MediaError | None = None
    """Why nothing could be read from some clip on."""
    mended: dict[int, tuple[tuple[TrackName, float], ...]] = field(default_factory=dict)
    """`FilmClip.mended` of clips that are kept."""


def written(title: Title, out_dir: Path, *, clips: int, losses: Losses, made_of: str, stage: str) -> TitleOutcome:
    """Write the receipt of a shard that has just been written; clips that the catalogue promised are rejected."""
    path = shard_path(title, out_dir)
    rejects = (*_rejects(title, clips, losses, stage), *_mended(title, losses, stage))
    entry = ShardEntry(title_id=title.title_id, path=path, clips=clips, sha256=sha256_of(path))
    content = {
        "made_of": made_of,
        "bytes": path.stat().st_size,
        "clips": clips,
        "picture": title.picture,
        "sha256": entry.sha256,
        "rejects": [asdict(reject) for reject in rejects],
    }
    write_json(_receipt_of(path), content)
    return TitleOutcome(entry=entry, rejects=rejects)


def until_error(clips: Iterator[FilmClip], losses: Losses) -> Iterator[FilmClip]:
    """Yield the clips until they end or an error ends them, which is noted: what was read before it is good."""
    try:
        for clip in clips:
            if clip.mended and not clip.damage:
                losses.mended[clip.index] = clip.mended
            yield clip
    except MediaError as error:
        losses.stopped = error


def nothing_left(losses: Losses) -> MediaError:
    """Return why a film gave no clip at all."""
    if losses.stopped:
        return losses.stopped
    if losses.damaged:
        what = ", ".join(sorted(set(losses.damaged.values())))
        return MediaError(f"damaged data ({what}) in every clip", "copy it again")
    return MediaError("no whole clip could be decoded", "check the film in a player, and copy it again")


def _rejects(title: Title, clips: int, losses: Losses, stage: str) -> Iterator[Reject]:
    for what in sorted(set(losses.damaged.values())):
        numbers = [number for number, damage in losses.damaged.items() if damage == what]
        yield Reject(
            title_id=title.title_id,
            stage=stage,
            reason=f"damaged data ({what}) in clips {_ranges(numbers)} of 0-{title.clips - 1}",
            advice="copy the film again if you want these clips",
            clips=len(numbers),
        )
    read = clips + len(losses.damaged)
    if read < title.clips:
        advice = "check the end of the film in a player, and copy it again"
        why = f": {losses.stopped.reason}" if losses.stopped else ""
        yield Reject(
            title_id=title.title_id,
            stage=stage,
            reason=f"only the first {read} of {title.clips} clips could be decoded{why}",
            advice=losses.stopped.advice if losses.stopped else advice,
            clips=title.clips - read,
        )


def _mended(title: Title, losses: Losses, stage: str) -> Iterator[Reject]:
    """Yield what was filled and cut in clips that are kept; it costs none."""
    found: dict[tuple[TrackName, bool], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for number, mended in losses.mended.items():
        for track, seconds in mended:
            found[track, seconds > 0][number] += abs(seconds)
    for (track, filled), clips_s in sorted(found.items()):
        what = "holes in the sound are filled with silence" if filled else "sound is cut where its timestamps overlap"
        yield Reject(
            title_id=title.title_id,
            stage=stage,
            reason=f"{what}: {sum(clips_s.values()):.2f} s of {track} in clips {_ranges(sorted(clips_s))}",
            advice="listen to these clips; another copy may have the sound whole",
            clips=0,
        )


def _ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers as a person writes them: `3-5, 9`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


class Batch:
    """The titles that one command makes shards of. `standing` has the outcome of each whose shard stands already."""

    def __init__(self, standing: Mapping[Title, TitleOutcome | None], doing: str) -> None:
        self.titles = list(standing)
        self.outcomes = [outcome for outcome in standing.values() if outcome is not None]
        self.missing = [title for title, outcome in standing.items() if outcome is None]
        self._progress = Progress(doing, sum(title.clips for title in self.missing), "clips")
        if self.outcomes:
            log_line(f"{len(self.outcomes)} of {len(self.titles)} shards stand already")

    def add(self, title: Title, outcome: TitleOutcome) -> None:
        """Note what became of a title, and say how far the batch is."""
        self.outcomes.append(outcome)
        for reject in outcome.rejects:
            log_line(f"{'noted' if reject.clips == 0 else 'rejected'} {reject}")
        self._progress.advance(title.clips, note=title.title_id)

    def finish(self, tracks: tuple[str, ...], sample_rate_hz: int, manifest: Path, reject_list: Path) -> None:
        """Check that all clips are accounted for, write the reject list and the manifest, and say what it came to.

        Shards' rows are counted in the files. Raises `DubaugError` as `balance` does, and then writes neither.
        """
        rejects = [reject for outcome in self.outcomes for reject in outcome.rejects]
        entries = tuple(outcome.entry for outcome in self.outcomes if outcome.entry is not None)
        balance(self.titles, {entry.title_id: len(ShardReader(entry.path)) for entry in entries}, rejects)
        write_rejects(reject_list, rejects)
        index = ClipIndex(shards=entries, tracks=tracks, sample_rate_hz=sample_rate_hz)
        index.save(manifest)
        log_line(f"{index.n_clips} clips of {len(entries)} titles; {len(self.titles) - len(entries)} titles rejected")


def balance(titles: Sequence[Title], stands: Mapping[str, int], rejects: Sequence[Reject]) -> None:
    """Check that nothing was lost in silence: every clip found stands in a shard (`stands`, by title), or is rejected.

    Raises `DubaugError` that names the titles that do not add up, which is a fault of this program.
    """
    lost: Counter[str] = Counter()
    for reject in rejects:
        lost[reject.title_id] += reject.clips or 0
    promised = {title.title_id: title.clips for title in titles}
    faults = [
        f"{title_id}: {promised.get(title_id, 0)} found, {stands.get(title_id, 0)} written, {lost[title_id]} rejected"
        for title_id in sorted({*promised, *stands, *lost})
        if promised.get(title_id, 0) != stands.get(title_id, 0) + lost[title_id]
    ]
    if faults:
        raise DubaugError(
            f"the clips of {len(faults)} titles do not add up ({'; '.join(faults[:5])}): this is a fault of the "
            "program, please report it. Deleting their shards and running again may help"
        )


def noted_sha256(shard: Path) -> str:
    """Return the checksum in the receipt of a shard. Raises `DubaugError` if it has none."""
    receipt = _receipt_of(shard)
    if not receipt.is_file():
        raise DubaugError(f"{shard} has no receipt {receipt}: check it by its clip index (`dubaug inspect --verify`)")
    return str(read_json(receipt)["sha256"])


def rejected(title: Title, error: MediaError, *, stage: str) -> TitleOutcome:
    """Return the outcome of a title that gave no shard, and why."""
    reject = Reject(title_id=title.title_id, stage=stage, reason=error.reason, advice=error.advice, clips=title.clips)
    return TitleOutcome(entry=None, rejects=(reject,))


def _receipt_of(shard: Path) -> Path:
    return shard.parent / ".made" / f"{shard.stem}.json"
