"""Which streams are meant: by the catalogue's `tracks`, else by the streams' own tags; and why others are not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dubaug.corpus.catalogue import Film
from dubaug.corpus.probe import COPY_AGAIN, Probe, SoundStream, probe
from dubaug.corpus.tracks import BY_TAGS, Track
from dubaug.errors import MediaError
from dubaug.tracks import TrackName, serving

CORRECT = "correct `tracks` in the catalogue"


def fullness(sounds: Sequence[SoundStream], names: Sequence[TrackName], named: Sequence[Track]) -> tuple[int, ...]:
    """Return what ranks a programme by its sounds: the primary, what the catalogue takes from it, the other tracks.

    One that has none of the tracks ranks by its place: beside side-car files alone the first one's picture is shown.
    """
    numbers = {sound.stream for sound in sounds}
    claims = {track.name: track.stream for track in named if track.path is None and track.stream in numbers}
    by_tags = {sound.name for sound in sounds if sound.name and sound.stream not in claims.values()}
    served = serving(names, set(claims) | by_tags - {track.name for track in named})
    of_catalogue = len(claims.keys() & set(served.values()))
    return names[0] in served, of_catalogue, len(served), len(sounds) if served else 0


def tracks_of(film: Film, probed: Probe, notes: list[str]) -> dict[TrackName, tuple[Track, SoundStream]]:
    """Return the tracks: what the catalogue names first, then the streams' own tags; the first good stream of each."""
    found: dict[TrackName, tuple[Track, SoundStream]] = {}
    for track in film.tracks:
        try:
            placed, sound = _placed(track, film, probed)
        except MediaError as error:
            notes.append(f"{track.name}: {error.reason}")
            continue
        if same := [name for name, (other, _) in found.items() if other.shares(placed)]:
            notes.append(f"{track.name}: that stream is {same[0]} already")
            continue
        found[track.name] = (placed, sound)
    named = {track.name for track in film.tracks}
    claimed = {track.stream for track, _ in found.values() if track.path is None}
    for sound in sorted(probed.sounds, key=lambda sound: bool(sound.fault)):
        if sound.name is None or sound.stream in claimed or sound.name in named or sound.name in found:
            continue
        if probed.goes_with_picture(sound):
            found[sound.name] = (Track(name=sound.name, stream=sound.stream), sound)
    return found


def _placed(track: Track, film: Film, probed: Probe) -> tuple[Track, SoundStream]:
    """Return a track that the catalogue names with the number of its stream, and that stream. Raises `MediaError`."""
    own = track.path is None or track.path.resolve() == film.path.resolve()
    its_file = probed if own else probe(track.path or film.path)
    sounds, where = its_file.sounds, "the film" if own or track.path is None else track.path.name
    number = _by_tags(track.name, sounds, where) if track.stream == BY_TAGS else track.stream
    if number >= len(sounds):
        raise MediaError(f"{where} has no audio stream {number}", CORRECT)
    if its_file.cut:
        raise MediaError(f"{where} {its_file.cut}", COPY_AGAIN)
    sound = sounds[number]
    if own and not probed.goes_with_picture(sound):
        raise MediaError(f"audio stream {number} is of another programme than the picture", CORRECT)
    if track.channel and sound.channels != 2:
        raise MediaError(f"audio stream {number} is {sound.layout}: .{track.channel} is of stereo ones", CORRECT)
    return replace(track, stream=number, path=None if own else track.path), sound


def _by_tags(name: TrackName, sounds: Sequence[SoundStream], where: str) -> int:
    """Return which stream of a side-car file is meant: the only one, or by the file's own tags."""
    if len(sounds) < 2:
        return 0
    held = {sound.name: sound.stream for sound in reversed(sounds) if sound.name}
    answer = serving([name], held).get(name)
    if answer is None:
        tags = ", ".join(sound.name or "untagged" for sound in sounds)
        raise MediaError(f"{where} has {len(sounds)} audio streams ({tags}): say which, such as {where}#1", CORRECT)
    return held[answer]


def passed_over(
    film: Film,
    names: Sequence[TrackName],
    found: Mapping[TrackName, tuple[Track, SoundStream]],
    probed: Probe,
    notes: Sequence[str],
) -> list[str]:
    """Return, for each configured track of the film's own sound, which other streams of its language are not it.

    Of a track that is not there it is told only if `notes` do not say why already.
    """
    served = serving(names, found)
    used = {track.stream for track, _ in (found[name] for name in served.values()) if track.path is None}
    told = []
    for name in (name for name in names if not name.origin):
        held = served.get(name)
        sounds = [sound for sound in probed.sounds if sound.name and sound.stream not in used]
        akin = [sound for sound in sounds if sound.name and sound.name.language == name.language]
        others = ", ".join(f"{sound.stream} ({_why_not(sound, held, film, probed)})" for sound in akin)
        if others and held:
            track = found[held][0]
            where = track.path.name if track.path else f"audio stream {track.stream}"
            told.append(f"{name} is {where}{f' ({held})' * (held != name)}, not {others}")
        elif others and not any(note.startswith(name) for note in notes):
            usable = [f"{name}:{sound.stream}" for sound in akin if probed.goes_with_picture(sound)]
            force = f": `tracks` can say {' or '.join(usable)}" if usable else ""
            told.append(f"{name} is not there, only audio stream {others}{force}")
    return told


def _why_not(sound: SoundStream, held: TrackName | None, film: Film, probed: Probe) -> str:
    """Return a stream's own name, and why it is not the track `held`."""
    if not probed.goes_with_picture(sound):
        return f"{sound.name}, of another programme"
    if sound.fault:
        return f"{sound.name}, but {sound.fault}"
    if sound.name is None or sound.name.origin or held is None:
        return str(sound.name)
    if any(track.name == held for track in film.tracks):
        return f"{sound.name}, but `tracks` decides"
    return f"{sound.name} too, but later" if sound.name == held else f"{sound.name}, which is less near"
