"""The configuration, once it has been validated: frozen, typed, without surprises.

Each stage takes the one dataclass it needs. Units are in the names. Where the paper (arXiv 2304.05600) gives the
value, its section is named; where it leaves a choice open, the docstring says so (see docs/choices.md).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any, Literal

from dubaug.suites.registry import suite_of

MEL_FRAMES_MIN = 25
MEL_BINS_MIN = 25
"""The Acoustic ResNet takes a spectrogram down by 8 in time and 24 in frequency; its head pools over 4 x 2 of that."""
VIDEO_CROP_MIN = 32
"""X3D takes a picture down by 32 pixels to one."""


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Which films, and which languages of them."""

    catalogue: str
    """CSV with `title_id,path,...`; paths in it are relative to its folder."""
    primary: str
    """Language (ISO 639-1) whose track is the primary audio."""
    secondary: tuple[str, ...]
    """Languages whose tracks are dubs. A title is pretrained on if it has the primary and all of these."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The primary language, then the secondary ones."""
        return (self.primary, *self.secondary)


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """How films are read: what is refused and what is given up. No result depends on it."""

    stall_s: float
    """A film whose decoder gives nothing for this long is rejected and its process is ended."""
    climbing_paths: bool
    """Whether the catalogue's relative paths may leave its folder (`../films/a.mkv`)."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """How dubs are compared with the primary track before clips are cut, and what follows (open in the paper)."""

    policy: Literal["correct", "keep", "reject"]
    """Dubs that lie elsewhere are moved to where they belong, left as they are, or their titles rejected. What cannot
    be mended (silence, the same track twice, another cut or film) is rejected by `correct` and `reject`."""
    tolerance_s: float
    """A dub that is nowhere in the film further than this from its place is aligned."""
    search_s: float
    """How far offsets are looked for."""
    rates: tuple[float, ...]
    """Speeds that are tried, as seconds of the dub a second of the film; 0.3 % around each are found too."""
    windows: int
    window_s: float
    """Windows compared, spread evenly over a film, and their length; short films have fewer and shorter ones."""
    similarity_min: float
    """A dub whose onsets correlate less with the primary's is another film's."""
    agreement_min: float
    """If a smaller share of the windows agrees on one offset and drift, the dub is cut differently."""
    identical_max: float
    """A dub that is the same sound in more than this share of all seconds is the primary track once more."""
    silence_db: float
    """What is softer (root mean square, full scale 0) is silence."""
    silence_max: float
    """A dub that is silent in a larger share of the windows, where the primary is not, is silent."""

    @property
    def speeds(self) -> tuple[float, ...]:
        """Return the speeds at which a dub can be used: all that are tried if dubs are corrected, else the film's."""
        return self.rates if self.policy == "correct" else (1.0,)


@dataclass(frozen=True, kw_only=True)
class DemoFilms:
    """The generated film corpus."""

    titles: int
    scenes_per_title: int
    scene_s: float


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The generated corpus: films, and a miniature of every downstream data set."""

    directory: str
    seed: int
    films: DemoFilms
    items_per_class: int
    """About that many files a class in all of a miniature, at least 2 a fold; the generator says which classes."""


@dataclass(frozen=True, kw_only=True)
class Clips:
    """How a title is cut (§3.2): consecutive clips without overlap, frames spread evenly."""

    duration_s: float
    frames: int
    frame_height: int
    """Stored frames' height in pixels; the width follows the picture's aspect ratio."""
    jpeg_quality: int
    sample_rate_hz: int
    batches: int
    """Jobs that the selected titles are dealt to."""


@dataclass(frozen=True, kw_only=True)
class Mel:
    """The log-mel spectrogram (§3.2): Hann window of `n_fft` samples, `center=False`, natural log of power."""

    n_fft: int
    hop_length: int
    n_mels: int
    floor: float
    """Power is clamped to this before the logarithm."""

    def frames(self, n_samples: int) -> int:
        """Return the number of frames that `n_samples` give without padding."""
        return 1 + (n_samples - self.n_fft) // self.hop_length


@dataclass(frozen=True, kw_only=True)
class Separation:
    """Speech removal for `sep` and Table D6 (§3.4, Appendix D): Demucs, all stems but `stem` summed."""

    model: str
    """Name of a Demucs model, or of one in `repository`."""
    repository: str | None
    """Folder with local Demucs models; null takes Demucs's own published ones (downloaded)."""
    stem: str
    sample_rate_hz: int
    segment_s: float | None
    overlap: float
    shifts: int
    batch_size: int
    """Segments that go through the network at once: for speed, the result is the same up to float noise."""

    def result_settings(self) -> dict[str, Any]:
        """Return what separated sound depends on: everything but the batch size."""
        return {key: value for key, value in asdict(self).items() if key != "batch_size"}

    def provenance(self, weights: str) -> dict[str, Any]:
        """Return what is noted beside separated sound: the same, with the weights' hash for the folder they lie in."""
        settings = self.result_settings()
        del settings["repository"]
        return {**settings, "weights": weights}


@dataclass(frozen=True, kw_only=True)
class VideoEncoder:
    """X3D-M (§3.3). `crop` is in pixels; the factors are pytorchvideo's (paper: 2.0 and 2.2)."""

    crop: int
    width_factor: float
    depth_factor: float
    stem_width: int
    head_width: int


@dataclass(frozen=True, kw_only=True)
class AudioEncoder:
    """Acoustic ResNet (§3.3); `stem_width` 64 is the standard one."""

    depth: int
    stem_width: int


@dataclass(frozen=True, kw_only=True)
class Encoders:
    """Both backbones, their common output width, and the projection heads (§3.3; head sizes are open)."""

    embedding_dim: int
    dropout: float
    video: VideoEncoder
    audio: AudioEncoder
    projection_hidden: int
    projection_dim: int


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Random views (§3.2). Mask widths are open: fractions of the spectrogram's length and height."""

    height_min: int
    height_max: int
    randaugment_layers: int
    randaugment_magnitude: int
    mask_probability: float
    time_mask_max: float
    frequency_mask_max: float


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """Optimisation (§3.4)."""

    epochs: int
    checkpoints: tuple[int, ...]
    """Epochs after which weights are kept; the last is `epochs`."""
    gpus: int
    clips_per_gpu: int
    clips_per_title: int
    fill: Literal["groups", "random"]
    """What fills a batch that is no multiple of `clips_per_title` (open): further groups, or single clips."""
    learning_rate: float
    weight_decay: float
    betas: tuple[float, float]
    warmup_epochs: float
    temperature: float
    negatives: Literal["other_modality", "both"]
    """The denominator of NT-Xent (open): the other view's items, or both views' (2B)."""
    within_modal_weight: float
    """How much the loss between the two sounds of a clip counts beside those between picture and sound (paper: 0)."""
    precision: Literal["fp32", "bf16"]
    sync_batchnorm: bool
    micro_batches: int
    """Each process's batch passes the networks in so many parts, for less memory; the loss stays the whole batch's."""
    recompute: bool
    """Whether activations are computed again in the backward pass instead of kept."""
    compile: bool
    """Whether torch.compile makes kernels of the networks' blocks."""
    loader_workers: int


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One model of the paper (§3.4). Variants are data: a new one is a few lines of config.yaml."""

    label: str
    """As the tables' column heads have it."""
    primary: str
    secondary: tuple[str, ...]
    """Languages taken in turn, one a batch; the primary's own name means the same track augmented again."""
    video: bool
    separated: bool
    """Train on the primary track with speech removed, without secondary audio."""
    untrained: bool
    """Random weights, no training (Appendix D)."""
    epochs: int | None
    checkpoints: tuple[int, ...] | None
    """Override `pretraining.epochs` and `.checkpoints` for this variant (Appendix C's 20-epoch runs)."""
    start_from: str | None
    """The variant whose last weights the encoders begin with, of the same seed; None for random ones."""
    seeds: tuple[int, ...] | None
    """Override `seeds` for this variant: random weights cost no training."""

    @property
    def dub_augmented(self) -> bool:
        """Whether any secondary track is in another language than the primary."""
        return any(language != self.primary for language in self.secondary)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A downstream task. `path` is the data set's own folder, as published."""

    suite: str
    """A suite of `dubaug.suites`, or one that the configuration names."""
    path: str
    layout: str
    """The form in which it is published, which says what reads it: a key of `dubaug.suites.registry.known_layouts`."""
    modality: Literal["A", "V", "AV"]
    separated: bool
    """Evaluate on the audio with speech removed (Table D6)."""
    absent_classes: bool
    """Accept splits that train or test without some class; else that is an error, since a file may be missing."""
    absent_files: str | None
    """Text file with the ids of items, one a line, that are known not to be on disk: VGGSound's videos that are gone.
    Any other item that is not there is an error."""
    label: str


@dataclass(frozen=True, kw_only=True)
class HearProbe:
    """heareval 2021.1.3's predictor and search."""

    hidden: int
    dropout: float
    hidden_layers: tuple[int, ...]
    learning_rates: tuple[float, ...]
    initialisations: tuple[str, ...]
    grid_points: int
    """How many points of the shuffled grid are tried."""
    batch_size: int
    max_epochs: int
    validate_every: int
    patience: int
    """Validations without improvement before a run stops."""


@dataclass(frozen=True, kw_only=True)
class HaresProbe:
    """§3.5: linear, Adam, linear warm-up, cosine decay."""

    steps: int
    warmup_steps: int
    learning_rate: float
    batch_size: int


@dataclass(frozen=True, kw_only=True)
class VisualProbe:
    """§3.5: linear, SGD, cosine decay. Momentum is open."""

    epochs: int
    learning_rate: float
    momentum: float
    batch_size: int


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The three probing protocols, and the embedding's batch size."""

    hear: HearProbe
    hares: HaresProbe
    visual: VisualProbe
    embed_batch: int


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Where MLflow's records go. `MLFLOW_TRACKING_URI` in the environment wins over `uri`."""

    uri: str
    experiment: str
    live: bool
    """Whether curves and results come while trainings and Snakemake run, sent by processes beside them; else at the end
    of each call of Snakemake."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything, resolved and cross-checked: what `results/config.yaml` holds."""

    scale: Literal["demo", "paper"]
    results_dir: str
    seeds: tuple[int, ...]
    device: Literal["auto", "cpu", "cuda"]
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
    variants: Mapping[str, Variant]
    suites: Mapping[str, tuple[str, ...]]
    """Each suite's tasks, in the suites' order; none for a suite that is not asked for."""
    tasks: Mapping[str, Task]
    probe: Probe
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
        return tuple(name for name, tasks in self.suites.items() if tasks and (sees or not suite_of(name).sees))

    @property
    def generates_films(self) -> bool:
        """Whether the films are those that the workflow itself makes."""
        return self._is_demos(self.corpus.catalogue)

    def generates(self, task: str) -> bool:
        """Return whether a task's data set is a miniature that the workflow itself makes."""
        return self._is_demos(self.tasks[task].path)

    def _is_demos(self, path: str) -> bool:
        return self.demo is not None and PurePath(self.demo.directory) in PurePath(path).parents
