"""The configuration's sections put together, and what is checked of one against another.

Each section stands beside its owner, in `<package>/settings.py`. Units are in the names. Where the paper
(arXiv 2304.05600) gives the value, its section is named; where it leaves a choice open, the docstring says so (see
docs/choices.md).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dubaug.alignment.settings import Alignment
from dubaug.corpus.settings import Corpus, Ingest
from dubaug.demo.settings import Demo
from dubaug.layout import FOLDERS
from dubaug.media.settings import Clips, Mel, Window
from dubaug.pretrain.settings import Augmentation, Encoders, Pretraining, Variant, require_last
from dubaug.separation.settings import Separation
from dubaug.settings import (
    ByName,
    Distinct,
    Flag,
    Folder,
    Label,
    Name,
    OneOf,
    Place,
    Seeds,
    Settings,
    between,
    require,
    rule,
)
from dubaug.suites.registry import LAYOUTS, PROTOCOLS, SUITES, SuiteModule
from dubaug.tracking.settings import Tracking

_OWN = f"none of the results' own folders: {', '.join(sorted(FOLDERS))}"
VariantName = Annotated[Name, rule(lambda name: name.lower() not in FOLDERS, _OWN)]
Names = Annotated[tuple[Name, ...], Field(max_length=1000), Distinct]


@dataclass(frozen=True, kw_only=True)
class Task(Settings):
    """A downstream task."""

    label: Label
    """As the tables have it; the task's own name if it is not given."""
    suite: Annotated[str, OneOf(SUITES, "a suite")]
    path: Place
    """The data set's own folder, as published."""
    layout: Annotated[str, OneOf(LAYOUTS, "the data set's layout", " (only HEAR tasks have a default)")]
    """The form in which it is published, which says what reads it; some suites have a default."""
    modality: Literal["A", "V", "AV"]
    """What it uses of a recording; the suite's, if it is not given."""
    separated: Flag = False
    """Evaluate on the audio with speech removed (Table D6)."""
    absent_classes: Flag = False
    """Accept splits that train or test without some class; else that is an error, since a file may be missing."""
    absent_files: Place | None = None
    """Text file with the ids of items, one a line, that are known not to be on disk: VGGSound's videos that are gone.
    Any other item that is not there is an error."""

    @model_validator(mode="before")
    @classmethod
    def _suites_defaults(cls, value: Any) -> Any:
        suite = SUITES.get(str(value.get("suite"))) if isinstance(value, Mapping) else None
        return {"layout": suite.layout, "modality": suite.modality, **value} if suite else value

    @model_validator(mode="after")
    def _check(self) -> "Task":
        nothing = "nothing: only VGGSound may lack files, other data sets must be whole"
        require(self.absent_files is None or self.layout == "vggsound", "absent_files", self.absent_files, nothing)
        for what, has in (("layout", LAYOUTS[self.layout].media), ("suite", SUITES[self.suite].modality)):
            only = f"{has} or a part of it, which its {what} `{getattr(self, what)}` has"
            require(set(self.modality) <= set(has), "modality", self.modality, only)
        heard = f"false: speech is removed from sound, and its modality is {self.modality}"
        require("A" in self.modality or not self.separated, "separated", self.separated, heard)
        return self


@dataclass(frozen=True, kw_only=True)
class Experiment(Settings):
    """Everything, resolved and cross-checked: what `results/config.yaml` holds."""

    scale: Literal["demo", "paper"]
    """How large everything is that is not said here: workflow/config/demo.yaml and paper.yaml."""
    results_dir: Folder
    """Folder that everything is written to."""
    seeds: Seeds
    """Of the pretrainings; several are aggregated."""
    device: Literal["auto", "cpu", "cuda"]
    embed_batch: Annotated[int, between(1, 65_536)]
    """Windows of downstream items that pass the encoders at once."""
    corpus: Corpus
    ingest: Ingest
    demo: Demo | None
    alignment: Alignment
    clips: Clips
    mel: Mel
    separation: Separation
    encoders: Encoders
    augmentation: Augmentation
    pretraining: Pretraining
    variants: Annotated[Mapping[VariantName, Variant], Field(max_length=1000)]
    suite_modules: tuple[SuiteModule, ...] = ()
    """Suites of one's own, each as `my_module:SUITE`; the module may lie in the current folder."""
    suites: Mapping[Annotated[str, OneOf(SUITES, "a suite")], Names]
    """The tasks of each suite that are evaluated."""
    tasks: Annotated[Mapping[Name, Task], Field(max_length=1000)]
    probe: Annotated[Mapping[str, Settings], ByName(PROTOCOLS)]
    """The protocol of each suite."""
    tracking: Tracking

    def seeds_of(self, variant: str) -> tuple[int, ...]:
        """Return the seeds that `variant` is pretrained with, or that its random weights are drawn with."""
        return self.variants[variant].seeds or self.seeds

    def epochs_of(self, variant: str) -> int:
        """Return the number of epochs that `variant` is trained for (0 for an untrained one)."""
        chosen = self.variants[variant]
        return 0 if chosen.untrained else chosen.epochs or self.pretraining.epochs

    def checkpoints_of(self, variant: str) -> tuple[int, ...]:
        """Return the epochs whose weights `variant` keeps, the last one last ((0,) for an untrained one)."""
        chosen = self.variants[variant]
        return (0,) if chosen.untrained else chosen.checkpoints or self.pretraining.checkpoints

    def suites_of(self, variant: str) -> tuple[str, ...]:
        """Return the suites that have tasks and that `variant` can be evaluated on (no video, no visual tasks)."""
        sees = self.variants[variant].video
        return tuple(name for name, tasks in self.suites.items() if tasks and (sees or not SUITES[name].sees))

    def tasks_of(self, suite: str) -> tuple[str, ...]:
        """Return the tasks of a suite that are evaluated; none of one that the configuration does not name."""
        return self.suites.get(suite, ())

    def task_label(self, task: str) -> str:
        """Return what a task is called in tables; its own name where it is not configured."""
        return self.tasks[task].label if task in self.tasks else task

    def variant_label(self, variant: str) -> str:
        """Return what a variant is called in tables; its own name where it is not configured."""
        return self.variants[variant].label if variant in self.variants else variant

    def window_of(self, variant: str) -> Window:
        """Return what the encoders of `variant` are given at a time."""
        separated = self.variants[variant].separated
        return Window(
            mel=self.mel,
            sample_rate_hz=self.separation.sample_rate_hz if separated else self.clips.sample_rate_hz,
            duration_s=self.clips.duration_s,
            frames=self.clips.frames,
        )

    @property
    def generates_films(self) -> bool:
        """Whether the films are those that the workflow itself makes."""
        return self._is_demos(self.corpus.catalogue)

    def generates(self, task: str) -> bool:
        """Return whether a task's data set is a miniature that the workflow itself makes."""
        return self._is_demos(self.tasks[task].path)

    @property
    def generated_tasks(self) -> tuple[str, ...]:
        """Those of the evaluated tasks whose data sets are miniatures that the workflow itself makes."""
        return tuple(task for tasks in self.suites.values() for task in tasks if self.generates(task))

    @property
    def all_generated(self) -> bool:
        """Whether every task that is evaluated is such a miniature."""
        asked = [task for tasks in self.suites.values() for task in tasks]
        return bool(asked) and len(self.generated_tasks) == len(asked)

    def _is_demos(self, path: str) -> bool:
        return self.demo is not None and PurePath(self.demo.directory) in PurePath(path).parents

    @model_validator(mode="after")
    def _check_variants(self) -> "Experiment":
        tracks = self.corpus.tracks
        known = f"a track of corpus.primary or corpus.secondary ({', '.join(tracks)})"
        for name, variant in self.variants.items():
            key = f"variants.{name}"
            for track in variant.secondary:
                require(track in tracks, f"{key}.secondary", track, known)
            require(variant.primary in tracks, f"{key}.primary", variant.primary, known)
            if not variant.untrained:
                epochs, warmup = self.epochs_of(name), self.pretraining.warmup_epochs
                require_last(key, key, epochs, self.checkpoints_of(name))
                require(warmup <= epochs, f"{key}.epochs", epochs, f"at least pretraining.warmup_epochs ({warmup})")
            self._check_start(name)
        return self

    def _check_start(self, name: str) -> None:
        """Check that the variants that lead to `name`, one starting from the other, are there and begin somewhere."""
        chain = [name]
        while (start := self.variants[chain[-1]].start_from) is not None:
            variant, key = self.variants[chain[-1]], f"variants.{chain[-1]}"
            fitting = [
                other
                for other, its in self.variants.items()
                if not its.untrained and its.video >= variant.video and other not in chain
            ]
            random = "nothing: an untrained variant has random weights"
            require(not variant.untrained, f"{key}.start_from", start, random)
            seeing = ", with video" if variant.video else ""
            trained = f"a trained variant that does not start from this one{seeing}: "
            require(start in fitting, f"{key}.start_from", start, trained + (", ".join(fitting) or "there is none"))
            own, there = self.seeds_of(chain[-1]), self.seeds_of(start)
            too = f"seeds that {start} has, too: {list(there)}"
            require(set(own) <= set(there), f"{key}.seeds", own, too)
            chain.append(start)

    @model_validator(mode="after")
    def _check_names(self) -> "Experiment":
        require(bool(self.variants), "variants", {}, "at least one variant that is not null")
        for group, entries in (("variants", self.variants), ("tasks", self.tasks)):
            _require_distinct({f"{group}.{name}": name.lower() for name in entries})  # as some file systems see them
            _require_distinct({f"{group}.{name}.label": entry.label for name, entry in entries.items()})
        return self

    @model_validator(mode="after")
    def _check_places(self) -> "Experiment":
        inputs = {"corpus.catalogue": self.corpus.catalogue}
        inputs |= {f"tasks.{name}.path": task.path for name, task in self.tasks.items()}
        for key, path in inputs.items():
            own = f"a folder of its own; this one holds {key} ({path})"
            require(not _is_in(path, self.results_dir), "results_dir", self.results_dir, own)
        if self.demo is not None:
            own = f"a folder outside demo.directory ({self.demo.directory}), which is for what is generated"
            require(not _is_in(self.results_dir, self.demo.directory), "results_dir", self.results_dir, own)
            films = self.demo.films
            a_clip = f"scenes that make a film of at least a clip ({self.clips.duration_s} s)"
            long = films.scenes_per_title * films.scene_s >= self.clips.duration_s
            require(long or not self.generates_films, "demo.films.scene_s", films.scene_s, a_clip)
        return self

    @model_validator(mode="after")
    def _check_suites(self) -> "Experiment":
        for suite, tasks in self.suites.items():
            for task in tasks:
                there = f"a task that stands under `tasks` with its path (add tasks.{task}.suite and .path)"
                require(task in self.tasks, f"suites.{suite}", task, there)
                its = self.tasks[task].suite
                require(its == suite, f"tasks.{task}.suite", its, f"{suite}, since suites.{suite} lists it")
            protocol = f"the protocol of the tasks that suites.{suite} lists"
            require(not tasks or suite in self.probe, f"probe.{suite}", None, protocol)
        require(any(self.suites.values()), "suites", dict(self.suites), "at least one task in one suite")
        return self

    @model_validator(mode="after")
    def _check_sizes(self) -> "Experiment":
        height, crop = self.augmentation.height_min, self.encoders.video.crop
        require(height >= crop, "augmentation.height_min", height, f"at least encoders.video.crop ({crop})")
        samples = int(self.clips.duration_s * min(self.clips.sample_rate_hz, self.separation.sample_rate_hz))
        require(self.mel.n_fft <= samples, "mel.n_fft", self.mel.n_fft, f"at most a clip's samples ({samples})")
        for name, variant in self.variants.items():
            self.encoders.audio.check(self.window_of(name))
            if variant.video:
                self.encoders.video.check(self.window_of(name))
        return self


def _require_distinct(texts: Mapping[str, str]) -> None:
    """Raise the error of a validator for the first key whose text an earlier one has."""
    keys: dict[str, str] = {}
    for key, text in texts.items():
        other = keys.setdefault(text, key)
        require(other == key, key, text, f"another one than `{other}`")


def _is_in(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or lies in it, both as they are written from the working directory."""
    outer, inner = (PurePath(os.path.normpath(Path.cwd() / one)) for one in (folder, path))
    return inner.is_relative_to(outer)
