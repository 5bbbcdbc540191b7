"""The experiment's configuration: validated once, then frozen."""

from dubaug.alignment.settings import Alignment
from dubaug.config.model import Experiment, Task
from dubaug.config.resolve import check_files, from_mapping, load, resolve, resolve_files, save, to_mapping
from dubaug.demo.settings import Demo, DemoFilms
from dubaug.media.settings import Clips, Mel, Window
from dubaug.pretrain.settings import Augmentation, Encoders, Variant
from dubaug.separation.settings import Separation
from dubaug.tracking.settings import Tracking

__all__ = [
    "Alignment",
    "Augmentation",
    "Clips",
    "Demo",
    "DemoFilms",
    "Encoders",
    "Experiment",
    "Mel",
    "Separation",
    "Task",
    "Tracking",
    "Variant",
    "Window",
    "check_files",
    "from_mapping",
    "load",
    "resolve",
    "resolve_files",
    "save",
    "to_mapping",
]
