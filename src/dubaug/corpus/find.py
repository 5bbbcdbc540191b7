"""From a row of the catalogue to a title that can be used, or to a reason why not."""

from collections.abc import Sequence

from dubaug.corpus.catalogue import Film
from dubaug.corpus.languages import name_of
from dubaug.corpus.probe import COPY_AGAIN, REPAIR, UNDECODABLE, Probe, Sound, probe
from dubaug.corpus.rejects import Reject
from dubaug.corpus.titles import END_SLACK_S, Title, Track
from dubaug.errors import MediaError, unexpected

STAGE = "catalogue"


def find(film: Film, *, languages: Sequence[str], clip_s: float, speeds: Sequence[float] = (1.0,)) -> Title | Reject:
    """Return the film as a title, or the reason why it cannot be one; `languages` are the configured ones.

    A film is rejected if it cannot be read, is cut short (its header promises more than its packets give), has no
    picture or no sound in the primary language (the first), or is shorter than one clip. Another language's track
    that is missing, or ends well before the rest, is left out and noted: the title then counts without that dub.
    `speeds` are those that dubs can be brought back from (seconds of the dub a second of the film): a dub that ends
    early may run at one of them.
    """
    try:
        return _title(film, probe(film.path), languages, clip_s, speeds)
    except MediaError as error:
        fault = error
    except Exception as error:
        fault = unexpected(error)
    return Reject(title_id=film.title_id, stage=STAGE, reason=fault.reason, advice=fault.advice)


def _title(film: Film, probed: Probe, languages: Sequence[str], clip_s: float, speeds: Sequence[float]) -> Title:
    primary = languages[0]
    if probed.cut_short:
        raise MediaError(
            f"the file ends at {probed.end_s:.1f} s of the {probed.promised_s:.1f} s its header promises", COPY_AGAIN
        )
    if probed.picture_end_s is None:
        raise MediaError("the file has no picture", "give a film, or take the row out of the catalogue")
    if probed.picture_fault:
        raise MediaError(f"the picture cannot be used: {probed.picture_fault}", _advice(probed.picture_fault))
    notes: list[str] = []
    found = _tracks(film, probed, notes)
    for language, (_, sound) in list(found.items()):
        if sound.fault:
            notes.append(f"{language} is not counted: {sound.fault} ({_advice(sound.fault)})")
            del found[language]
    if primary not in found:
        raise MediaError(*_no_primary(probed.sounds, primary, notes))
    reach_s = min(probed.picture_end_s, found[primary][1].end_s)
    whole = probed.promised_s or probed.end_s
    if reach_s < whole / 2:
        raise MediaError(
            f"picture and {name_of(primary)} sound go together for only {reach_s:.1f} s of {whole:.1f} s",
            "check the film in a player, and copy it again",
        )
    ends_s = {language: _end_in_film_s(sound.end_s, reach_s, speeds) for language, (_, sound) in found.items()}
    for language, (_, sound) in list(found.items()):
        if language != primary and ends_s[language] < 0.98 * reach_s - clip_s:
            notes.append(f"{language} ends at {sound.end_s:.1f} s of {reach_s:.1f} s and is not counted")
            del found[language]
    reach_s = min(reach_s, *(ends_s[language] for language in found if language in languages))
    clips = int((reach_s + END_SLACK_S) // clip_s)
    if clips < 1:
        raise MediaError(f"only {reach_s:.1f} s can be read, less than one clip of {clip_s:g} s", "leave it out")
    ordered = sorted(found, key=lambda language: (language != primary, language))
    return Title(
        title_id=film.title_id,
        path=film.path,
        minutes=reach_s / 60,
        clips=clips,
        tracks=tuple(found[language][0] for language in ordered),
        original_language=film.original_language,
        year=film.year,
        genres=film.genres,
        picture=probed.picture,
        sound="|".join(f"{language}:{found[language][1]}" for language in ordered),
        notes="; ".join(notes),
    )


def _end_in_film_s(end_s: float, reach_s: float, speeds: Sequence[float]) -> float:
    """Return where in the film a track may end: if early, by the speed that brings it nearest to the film's end.

    Which speed it has, its sound tells (the alignment); a track that just ends early then lacks its last clips.
    """
    if end_s >= reach_s:
        return end_s
    return min((end_s / speed for speed in speeds), key=lambda film_s: abs(film_s - reach_s))


def _tracks(film: Film, probed: Probe, notes: list[str]) -> dict[str, tuple[Track, Sound]]:
    """Return each language's track: what the catalogue says first, then the streams' own tags.

    Of several streams in one language the first that is no commentary or audio description is taken.
    """
    found: dict[str, tuple[Track, Sound]] = {}
    for override in film.overrides:
        try:
            sounds = probe(override.path).sounds if override.path else probed.sounds
        except MediaError as error:
            notes.append(f"{override.language}: {error.reason}")
            continue
        if override.stream >= len(sounds):
            where = override.path.name if override.path else "the film"
            notes.append(f"{override.language}: {where} has no audio stream {override.stream}")
            continue
        track = Track(language=override.language, stream=override.stream, path=override.path)
        found[override.language] = (track, sounds[override.stream])
    named = {override.language for override in film.overrides}
    claimed = {override.stream for override in film.overrides if override.path is None}
    for sound in sorted(probed.sounds, key=lambda sound: not sound.main):
        if sound.language is None or sound.stream in claimed or sound.language in named or sound.language in found:
            continue
        found[sound.language] = (Track(language=sound.language, stream=sound.stream), sound)
    return found


def _advice(fault: str) -> str:
    return "convert it with another program" if fault == UNDECODABLE else REPAIR


def _no_primary(sounds: Sequence[Sound], primary: str, notes: Sequence[str]) -> tuple[str, str]:
    """Return reason and advice for a film without sound in the primary language."""
    if notes:
        return f"no {name_of(primary)} sound: {'; '.join(notes)}", "correct `tracks` in the catalogue"
    if not sounds:
        return "the file has no sound", "give a film with sound, or a side-car file in the catalogue's `tracks`"
    tags = ", ".join(sound.language or "untagged" for sound in sounds)
    return (
        f"no {name_of(primary)} sound: its audio streams are {tags}",
        f"if one of them is {name_of(primary)}, say so in the catalogue's `tracks`, such as {primary}:0",
    )
