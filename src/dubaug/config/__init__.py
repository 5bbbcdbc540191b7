"""The experiment's configuration: validated once, then frozen."""

from dubaug.alignment.settings import Alignment
from dubaug.config.model import Experiment, Task
from dubaug.config.resolve import digest, from_mapping, load, resolve, resolve_files, save, to_mapping
from dubaug.corpus.settings import Corpus, Ingest
from dubaug.demo.settings import Demo, DemoFilms
from dubaug.media.settings import MEL_BINS_MIN, MEL_FRAMES_MIN, Clips, Mel
from dubaug.pretrain.settings import (
    VIDEO_CROP_MIN,
    AudioEncoder,
    Augmentation,
    Encoders,
    Pretraining,
    Variant,
    VideoEncoder,
)
from dubaug.separation.settings import Separation
from dubaug.tracking.settings import Tracking

__all__ = [
    "MEL_BINS_MIN",
    "MEL_FRAMES_MIN",
    "VIDEO_CROP_MIN",
    "Alignment",
    "AudioEncoder",
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
    "VideoEncoder",
    "digest",
    "from_mapping",
    "load",
    "resolve",
    "resolve_files",
    "save",
    "to_mapping",
]
