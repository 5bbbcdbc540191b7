"""The experiment's configuration: validated once, then frozen."""

from dubaug.alignment.settings import Alignment
from dubaug.config.model import PROTOCOLS, SUITES, Experiment, SuiteName, Task
from dubaug.config.resolve import digest, from_mapping, load, resolve, resolve_files, save, to_mapping
from dubaug.corpus.settings import Corpus, Ingest
from dubaug.demo.settings import Demo, DemoFilms
from dubaug.media.settings import Clips, Mel, Window
from dubaug.pretrain.settings import Augmentation, Encoders, Pretraining, Variant
from dubaug.probe.settings import HaresProbe, HearProbe, VisualProbe
from dubaug.separation.settings import Separation
from dubaug.tracking.settings import Tracking

__all__ = [
    "PROTOCOLS",
    "SUITES",
    "Alignment",
    "Augmentation",
    "Clips",
    "Corpus",
    "Demo",
    "DemoFilms",
    "Encoders",
    "Experiment",
    "HaresProbe",
    "HearProbe",
    "Ingest",
    "Mel",
    "Pretraining",
    "Separation",
    "SuiteName",
    "Task",
    "Tracking",
    "Variant",
    "VisualProbe",
    "Window",
    "digest",
    "from_mapping",
    "load",
    "resolve",
    "resolve_files",
    "save",
    "to_mapping",
]
