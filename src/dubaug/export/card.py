"""Model cards, of an export and of a variant, in the form that Hugging Face reads: YAML front matter, then Markdown.

Each section is a function of the facts it shows, so that other cards (of the data) can have the same ones.
"""

from collections.abc import Sequence
from typing import Any

from dubaug.export import sections
from dubaug.export.examples import with_dubaug, without_dubaug
from dubaug.export.facts import CardFacts
from dubaug.export.network import Network
from dubaug.export.sections import duration, languages_of, markdown_table, name_of
from dubaug.export.training import training_section
from dubaug.markdown import escape
from dubaug.provenance import code_version
from dubaug.words import plural


def model_card(facts: CardFacts) -> str:
    """Return the README.md of one network's export; equal facts give equal text."""
    network = facts.network
    return _card(
        facts,
        again="export again with --license",
        seeds="" if network.untrained else f", seed {network.spec.seed}",
        use=_code(network),
        last=["## Files and versions\n", _files(facts)],
    )


def variant_card(facts: CardFacts, *, data_card: str | None) -> str:
    """Return a variant's card; `data_card` is the name of the file that says more of the data, if there is one."""
    seeds = [str(network.spec.seed) for network in facts.networks]
    return _card(
        facts,
        again="make the card again with --license",
        seeds=f", seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}",
        use="`dubaug export` makes a folder of one network's weights, with the code that loads them; dubaug itself "
        "loads them by `dubaug.pretrain.checkpoint.load_encoders`.\n",
        more=[f"More of the corpus is in [{data_card}]({data_card}).\n"] if data_card else [],
        last=["## Networks and versions\n", _networks(facts)],
    )


def _card(facts: CardFacts, *, again: str, seeds: str, use: str, last: Sequence[str], more: Sequence[str] = ()) -> str:
    """Return what all model cards have, with what is of some: `again` is what gives it a licence."""
    network = facts.network
    made = " with random weights" if network.untrained else f", {plural(network.spec.epoch, 'epoch')}"
    parts = [
        _front_matter(facts, again),
        f"# {network.name}: {sections.kind_of(network)}{made}{seeds}\n",
        _what_it_is(facts),
        *sections.warnings(network, facts.scores),
        "## Use\n",
        sections.inputs(facts.config),
        use,
        "## Training data\n",
        sections.data(network, facts.films, facts.left_out),
        *more,
        "## Training\n",
        training_section(network),
        "## Scores\n",
        sections.scores(network, facts.scores, seeds=[one.spec.seed for one in facts.networks]),
        "## Intended use and limits\n",
        sections.limits(network),
        *last,
        "## Citation\n",
        sections.citation("authors had no part in these weights"),
    ]
    return "\n".join(parts)


def _front_matter(facts: CardFacts, again: str) -> str:
    network = facts.network
    tags = ["audio", *(["video", "audiovisual"] if "video" in network.weights else [])]
    tags += ["untrained"] if network.untrained else ["self-supervised-learning", "contrastive-learning"]
    tags += ["dubbed-audio"] if len(network.tracks) > 1 else []
    tags += ["generated-training-data"] if network.generated_films else []
    values: dict[str, Any] = {
        "library_name": "dubaug",
        "pipeline_tag": "feature-extraction",
        **({"language": languages_of(network.tracks)} if network.tracks else {}),
        "tags": [*tags, *network.packages, "arxiv:2304.05600"],
    }
    return sections.front_matter(values, facts.licence, again)


def _what_it_is(facts: CardFacts) -> str:
    """Return the first paragraph: the networks, and in a sentence how they came about."""
    network, encoders = facts.network, facts.network.spec.encoders
    nets = [f"{encoders.audio.title} for sound ({_millions(network.weights['audio'])} weights)"]
    if "video" in network.weights:
        nets.append(f"{encoders.video.title} for picture ({_millions(network.weights['video'])} weights)")
    label = f" (in the tables: {escape(facts.label)})" if facts.label and facts.label != network.name else ""
    each = "Each" if len(nets) > 1 else "It"
    text = (
        f"{' and '.join(nets)}. {each} turns {network.spec.duration_s:g} s into a vector of {encoders.embedding_dim} "
        f"numbers. It is the variant `{network.name}`{label} of *Looking Similar, Sounding Different* "
        "([arXiv 2304.05600](https://arxiv.org/abs/2304.05600)), made with dubaug, an independent reimplementation: "
        f"{_recipe(network)}\n"
    )
    return text[0].upper() + text[1:]


def _recipe(network: Network) -> str:
    """Return in a sentence what was contrasted with what."""
    if network.untrained:
        return "untrained networks, which show what an architecture scores before it has learnt anything."
    variant = network.configuration["variant"]
    primary = f"the {name_of(variant['primary'])} track"
    if variant["separated"]:
        return f"trained without labels to match the picture of films with {primary} from which speech was removed."
    dubs = [name_of(track) for track in variant["secondary"] if track != variant["primary"]]
    if dubs:
        other = f"dubbed tracks: {', '.join(dubs)}{' (in turn, one a batch)' if len(dubs) > 1 else ''}"
    elif variant["secondary"]:
        other = "the same track, augmented once more"
    else:
        other = ""
    if variant["video"]:
        joined = f"{primary} and with {other}" if other else primary
        return f"trained without labels to match the picture of films with {joined}."
    return f"trained without labels and without picture to match {primary} of films with {other}."


def _code(network: Network) -> str:
    if network.stock.keys() == network.weights.keys():
        code = without_dubaug(network.stock, mono=network.spec.encoders.audio.channels == 1)
        needed = " ".join(("torch", "torchaudio", "torchvision", *network.packages, "safetensors"))
        bare = f"With `pip install {needed}`:\n\n```python\n{code}```\n\n"
    else:
        bare = "These networks are made by dubaug alone, no published function makes them.\n\n"
    return (
        f"{bare}With dubaug installed:\n\n"
        f"```python\n{with_dubaug(video='video' in network.weights)}```\n\n"
        "`config.json` holds the constructors' arguments, the spectrogram's and all sizes. The projection heads of "
        "training are not part of this: what they are given is the embedding.\n"
    )


def _files(facts: CardFacts) -> str:
    sha256, experiment = facts.network.checkpoint.sha256, facts.network.spec.experiment
    return (
        f"`encoders.safetensors` (SHA-256 `{sha256}`) is the checkpoint as it was trained, byte by byte; its header "
        "says what the encoders are. `config.json` says the same in plain values. `SHA256SUMS` covers both "
        f"(`sha256sum -c SHA256SUMS`). Configuration `{experiment}`. Trained with "
        f"{_trained_with(facts.network)}, exported with {facts.versions}.\n"
    )


def _networks(facts: CardFacts) -> str:
    """Return each seed's weights by their hash, and the versions of what wrote the card."""
    rows = [
        [
            str(network.spec.seed),
            f"`{network.checkpoint.path.name}`",
            f"`{network.checkpoint.sha256}`",
            f"`{network.spec.experiment}`",
            _trained_with(network),
            "none" if network.untrained else duration(network.manifest.seconds),
        ]
        for network in facts.networks
    ]
    table = markdown_table(
        ["Seed", "Weights", "SHA-256", "Configuration", "Trained with", "Training"], rows, numbers_from=5
    )
    return f"{table}\nWritten with {facts.versions}.\n"


def _trained_with(network: Network) -> str:
    """Return the code that trained a network, or made it where it is untrained, as its manifest says."""
    version = network.manifest.dubaug_version
    if version is None:
        return "a version of dubaug that recorded none"
    return f"dubaug {code_version(version, network.manifest.git_commit)}"


def _millions(weights: int) -> str:
    return f"{weights / 1e6:.2f} M"
