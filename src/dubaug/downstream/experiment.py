"""What a task's features depend on. Light: the Snakefile imports it."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dubaug.config import Experiment, Mel
from dubaug.digests import digest
from dubaug.suites.registry import LAYOUTS

RECORDS = 3
"""Raise it when the records beside the features (labels, splits) hold more: only they are then written anew."""


@dataclass(frozen=True, kw_only=True)
class FeatureSettings:
    """How recordings become windows of log-mels and frames."""

    window_s: float
    sample_rates_hz: tuple[int, ...]
    """Each gives a log-mel track, called after it: the clips' rate, and the separated variants' if there are any."""
    mel: Mel
    frames: int
    square: int
    """Frames are scaled to this short side in pixels and cut to the square in the middle before they are stored."""
    jpeg_quality: int

    def for_audio(self) -> dict[str, Any]:
        """Return what the features of a data set without video depend on."""
        return {"window_s": self.window_s, "sample_rates_hz": list(self.sample_rates_hz), "mel": asdict(self.mel)}

    def for_video(self) -> dict[str, Any]:
        """Return what the frames depend on."""
        return {
            "window_s": self.window_s,
            "frames": self.frames,
            "square": self.square,
            "jpeg_quality": self.jpeg_quality,
        }


def feature_settings(experiment: Experiment, *, variant: str | None = None) -> FeatureSettings:
    """Return the settings of all tasks' features, or of those that `variant` uses.

    Frames are taken at the short side `augmentation.height_min`, the lower end of what training sees (paper: 256),
    of which the encoder gets the central `encoders.video.crop` (224), as is usual in evaluation. The paper says
    neither; training crops from heights between `height_min` and `height_max`.
    """
    chosen = experiment.variants.values() if variant is None else (experiment.variants[variant],)
    own_hz, separated_hz = experiment.clips.sample_rate_hz, experiment.separation.sample_rate_hz
    rates_hz = {separated_hz if one.separated else own_hz for one in chosen}
    return FeatureSettings(
        window_s=experiment.clips.duration_s,
        sample_rates_hz=tuple(sorted(rates_hz, key=lambda rate_hz: rate_hz != own_hz)),
        mel=experiment.mel,
        frames=experiment.clips.frames,
        square=experiment.augmentation.height_min,
        jpeg_quality=experiment.clips.jpeg_quality,
    )


def no_data(experiment: Experiment, task_name: str) -> str:
    """Return the words for a task without data: where they are expected."""
    return f"no data at {experiment.tasks[task_name].path}"


def missing_tasks(experiment: Experiment) -> dict[str, str]:
    """Return the tasks of all suites whose folder is not on disk and is not made by the workflow, and why, in words."""
    names = [name for tasks in experiment.suites.values() for name in tasks]
    return {
        name: no_data(experiment, name)
        for name in names
        if not experiment.generates(name) and not Path(experiment.tasks[name].path).is_dir()
    }


def without_tasks(experiment: Experiment, names: Collection[str]) -> Experiment:
    """Return the experiment with these tasks taken off its suites: what can be evaluated while their data lack."""
    suites = {suite: tuple(name for name in tasks if name not in names) for suite, tasks in experiment.suites.items()}
    return replace(experiment, suites=suites)


def downstream_digest(experiment: Experiment, task_name: str, *, variant: str | None = None) -> str:
    """Return the hash of the configuration that a task's features depend on, and of nothing else.

    With a `variant`, only the features that it uses count: adding a separated variant adds a track to all features
    and changes the others' results in nothing. Another task, its label or its suite changes nothing. A generated data
    set also depends on the generator's settings. Raises `KeyError` for an unknown task or variant.
    """
    task, settings = experiment.tasks[task_name], feature_settings(experiment, variant=variant)
    depends: dict[str, Any] = {"layout": task.layout, "path": task.path, "records": RECORDS}
    media = LAYOUTS[task.layout].media
    if "A" in media:
        depends["audio"] = settings.for_audio()
    if "V" in media:
        depends["video"] = settings.for_video()
    if task.separated:
        depends["separation"] = experiment.separation.result_settings()
    demo = experiment.demo
    if demo is not None and experiment.generates(task_name):
        depends["demo"] = {"seed": demo.seed, "items_per_class": demo.items_per_class}
    return digest(depends)
