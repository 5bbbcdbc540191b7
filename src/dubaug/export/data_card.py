"""The data card of a variant's films, by the headings of *Datasheets for Datasets*, as Hugging Face reads it.

It says what the workflow's own lists say. What only the owner of the films can know is asked for, never made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dubaug.corpus.subsets import Subset
from dubaug.corpus.titles import Title
from dubaug.export import sections
from dubaug.export.corpus import Dubs, Films, Loss
from dubaug.export.network import Network
from dubaug.export.sections import duration, film_lines, languages_of, markdown_table, name_of
from dubaug.markdown import escape
from dubaug.tracks import TrackName
from dubaug.words import plural

ASKED = "**To be filled in by whoever owns the films:**"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""Hugging Face's classes of size, by their upper bounds."""
LARGEST = "1M<n<10M"
PICTURES_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """All that the card says; None where the file that knows was not given."""

    network: Network
    """Trained on the films; of several seeds, any."""
    licence: str | None
    """Of the films."""
    films: Films | None
    found: Sequence[Title] | None
    """All that could be read, before any was selected."""
    subsets: Sequence[Subset] | None
    dubs: Sequence[Dubs] | None
    losses: Sequence[Loss] | None
    versions: str

    @property
    def generated(self) -> bool:
        """Whether the films are generated, so that nobody has to be asked about them."""
        return self.network.generated_films is not None


def data_card(facts: DataFacts) -> str:
    """Return DATA_CARD.md; equal facts give equal text. The network must have been trained."""
    parts = [
        _front_matter(facts),
        f"# The films behind {facts.network.name}: {', '.join(map(name_of, facts.network.corpus_tracks))}\n",
        _introduction(facts),
        "## Motivation\n",
        _motivation(facts),
        "## Composition\n",
        _composition(facts),
        "## Collection\n",
        _collection(facts),
        "## Preprocessing\n",
        _preprocessing(facts),
        "## Uses, limits and biases\n",
        _uses(facts),
        "## Distribution\n",
        _distribution(facts),
        "## Maintenance\n",
        _maintenance(facts),
        "## Citation\n",
        sections.citation("films these are not"),
    ]
    return "\n".join(parts)


def _front_matter(facts: DataFacts) -> str:
    network = facts.network
    clips = network.manifest.n_clips
    values = {
        "pretty_name": f"Films behind dubaug's {network.name}",
        "language": languages_of(network.corpus_tracks),
        "size_categories": [next((name for bound, name in SIZES if clips < bound), LARGEST)],
        "annotations_creators": ["no-annotation"],
        "task_categories": ["feature-extraction"],
        "tags": ["audio", "video", "dubbed-audio", *(["generated"] if facts.generated else []), "arxiv:2304.05600"],
    }
    return sections.front_matter(values, facts.licence, "make the card again with --data-license")


def _introduction(facts: DataFacts) -> str:
    network = facts.network
    clip_s = network.spec.duration_s
    text = (
        f"{plural(network.manifest.n_titles, 'title')} with {len(network.corpus_tracks)} tracks "
        f"each, cut into {plural(network.manifest.n_clips, 'clip')} of {clip_s:g} s: "
        f"{duration(network.manifest.n_clips * clip_s)}. This is what the variant `{network.name}` was trained on. "
        "The numbers are from the lists that dubaug wrote; titles are counted and never named.\n"
    )
    if facts.generated:
        return text + "\n> **Generated films.** They are there to try the software, and stand for no real ones.\n"
    return text + f"\nLines that begin with {ASKED} ask what no file says.\n"


def _bullets(*lines: str) -> str:
    return "".join(f"- {line}\n" for line in lines)


def _asked(facts: DataFacts, question: str) -> list[str]:
    return [] if facts.generated else [f"{ASKED} {question}"]


def _motivation(facts: DataFacts) -> str:
    purpose = (
        "For learning sound and picture together without labels, where a scene is heard in one language and dubbed "
        "into another: music, effects and timing are nearly the same, the voices and the words are not "
        "([arXiv 2304.05600](https://arxiv.org/abs/2304.05600))."
    )
    if facts.generated:
        return _bullets(purpose, "The films are generated so that the whole workflow can be run without any real one.")
    return _bullets(purpose, *_asked(facts, "who chose these films, for whom, and who paid for it?"))


def _composition(facts: DataFacts) -> str:
    network = facts.network
    parts, clip_s = network.configuration, network.spec.duration_s
    clips, variant = parts["clips"], parts["variant"]
    seen = f"{clips['frames']} still frames and " if "frames" in clips else ""
    heard = ", ".join(map(name_of, network.tracks))
    unheard = [track for track in network.corpus_tracks if track not in network.tracks]
    lines = [
        f"An instance is a clip of {clip_s:g} s: {seen}the log-mel spectrogram of each track. There are no labels, "
        "and no parts for validation or test: all clips are trained on.",
        f"Heard by this variant: {heard}{', with speech removed' if variant['separated'] else ''}."
        + (f" In the films, and not heard: {', '.join(map(name_of, unheard))}." if unheard else ""),
        "" if "frames" in clips else "The picture is not shown to this variant.",
    ]
    films = facts.films
    if films is None:
        lines.append("Years, genres and original languages: not given.")
    else:
        shortest, longest = films.minutes_range
        pictures = "; ".join(f"{escape(kind)}: {count}" for kind, count in films.pictures[:PICTURES_SHOWN])
        more = len(films.pictures) - PICTURES_SHOWN
        decades = "; ".join(f"{decade or 'not said'}: {count}" for decade, count in films.decades)
        lines += [
            *film_lines(films),
            f"Lengths: {shortest:.1f} to {longest:.1f} minutes.",
            f"Titles by decade: {decades}.",
            f"Pictures (titles): {pictures or 'not said'}{f'; and {more} other kinds' if more > 0 else ''}.",
        ]
    if facts.generated:
        lines.append("Nobody is seen in them: the pictures are drawn. The voices are synthetic.")
    else:
        lines.append(
            "Actors can be recognised by face and voice. Nothing about them was noted, and no title was examined for "
            "what might offend or harm."
        )
        lines += _asked(facts, "is anything in them confidential, or shown without consent?")
    return _bullets(*filter(None, lines))


def _collection(facts: DataFacts) -> str:
    network, found = facts.network, facts.found
    required = ", ".join(map(name_of, network.corpus_tracks))
    could_be_read = ""
    if found:
        length = duration(sum(title.minutes for title in found) / 60 * 3600)
        could_be_read = f" {plural(len(found), 'title')} could be read ({length})."
    lines = [
        "Languages and lengths are read from the files themselves, to the end of each.",
        f"A title is taken if it has all of: {required}.{could_be_read}",
        *_asked(facts, "where do the films come from, when were they got, and what allows copying them for this?"),
    ]
    if generated := network.generated_films:
        lines.append(
            f"dubaug's generator made {generated['titles']} titles of {generated['scenes_per_title']} scenes of "
            f"{generated['scene_s']:g} s (seed {generated['seed']}), some without some dubs. Sources and licences of "
            "the voices: `dubaug/demo/bank/README.md`."
        )
    text = _bullets(*lines)
    if facts.subsets is None:
        return text + "\nCounts by track: not given.\n"
    rows = [
        [" + ".join(map(name_of, row.languages)), f"{row.titles:,}", duration(row.video_hours * 3600)]
        for row in facts.subsets
    ]
    return f"{text}\nTitles that have a set of tracks, whatever else they have:\n\n" + markdown_table(
        ["Tracks", "Titles", "Video"], rows, numbers_from=1
    )


def _preprocessing(facts: DataFacts) -> str:
    parts, clip_s = facts.network.configuration, facts.network.spec.duration_s
    clips, mel, separation = parts["clips"], parts["mel"], parts["separation"]
    rate_hz = facts.network.spec.sample_rate_hz
    lines = [f"Cut into consecutive clips of {clip_s:g} s without overlap; what is left at the end is dropped."]
    if "frames" in clips:
        lines.append(
            f"Picture: {clips['frames']} frames a clip, evenly spread, {clips['frame_height']} pixels high, as JPEG of "
            f"quality {clips['jpeg_quality']}."
        )
    lines.append(
        f"Sound: {rate_hz} Hz, mixed down to stereo as AC-3 says (L + 0.7071 C + 0.7071 Ls, times 0.4142, and so on "
        "the right; no LFE) without dynamic range compression; the natural log of a power mel spectrogram (Hann "
        f"window of {mel['n_fft']} samples, hop {mel['hop_length']}, {mel['n_mels']} bins, floor {mel['floor']:g}), in "
        "half precision."
    )
    if separation:
        lines.append(
            f"Speech is removed: Demucs model `{separation['model']}` at {separation['sample_rate_hz']} Hz, all stems "
            f"but `{separation['stem']}` summed. What the model leaves of the voices is still heard."
        )
    return f"{_bullets(*lines)}\n{_alignment(facts)}\n{_left_out(facts)}"


def _alignment(facts: DataFacts) -> str:
    policy = facts.network.configuration["alignment"]["policy"]
    said = {
        "correct": "moved to where it belongs if it is shifted or runs at another speed",
        "reject": "refused, with its title, if it does not lie where it should",
        "keep": "used as it is, whatever was found",
    }[policy]
    head = f"Each dub was compared with the primary track and {said} (policy `{policy}`)."
    if facts.dubs is None:
        return f"{head} What was found: not given.\n"
    if not facts.dubs:
        return f"{head} There were no dubs to compare.\n"
    became = {"keep": "used as it is", "correct": "moved", "reject": "title rejected"}
    rows = [
        [
            group.status,
            became[group.verdict],
            f"{group.dubs:,}",
            f"{group.titles:,}",
            "" if group.offset_s_max is None else f"{group.offset_s_max:.3f} s",
        ]
        for group in facts.dubs
    ]
    table = markdown_table(["Dub is", "and was", "Dubs", "Titles", "Largest offset"], rows, numbers_from=2)
    return f"{head} Found, over all titles with the tracks:\n\n{table}"


def _left_out(facts: DataFacts) -> str:
    if facts.losses is None:
        return "What was rejected: not given.\n"
    if not facts.losses:
        return "Nothing that was found had to be rejected.\n"
    rows = [
        [
            escape(loss.stage),
            escape(loss.reason),
            f"{loss.titles:,}",
            "unknown" if loss.clips is None else f"{loss.clips:,}",
        ]
        for loss in facts.losses
    ]
    table = markdown_table(["Stage", "Reason", "Titles", "Clips"], rows, numbers_from=2)
    return f"Rejected, or put right where it cost no clip (numbers and names are left out of reasons):\n\n{table}"


def _uses(facts: DataFacts) -> str:
    network, films = facts.network, facts.films
    primary = network.corpus_tracks[0]
    lines = [
        f"Used for pretraining `{network.name}`. No other use was tried.",
        "Only titles with all of these tracks are in it: that favours what is distributed widely, and says little "
        "of other films."
        if not facts.generated
        else "Generated scenes repeat a few dozen kinds of event, sentences and voices: far less varied than any film.",
    ]
    own = ("", TrackName(primary).language)
    dubbed = sum(count for code, count in films.original_languages if code not in own) if films else 0
    if films and dubbed:
        lines.append(
            f"{dubbed:,} of {plural(films.titles, 'title')} {'was' if dubbed == 1 else 'were'} not made in "
            f"{name_of(primary)}: there the primary track is a dub, too."
        )
    lines.append(
        "A dub says nearly the same as the original at the same time, with other voices and often another mix: pairs "
        "differ in more than language. That dubs share music and effects was measured for the alignment only."
    )
    if not facts.generated:
        lines += [
            "Whose voices and faces are heard and seen, in which roles, was not measured; what is skewed there is "
            "learnt.",
            "Not for recognising people, nor for imitating their voices.",
        ]
    return _bullets(*lines)


def _distribution(facts: DataFacts) -> str:
    lines = ["This card comes without films and clips."]
    if facts.licence:
        lines.append(f"Licence, as given by who wrote the card: {facts.licence}.")
    elif facts.generated:
        lines.append("Licence of the generated films: not stated. They hold nobody's film, picture or music.")
    lines += _asked(
        facts,
        "may clips, features or weights made of them be passed on, to whom, and under which terms?"
        if facts.licence
        else "which licences do the films have, and may clips, features or weights made of them be passed on?",
    )
    return _bullets(*lines)


def _maintenance(facts: DataFacts) -> str:
    network = facts.network
    lines = [
        f"Weights belong to configuration `{network.spec.experiment}`. The SHA-256 of every title's clips lies beside "
        "them (`experiment.json`), so that another version of a film is noticed.",
        f"Written with {facts.versions}.",
        *_asked(
            facts,
            "who answers for this, how are they reached, and what happens to clips and weights if a title has to be "
            "taken out?",
        ),
    ]
    if facts.generated:
        lines.append("The generator makes the same films again from its seed; nobody has to keep them.")
    return _bullets(*lines)
