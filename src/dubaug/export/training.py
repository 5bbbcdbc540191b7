"""The card's account of the training: what was done, in words, and every setting, in a table."""

from collections.abc import Mapping
from typing import Any

from dubaug.export.network import Network
from dubaug.export.sections import duration, markdown_table
from dubaug.markdown import escape
from dubaug.pretrain.experiment import flattened
from dubaug.words import plural

NOT_SHOWN = ("corpus.catalogue", "separation.repository")
"""Paths of whoever trained it."""


def training_section(network: Network) -> str:
    """Return how the weights came about, and all settings that they depend on."""
    said = "None: weights drawn at random from the seed." if network.untrained else _in_words(network)
    rows = [[f"`{key}`", escape(_value(value))] for key, value in _settings(network.configuration)]
    table = markdown_table(["Setting", "Value"], rows, numbers_from=2)
    return f"{said}\n\n<details><summary>All settings that the weights depend on</summary>\n\n{table}\n</details>\n"


def _in_words(network: Network) -> str:
    parts, manifest, spec = network.configuration, network.manifest, network.spec
    pretraining, augmentation = parts["pretraining"], parts["augmentation"]
    gpus, per_gpu = pretraining["gpus"], pretraining["clips_per_gpu"]
    against = {"other_modality": "the other view's clips", "both": "both views' clips"}[pretraining["negatives"]]
    processes = "1 process" if gpus == 1 else f"{gpus} processes"
    sentences = [
        f"NT-Xent at temperature {pretraining['temperature']:g} against {against}, in batches of {gpus * per_gpu} "
        f"clips ({processes} of {per_gpu}), {pretraining['clips_per_title']} of a title together.",
        f"AdamW, learning rate {pretraining['learning_rate']:g} after {pretraining['warmup_epochs']:g} epochs of "
        f"warm-up, then a cosine to the end; weight decay {pretraining['weight_decay']:g}; {pretraining['precision']}.",
        f"{spec.epoch} of {plural(manifest.epochs, 'epoch')} are in these weights; all took "
        f"{duration(manifest.seconds)} on {manifest.device}.",
        f"Sound: time and frequency masks, each with probability {augmentation['mask_probability']:g}.",
    ]
    if "height_min" in augmentation:
        layers = plural(augmentation["randaugment_layers"], "layer")
        sentences.append(
            f"Picture: height drawn from {augmentation['height_min']} to {augmentation['height_max']} pixels, a random "
            f"crop of {spec.encoders.video.crop}, RandAugment ({layers}, magnitude "
            f"{augmentation['randaugment_magnitude']}), the same for all frames of a clip."
        )
    if "start_from" in parts:
        before = parts["start_from"]["variant"]
        tracks = "+".join((before["primary"], *before["secondary"]))
        sentences.append(
            f"The encoders began with the final weights of another variant (tracks {tracks}), trained first; settings "
            "of it that differ are listed as `start_from.…`."
        )
    return " ".join(sentences)


def _settings(parts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return every setting but paths; of a variant that this one started from, only what differs."""
    own = dict(flattened(parts))
    rows = []
    for key, value in own.items():
        inherited = key.removeprefix("start_from.")
        repeated = inherited != key and own.get(inherited, ...) == value
        if inherited not in NOT_SHOWN and not repeated:
            rows.append((key, value))
    return rows


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
