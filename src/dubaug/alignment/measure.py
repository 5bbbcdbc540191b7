"""How a dub lies beside its film: offset, drift, likeness, from a few windows of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from dubaug.alignment.features import FRAME_S, HOP, RATE_HZ, correlation, onsets, rises, stretched
from dubaug.alignment.line import ComparedWindow, Line, best_line, fitted, on_line
from dubaug.alignment.waveform import Block, compare, level_db
from dubaug.config import Alignment
from dubaug.corpus.titles import Title
from dubaug.corpus.tracks import Track
from dubaug.media.excerpts import Excerpts, Span, filled, joined_spans, read_excerpts
from dubaug.media.warp import Move, interpolate
from dubaug.tracks import TrackName

WINDOW_MIN_S = 6.0
"""Films too short for all windows have fewer and, down to this, shorter ones."""
CLOSE_S = 0.3
"""How far from the line windows are looked for once more, at the line's own speed."""
IDENTICAL = 0.95
"""Correlation from which two blocks are one sound: encoded twice they reach 0.97 or more."""
NEARBY_S = 3.0
"""Most dubs lie within this of their place: only if they are not found there is more of them read and searched."""
DRIFT_VOTES = 3
"""Windows that must agree on a speed before it is believed: through two points there is always a line."""
BLOCKS_MIN = 3
"""Blocks that must share a waveform before waveforms, and not onsets, say the offset."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was heard of one dub."""

    offset_s: float | None
    """How much later than the primary the dub begins; None where the two have nothing in common."""
    drift: float | None
    """Seconds that the dub falls behind, for each second of the film: 1/24 for 25/24. 0 where none can be told."""
    similarity: float
    """Correlation of onsets where the dub fits best, by windows: near 0 for another film, .5 to .8 for a dub."""
    agreement: float
    """Share of the windows that fit best where this offset and drift say."""
    identical: float
    """Share of seconds in which both tracks are one sound."""
    silence: float
    """Share of windows in which the dub, where it was found, is silent and the primary is not."""
    windows: int
    """Windows in which the primary is not silent."""

    @property
    def move(self) -> Move | None:
        """Offset and drift as the reader of films takes them."""
        if self.offset_s is None or self.drift is None:
            return None
        return Move(offset_s=self.offset_s, rate=1.0 + self.drift)


NOTHING = Measurement(offset_s=None, drift=None, similarity=0.0, agreement=0.0, identical=0.0, silence=0.0, windows=0)
"""Where there was nothing to be heard."""


@dataclass
class _Sound:
    """One track, as much of it as was read."""

    path: Path
    track: Track
    excerpts: Excerpts
    _rises: dict[Span, np.ndarray] = field(default_factory=dict)

    def require(self, spans_s: Sequence[Span]) -> None:
        """Read what is missing."""
        if any(self.excerpts.span(*span_s) is None for span_s in spans_s):
            read = _excerpts(self.path, [self.track], spans_s)
            self.excerpts, self._rises = read[self.track.stream].only(self.track.channel), {}

    def rises(self, start_s: float, end_s: float) -> np.ndarray:
        """Return the rises `(B, T)` of a part."""
        span = self.excerpts.span(start_s, end_s)
        assert span is not None
        if span not in self._rises:
            self._rises[span] = rises(self.excerpts.sounds[span])
        first = round((start_s - span[0]) / FRAME_S)
        return filled(self._rises[span][:, first:], round((end_s - start_s) / FRAME_S))

    def moved(self, start_s: float, end_s: float, move: Move) -> np.ndarray | None:
        """Return stereo `(2, S)` of a part of the film, from where the track has it; None where that was not read."""
        margin_s = 0.01
        first_s = max(move.at(start_s) - margin_s, 0.0)
        span = self.excerpts.span(first_s, move.at(end_s) + margin_s)
        if span is None:
            return None
        samples = round((end_s - start_s) * RATE_HZ)
        positions_S = (move.at(start_s) - span[0]) * RATE_HZ + move.rate * np.arange(samples)
        low = max(int(positions_S[0]) - 100, 0)
        part_CS = self.excerpts.sounds[span][:, low : int(positions_S[-1]) + 100]
        return interpolate(part_CS, positions_S - low)


def windows_of(minutes: float, settings: Alignment) -> tuple[Span, ...]:
    """Return the windows' starts and ends in seconds: in the middles of as many equal parts of the film."""
    length_s = minutes * 60
    count = max(1, min(settings.windows, int(length_s // WINDOW_MIN_S)))
    window_s = min(settings.window_s, length_s / count)
    centres_s = (np.arange(count) + 0.5) * length_s / count
    # On the grid of frames, so that frames of film and dub are taken at the same places.
    starts_s = np.floor((centres_s - window_s / 2) / FRAME_S + 1e-6) * FRAME_S
    frames = int(window_s / FRAME_S + 1e-6)
    return tuple((float(start_s), float(start_s) + frames * FRAME_S) for start_s in starts_s)


def measure(title: Title, names: Sequence[TrackName], settings: Alignment) -> dict[TrackName, Measurement]:
    """Return each dub's measurement; `names` has the primary first. Raises `MediaError`."""
    windows_s = windows_of(title.minutes, settings)
    primary, *dubs = _read(title, names, windows_s, settings)
    heard_s = [span for span in windows_s if level_db(primary.excerpts.cut(*span)) >= settings.silence_db]
    return {dub.track.name: _measure(primary, dub, heard_s, title.minutes * 60, settings) for dub in dubs}


def _read(title: Title, names: Sequence[TrackName], windows_s: Sequence[Span], settings: Alignment) -> list[_Sound]:
    """Return the tracks in the names' order, read around the windows, all of one file at once."""
    tracks = [title.track(name) for name in names]
    spans_s = _around(windows_s, 1.0, min(NEARBY_S, settings.search_s))
    if len(joined_spans(spans_s)) == 1:  # all of a short film: then to the tracks' ends, and once for any search
        spans_s = [
            (0.0, max(end_s for rate in settings.rates for _, end_s in _around(windows_s, rate, settings.search_s)))
        ]
    excerpts = {}
    for path in {track.path for track in tracks}:
        together = [track for track in tracks if track.path == path]
        excerpts[path] = _excerpts(path or title.path, together, spans_s)
    return [
        _Sound(
            path=track.path or title.path,
            track=track,
            excerpts=excerpts[track.path][track.stream].only(track.channel),
        )
        for track in tracks
    ]


def _excerpts(path: Path, tracks: Sequence[Track], spans_s: Sequence[Span]) -> dict[int, Excerpts]:
    """Return excerpts of a file's tracks by stream."""
    clocks = {track.stream: track.clock for track in tracks}
    return read_excerpts(path, streams=list(clocks), spans_s=spans_s, sample_rate_hz=RATE_HZ, clocks=clocks)


def _around(windows_s: Sequence[Span], rate: float, reach_s: float) -> list[Span]:
    """Return where in a dub of that speed the windows may lie, on the grid of frames."""
    starts_s, ends_s = np.array(windows_s, dtype=float).reshape(-1, 2).T
    firsts_s = np.maximum(np.floor((rate * starts_s - reach_s) / FRAME_S) * FRAME_S, 0.0)
    lasts_s = np.ceil((rate * ends_s + reach_s) / FRAME_S) * FRAME_S
    return list(zip(firsts_s.tolist(), lasts_s.tolist(), strict=True))


def _measure(
    primary: _Sound, dub: _Sound, windows_s: Sequence[Span], length_s: float, settings: Alignment
) -> Measurement:
    measured = replace(NOTHING, silence=_silence(dub, windows_s, Move(), settings), windows=len(windows_s))
    if not windows_s or max(map(level_db, dub.excerpts.sounds.values()), default=-np.inf) < settings.silence_db:
        return measured
    found = _search(primary, dub, windows_s, settings)
    measured = replace(measured, similarity=found.similarity, agreement=found.agreement)
    if found.similarity < settings.similarity_min or not found.agreement:
        return measured
    move, blocks = found.move, list[Block]()
    if found.agreement >= settings.agreement_min:
        move = _by_onsets(primary, dub, windows_s, found.move)
        move, blocks = _by_waveform(primary, dub, windows_s, move, settings)
        if len(windows_s) < DRIFT_VOTES or abs(move.rate - 1.0) * length_s < settings.tolerance_s / 2:
            move = Move(offset_s=move.at(length_s / 2) - length_s / 2)
    return replace(
        measured,
        offset_s=move.offset_s,
        drift=move.rate - 1.0,
        identical=float(np.mean([block.correlation >= IDENTICAL for block in blocks])) if blocks else 0.0,
        silence=_silence(dub, windows_s, move, settings),
    )


def _silence(dub: _Sound, windows_s: Sequence[Span], move: Move, settings: Alignment) -> float:
    """Return the share of the film's windows in which the dub, so moved, is silent; what was not read is left out."""
    spans_s = [(max(move.at(start_s), 0.0), move.at(end_s)) for start_s, end_s in windows_s]
    heard = [dub.excerpts.cut(*span_s) for span_s in spans_s if dub.excerpts.span(*span_s) is not None]
    return float(np.mean([level_db(sound_CS) < settings.silence_db for sound_CS in heard])) if heard else 0.0


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The best line at one of the speeds tried."""

    move: Move
    similarity: float
    votes: int
    """Windows that agree."""
    agreement: float
    height: float


def _search(primary: _Sound, dub: _Sound, windows_s: Sequence[Span], settings: Alignment) -> _Found:
    """Return the best line of all speeds; the first that enough windows agree to ends the search.

    The film's own speed comes first, nearby and then further away; another one is believed if `DRIFT_VOTES` windows
    agree on it.
    """
    best: _Found | None = None
    others = [rate for rate in settings.rates if rate != 1.0 and len(windows_s) >= DRIFT_VOTES]
    reaches_s = (min(NEARBY_S, settings.search_s), *[settings.search_s] * (1 + len(others)))
    for rate, reach_s in zip((1.0, 1.0, *others), reaches_s, strict=True):
        spans_s = _around(windows_s, rate, reach_s)
        dub.require(spans_s)
        windows = [_window(primary, dub, window, span, rate) for window, span in zip(windows_s, spans_s, strict=True)]
        found = _found(windows, windows_s, best_line(windows), rate)
        believed = rate == 1.0 or found.votes >= DRIFT_VOTES
        if best is None or (believed and found.height > best.height):
            best = found
        if best.similarity >= settings.similarity_min and best.agreement >= settings.agreement_min:
            break
    assert best is not None
    return best


def _found(windows: Sequence[ComparedWindow], windows_s: Sequence[Span], line: Line, rate: float) -> _Found:
    """Return what a line is worth. The similarity counts a window that certainly lies elsewhere as it is there.

    Windows that would lie before the dub's beginning are not asked.
    """
    move = Move(offset_s=line.start_s, rate=rate + line.slope)
    asked = [window for window, (start_s, _) in zip(windows, windows_s, strict=True) if move.at(start_s) > -CLOSE_S]
    votes = len(on_line(asked, line))
    heights = [
        window.correlations.max() if window.certain else window.near(line.at(window.time_s), 2 * FRAME_S)[1]
        for window in windows
    ]
    return _Found(
        move=move,
        similarity=max(float(np.mean(heights)), 0.0),
        votes=votes,
        agreement=votes / len(asked) if asked else 0.0,
        height=line.height,
    )


def _window(primary: _Sound, dub: _Sound, window_s: Span, span_s: Span, rate: float) -> ComparedWindow:
    """Return a window's correlation with a span of the dub, played at the film's speed if `rate` is right."""
    film_BT, long_BT = primary.rises(*window_s), dub.rises(*span_s)
    played_BT = stretched(long_BT, rate, int((long_BT.shape[1] - 1) / rate) + 1)
    start_s, end_s = window_s
    return ComparedWindow(
        time_s=(start_s + end_s) / 2,
        first_s=span_s[0] - rate * start_s,
        step_s=rate * HOP / RATE_HZ,
        correlations=correlation(onsets(film_BT), onsets(played_BT)),
    )


def _by_onsets(primary: _Sound, dub: _Sound, windows_s: Sequence[Span], move: Move) -> Move:
    """Return offset and speed to some milliseconds: all windows once more, at the speed that was found."""
    points = []
    dub.require(_around(windows_s, move.rate, abs(move.offset_s) + 2 * CLOSE_S))
    for start_s, end_s in windows_s:
        low_s = np.floor((move.at(start_s) - CLOSE_S) / FRAME_S) * FRAME_S
        high_s = np.ceil((move.at(end_s) + CLOSE_S) / FRAME_S) * FRAME_S
        if low_s < 0 or dub.excerpts.span(low_s, high_s) is None:
            continue
        window = _window(primary, dub, (start_s, end_s), (low_s, high_s), move.rate)
        place_s, height = window.near(move.offset_s, CLOSE_S)
        if height > 0:
            points.append((window.time_s, place_s, height))
    if not points:
        return move
    start_s, slope = fitted(*np.array(points).T)
    return Move(offset_s=start_s, rate=move.rate + slope)


def _by_waveform(
    primary: _Sound, dub: _Sound, windows_s: Sequence[Span], move: Move, settings: Alignment
) -> tuple[Move, list[Block]]:
    """Return offset and speed to a fraction of a millisecond where waveforms are shared, and the blocks compared.

    The second pass, with the dub where the first put it, is for the comparison: a lag of a sample is none.
    """
    blocks: list[Block] = []
    for _ in range(2):
        blocks = []
        for start_s, end_s in windows_s:
            moved_CS = dub.moved(start_s, end_s, move)
            if moved_CS is not None:
                film_CS = primary.excerpts.cut(start_s, end_s)
                blocks += compare(film_CS, moved_CS, start_s=start_s, silence_db=settings.silence_db)
        certain = [block for block in blocks if block.certain]
        if len(certain) < BLOCKS_MIN:
            break
        times_s = np.array([block.time_s for block in certain])
        lags_s = np.array([block.lag_s for block in certain])
        start_s, slope = fitted(times_s, lags_s, np.ones(len(certain)))
        if max(abs(start_s), abs(start_s + slope * times_s[-1])) < 0.5 / RATE_HZ:
            break
        move = Move(offset_s=move.offset_s + start_s, rate=move.rate + slope)
    return move, blocks
