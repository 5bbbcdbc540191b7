"""Sections of cards, as Markdown: what goes in, what it was trained on, what it scores, what it is good for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from dubaug.export.corpus import Films, LeftOut
from dubaug.export.network import Network
from dubaug.export.scores import TaskScore
from dubaug.markdown import escape, table_lines
from dubaug.suites.registry import SUITES, metric
from dubaug.tables.footer import PAPER_HOURS, PAPER_TITLES
from dubaug.tracks import TrackName
from dubaug.words import plural

CITATION = """\
@article{singh2023looking,
  title   = {Looking Similar, Sounding Different: Leveraging Counterfactual Cross-Modal Pairs for Audiovisual
             Representation Learning},
  author  = {Singh, Nikhil and Wu, Chih-Wei and Orife, Iroro and Kalayeh, Mahdi},
  journal = {arXiv preprint arXiv:2304.05600},
  year    = {2023}
}"""


def name_of(track: str) -> str:
    """Return a track's, or a language's, English name without code: `French`, `Spanish (synthetic)`."""
    return TrackName(track).name


def languages_of(tracks: Iterable[str]) -> list[str]:
    """Return the languages of some tracks, each once, as Hugging Face's front matter has them."""
    return list(dict.fromkeys(TrackName(track).language for track in tracks))


def duration(seconds: float) -> str:
    """Return `36 s`, `10.4 minutes` or `1,300.0 hours`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:,.1f} hours"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers_from: int) -> str:
    """Return a table whose columns are right-aligned from `numbers_from` on."""
    sides = "l" * numbers_from + "r" * (len(head) - numbers_from)
    return "".join(f"{line}\n" for line in table_lines(head, sides, rows))


def front_matter(values: Mapping[str, Any], licence: str | None, how: str) -> str:
    """Return the YAML that Hugging Face reads, between its `---` lines; without a licence a comment asks for one."""
    if licence is None:
        first = f"# license: not stated; fill it in, or {how}\n"
    else:
        first = yaml.safe_dump({"license": licence})
    return f"---\n{first}{yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)}---\n"


def warnings(network: Network, scores: Sequence[TaskScore]) -> list[str]:
    """Return what must be read first, if anything: no training, generated films, generated tasks."""
    notes = []
    if network.untrained:
        notes.append("**Untrained.** The weights are random: a baseline, not a model.")
    if network.generated_films:
        notes.append(
            "**Trained on generated films.** Drawn pictures, synthesised sounds and a small bank of voices: these "
            "weights show that the workflow runs. They know no real film and are no use for one."
        )
    generated = [bool(score.generated) for score in scores]
    if any(generated):
        which = "The scores below" if all(generated) else "The scores below that are marked †"
        notes.append(f"**Scored on generated miniatures.** {which} do not compare with published ones.")
    return ["".join(f"> {note}\n>\n" for note in notes).removesuffix(">\n")] if notes else []


def inputs(config: Mapping[str, Any]) -> str:
    """Return how sound and picture must come, from `config.json`."""
    audio, video, window_s = config["audio"], config["video"], config["window_s"]
    size = dict(zip(audio["input_axes"], audio["input_shape"], strict=True))
    mixed = f", mixed down {audio['mixed_down']}" if audio["mixed_down"] else ""
    lines = [
        f"- **Sound:** {window_s:g} s of stereo at {audio['sample_rate_hz']} Hz ({audio['samples']} samples, -1..1), "
        f"as the natural log of a power mel spectrogram ({size['time']} frames of {size['mel bin']} bins, no "
        f"padding){mixed}. Mono is given to both channels. 5.1 is mixed down as AC-3 says: L + 0.7071 C + 0.7071 Ls "
        "to the left, the same with R and Rs to the right, both times 0.4142; no LFE."
    ]
    if video:
        scaled = f"short side scaled to {video['short_side_px']} pixels, " if video["short_side_px"] else ""
        lines.append(
            f"- **Picture:** {video['frames']} RGB frames from the same {window_s:g} s, at the centres of as many "
            f"equal parts; {scaled}the central {video['crop_px']} x {video['crop_px']} pixels, values 0..1."
        )
    lines.append(
        f"- **Longer recordings:** consecutive windows of {window_s:g} s; if more than {window_s / 2:g} s are left, "
        "one more that ends with the recording; the embedding is the windows' mean. Shorter ones are padded with zeros "
        "(a picture with its last frame). The scores below are of such embeddings."
    )
    return "\n".join(lines) + "\n"


def data(network: Network, films: Films | None, left_out: LeftOut | None) -> str:
    """Return what the network was trained on. Titles are counted and not named."""
    if network.untrained:
        return "None.\n"
    manifest, spec, parts = network.manifest, network.spec, network.configuration
    required = ", ".join(map(name_of, network.corpus_tracks))
    heard = ", ".join(map(name_of, network.tracks))
    heard += ", with speech removed" if parts["variant"]["separated"] else ""
    length = duration(manifest.n_clips * spec.duration_s)
    lines = [
        f"- {plural(manifest.n_titles, 'title')}, {plural(manifest.n_clips, 'clip')} of {spec.duration_s:g} s without "
        f"overlap: {length} (the paper's corpus: {PAPER_TITLES} titles, about {PAPER_HOURS} hours).",
        f"- Heard in training: {heard}. The corpus holds titles that have all of: {required}.",
    ]
    if generated := network.generated_films:
        lines.append(
            f"- The films are generated: {generated['titles']} of {generated['scenes_per_title']} scenes of "
            f"{generated['scene_s']:g} s (seed {generated['seed']}), of which those with all tracks are used."
        )
    if films:
        lines += [f"- {line}" for line in film_lines(films)]
    else:
        lines.append("- Years, genres and original languages: not given.")
    if left_out:
        reasons = "; ".join(f"{stage}: {count}" for stage, count in left_out.reasons)
        lines.append(
            f"- {plural(left_out.titles, 'title')} found lost clips or were left out whole as unusable ({reasons})."
            if left_out.titles
            else "- No title that was found had to be left out as unusable."
        )
    return "\n".join(lines) + "\n"


def film_lines(films: Films) -> list[str]:
    """Return sentences on years, original languages and genres."""
    years = f"from {films.years[0]} to {films.years[1]}" if films.years else "of unknown years"
    spoken = [f"{escape(name_of(code)) if code else 'not said'}: {count}" for code, count in films.original_languages]
    genres = [f"{escape(genre)}: {count}" for genre, count in films.genres]
    return [
        f"The titles are {years}, {films.minutes / films.titles:.1f} minutes long in the mean.",
        f"Original languages (titles): {'; '.join(spoken)}.",
        f"Genres (titles, several each): {'; '.join(genres) or 'not said'}.",
    ]


def scores(network: Network, found: Sequence[TaskScore], *, seeds: Sequence[int]) -> str:
    """Return the table of scores, what the columns are, and what is not there.

    They are the network's; with two `seeds` or more they are means over the networks of these seeds.
    """
    several = len(seeds) > 1
    missing = _missing(network, {score.suite for score in found})
    if not found:
        return f"No results were given: nothing is known of these weights.\n\n{missing}"
    suites = list(SUITES.values())
    order = {suite.name: place for place, suite in enumerate(suites)}
    found = sorted(found, key=lambda score: order.get(score.suite, len(order)))
    joined, bounded = any(score.over_seeds for score in found), any(score.interval for score in found)
    interval_head = ["95 %"] * bounded
    seeds_head = (["± over seeds"] if several else ["Mean over seeds", "Seeds"]) if joined else []
    head = ["Task", "Suite", "Metric", "Score", *interval_head, "Folds", "Train", "Test", *seeds_head]
    beside = _seeds_spread if several else _seeds
    rows = [_row(score, bounded=bounded) + (beside(score) if joined else []) for score in found]
    there = [suite for suite in suites if any(score.suite == suite.name for score in found)]
    notes = "".join(f"- {suite.title}: {suite.note}.\n" for suite in there) + (f"\n{missing}" if missing else "")
    marks = "† a generated miniature of the data set.\n\n" if any(score.generated for score in found) else ""
    table = markdown_table(head, rows, numbers_from=3)
    said = _columns(network, seeds, joined=joined, bounded=bounded)
    return f"{said}\n\n{table}\n{marks}{_of_unknown_data(network, found)}{notes}"


def _columns(network: Network, seeds: Sequence[int], *, joined: bool, bounded: bool) -> str:
    """Return what the table's numbers are."""
    several = len(seeds) > 1
    if several:
        own = f"Means over the networks of seeds {', '.join(map(str, seeds))} (epoch {network.spec.epoch}); "
    else:
        own = f"Of exactly these weights (epoch {network.spec.epoch}, seed {network.spec.seed}); "
    spread = "± is the deviation over folds. Train and Test count the items of the first fold."
    drawn = "seeds and test items" if several else "test items, of this training"
    spread += f" 95 % is the score's interval over {drawn}." if bounded else ""
    if joined:
        spread += (
            " ± over seeds is the deviation of the seeds' means."
            if several
            else " The mean over seeds is the variant's, its ± the deviation of the seeds' means."
        )
    return own + spread


def _row(score: TaskScore, *, bounded: bool) -> list[str]:
    label = f"{escape(score.label)}{' †' if score.generated else ''}"
    counts = [f"{number:,}" for number in (score.n_folds, score.n_train, score.n_test)]
    interval = [_interval(score)] if bounded else []
    return [label, score.suite, metric(score.metric).title, _with_spread(score.mean, score.std), *interval, *counts]


def _interval(score: TaskScore) -> str:
    """Return `.. 0.608` for bounds of which the lower one is infinite; nothing if there is no interval."""
    if score.interval is None:
        return ""
    low, high = ("" if bound is None else f"{bound:.3f}" for bound in (score.interval.low, score.interval.high))
    return f"{low} .. {high}".strip()


def _seeds(score: TaskScore) -> list[str]:
    over = score.over_seeds
    return ["", ""] if over is None else [_with_spread(over.mean, over.std), str(over.seeds)]


def _seeds_spread(score: TaskScore) -> list[str]:
    spread = None if score.over_seeds is None else score.over_seeds.std
    return ["" if spread is None else f"{spread:.3f}"]


def _with_spread(mean: float, std: float | None) -> str:
    return f"{mean:.3f}" if std is None else f"{mean:.3f} ± {std:.3f}"


def _of_unknown_data(network: Network, found: Sequence[TaskScore]) -> str:
    """Return a caution where the films are generated and nobody said whether the tasks are."""
    if network.generated_films and any(score.generated is None for score in found):
        return (
            "The tasks' data may be generated miniatures as the films are: compare Train and Test with the published "
            "data sets' sizes.\n\n"
        )
    return ""


def _missing(network: Network, there: set[str]) -> str:
    """Return which suites are not among the results, and why one cannot be."""
    sees = "video" in network.weights
    absent = [suite for suite in SUITES.values() if suite.name not in there]
    lacking = [suite.name for suite in absent if sees or not suite.sees]
    unfit = [suite.name for suite in absent if not sees and suite.sees]
    lines = [f"Not given: results on {', '.join(lacking)}.\n"] if lacking else []
    if unfit:
        lines.append(f"There are no {' and '.join(unfit)} results of a network without video.\n")
    if not network.untrained and network.spec.epoch < network.manifest.epochs:
        lines.append(
            f"These weights are of epoch {network.spec.epoch} of {network.manifest.epochs}: the learning rate had not "
            "come down yet, and the last epoch's may score better.\n"
        )
    return "\n".join(lines)


def limits(network: Network) -> str:
    """Return what the weights may be used for and what not."""
    lines = ["- For research on audio and audiovisual representations: as frozen features, or to be trained further."]
    if network.untrained:
        lines.append("- Random weights: only as the baseline of an experiment.")
    elif network.generated_films:
        lines.append(
            "- Trained on generated films: only for trying the software. All voices in them are "
            "synthetic; `dubaug/demo/bank/README.md` says where they come from."
        )
    else:
        lines += _limits_of_films(network)
    if len(network.tracks) > 1:
        lines.append(
            "- Training pulls dubs of a scene together: what is said, and in which language, is partly discarded by "
            "design. For speech recognition or language identification, compare with a variant without dubs."
        )
    lines.append("- The scores are those listed above and no others; no robustness to noise or compression was tested.")
    return "\n".join(lines) + "\n"


def _limits_of_films(network: Network) -> list[str]:
    spoken = " and ".join(map(name_of, network.tracks))
    return [
        "- What films show and say is no sample of the world, nor are actors' voices, accents and looks one of people. "
        "What is skewed there is learnt; nothing was done about it, and nothing of it was measured.",
        f"- Tracks in {spoken} were heard, other languages only as they occur in them.",
        "- Not for recognising or judging people, nor for deciding anything about them.",
        "- Whether weights trained on films may be passed on, and for what, depends on the films' licences: who "
        "exports them has to know, and states it in `license` above.",
    ]


def citation(whose: str) -> str:
    """Return the paper's entry, after a clause on what of this is not the paper's."""
    return f"The method is of this paper, whose {whose}:\n\n```bibtex\n{CITATION}\n```\n"


def kind_of(network: Network) -> str:
    """Return `audio and video encoders`, or `an audio encoder`."""
    return "audio and video encoders" if "video" in network.weights else "an audio encoder"
