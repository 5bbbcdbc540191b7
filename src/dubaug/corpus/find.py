"""From a row of the catalogue to a title that can be used, or to a reason why not."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from dubaug.corpus.catalogue import Film
from dubaug.corpus.choice import CORRECT, fullness, passed_over, tracks_of
from dubaug.corpus.clock import Clock, decoded_clock
from dubaug.corpus.probe import COPY_AGAIN, REPAIR, Probe, probe
from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import END_SLACK_S, Title
from dubaug.errors import MediaError, unexpected
from dubaug.tracks import TrackName, serving

STAGE = "catalogue"
CLOCKS, UNEVEN_S = (0.8, 1.25), 0.1
"""Sound whose timestamps run slower or faster than these, or stray further, is not stretched but broken."""


def find(film: Film, *, names: Sequence[TrackName], clip_s: float, speeds: Sequence[float] = (1.0,)) -> Title | Reject:
    """Return the film as a title, or the reason why it cannot be one; `names` are the configured tracks.

    A film is rejected if it cannot be read, is cut short (its header promises more than it holds), has no usable
    picture or no primary track (the first name), or is shorter than one clip. Another track that is missing, or ends
    well before the rest, is left out and noted: the title then counts without that dub.
    `speeds` are those that dubs can be brought back from (seconds of the dub a second of the film): a dub that ends
    early may run at one of them.
    """
    try:
        rank = partial(fullness, names=names, named=film.tracks)
        return _title(film, probe(film.path, fullness=rank), names, clip_s, speeds)
    except Exception as error:
        fault = error if isinstance(error, MediaError) else unexpected(error)
        return Reject(title_id=film.title_id, stage=STAGE, reason=fault.reason, advice=fault.advice)


def _title(film: Film, probed: Probe, names: Sequence[TrackName], clip_s: float, speeds: Sequence[float]) -> Title:
    if probed.cut:
        raise MediaError(f"the file {probed.cut}", COPY_AGAIN)
    if probed.picture_end_s is None:
        raise MediaError("the file has no picture", "give a film, or take the row out of the catalogue")
    if probed.picture_fault:
        raise MediaError(f"the picture cannot be used: {probed.picture_fault}", _advice(probed.picture_fault))
    notes: list[str] = []
    found = tracks_of(film, probed, notes)
    for name, (track, sound) in list(found.items()):
        clock = Clock()
        if sound.stretched and not sound.fault:
            clock = decoded_clock(track.path or film.path, track.stream)
        fault = sound.fault or _fault_of(clock)
        if fault:
            notes.append(f"{name} is not counted: {fault} ({_advice(fault)})")
            del found[name]
        else:
            found[name] = (replace(track, clock=clock.rate), sound)
    primary = serving(names, found).get(names[0])
    if primary is None:
        raise MediaError(*_no_primary(probed, names[0], notes))
    reach_s, whole_s = sorted((probed.picture_end_s, found[primary][1].end_s))
    together_s = max(reach_s - max(probed.picture_start_s, found[primary][1].start_s), 0.0)
    if reach_s < whole_s / 2 or together_s < min(clip_s, reach_s / 2):
        raise MediaError(
            f"picture and {primary.coded} sound go together for only {together_s:.1f} s of {whole_s:.1f} s",
            "check the film in a player, and copy it again",
        )
    ends_s = {name: _end_in_film_s(sound.end_s, reach_s, speeds) for name, (_, sound) in found.items()}
    for name, (_, sound) in list(found.items()):
        if name != primary and ends_s[name] < 0.98 * reach_s - clip_s:
            notes.append(f"{name} ends at {sound.end_s:.1f} s of {reach_s:.1f} s and is not counted")
            del found[name]
    used = serving(names, found).values()
    reach_s, first = min((probed.picture_end_s, "the picture"), *((ends_s[name], name) for name in used))
    clips, whole = (int((length_s + END_SLACK_S) // clip_s) for length_s in (reach_s, whole_s))
    if clips < 1:
        raise MediaError(f"only {reach_s:.1f} s can be read, less than one clip of {clip_s:g} s", "leave it out")
    lost = ""
    if whole_s - reach_s >= clip_s:
        notes.append(f"{first} ends at {reach_s:.1f} s of {whole_s:.1f} s")
        lost = f"only the first {clips} of {whole} clips can be used: {notes[-1]}"
    notes += passed_over(film, names, found, probed, notes)
    ordered = sorted(found, key=lambda name: (name != primary, name))
    return Title(
        title_id=film.title_id,
        path=film.path,
        minutes=reach_s / 60,
        clips=clips,
        tracks=tuple(found[name][0] for name in ordered),
        original_language=film.original_language,
        year=film.year,
        genres=film.genres,
        picture=probed.picture,
        sound="|".join(f"{name}:{found[name][1]}" for name in ordered),
        notes="; ".join(notes),
        lost=lost,
    )


def _fault_of(clock: Clock) -> str:
    if not CLOCKS[0] <= clock.rate <= CLOCKS[1]:
        return f"its timestamps run at {clock.rate:.5f} of the speed of its sound"
    return "its timestamps run at changing speeds" if clock.uneven_s > UNEVEN_S else ""


def stretched(title: Title) -> list[Reject]:
    """Return a row for each track that is resampled; it costs no clip."""
    return [
        Reject(
            title_id=title.title_id,
            stage=STAGE,
            reason=f"sound is resampled: {track.name} has timestamps that run at {track.clock:.5f} of its speed",
            advice="nothing, if it keeps in step with the picture in a player",
            clips=0,
        )
        for track in title.tracks
        if track.clock != 1.0
    ]


def _end_in_film_s(end_s: float, reach_s: float, speeds: Sequence[float]) -> float:
    """Return where in the film a track may end: if early, by the speed that brings it nearest to the film's end.

    Which speed it has, its sound tells (the alignment); a track that just ends early then lacks its last clips.
    """
    if end_s >= reach_s:
        return end_s
    return min((end_s / speed for speed in speeds), key=lambda film_s: abs(film_s - reach_s))


def _advice(fault: str) -> str:
    return REPAIR if "timestamps" in fault else "convert it with another program"


def _no_primary(probed: Probe, primary: TrackName, notes: Sequence[str]) -> tuple[str, str]:
    """Return reason and advice for a film without the primary track."""
    sounds = probed.sounds
    if notes:
        return f"no {primary.coded} sound: {'; '.join(notes)}", CORRECT
    if not sounds:
        return "the file has no sound", "give a film with sound, or a side-car file in the catalogue's `tracks`"
    tags = ", ".join(
        (sound.name or "untagged") + " of another programme" * (not probed.goes_with_picture(sound)) for sound in sounds
    )
    return (
        f"no {primary.coded} sound: its audio streams are {tags}",
        f"if one of them is {primary.coded}, say so in the catalogue's `tracks`, such as {primary}:0",
    )
