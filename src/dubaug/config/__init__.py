"""The experiment's configuration: validated once, then frozen."""

from dubaug.alignment.settings import Alignment
from dubaug.config.model import Experiment, Task
from dubaug.config.resolve import from_mapping, load, resolve, resolve_files, save, to_mapping
from dubaug.corpus.settings import Corpus, Ingest
from dubaug.demo.settings import Demo, DemoFilms
from dubaug.media.settings import Clips, Mel, Window
from dubaug.pretrain.settings import Augmentation, Encoders, Pretraining, Variant
from dubaug.separation.settings import Separation
from dubaug.tracking.settings import Tracking

__all__ = [
    "Alignment",
    "Augmentation",
    "Clips",
    "Corpus",
    "Demo",
    "DemoFilms",
    "Encoders",
    "Experiment",
    "Ingest",
    "Mel",
    "Pretraining",
    "Separation",
    "Task",
    "Tracking",
    "Variant",
    "Window",
    "from_mapping",
    "load",
    "resolve",
    "resolve_files",
    "save",
    "to_mapping",
]
