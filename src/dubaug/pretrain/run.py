"""One pretraining run: what is to be trained and where its files go, and what is written about it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from dubaug import __version__
from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.files import sha256_of
from dubaug.pretrain.checkpoint import EncoderSpec, read_spec
from dubaug.pretrain.data import ClipSource
from dubaug.pretrain.experiment import pretraining_digest, pretraining_parts
from dubaug.pretrain.manifest import Checkpoint, Manifest, checkpoint_at
from dubaug.pretrain.workdir import WorkDirectory
from dubaug.provenance import git_commit


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is to be trained, and where its files go."""

    experiment: Experiment
    variant: str
    seed: int
    work_dir: Path
    out: Path
    """The manifest."""
    move_aside: bool = False
    """Whether a work directory of another run is moved aside instead of refused."""
    save_every_s: float = 600.0
    """How much work an unexpected death may cost; ends of epochs and signals are saved anyway."""
    start_from: Path | None = None
    """The manifest of the run whose last weights the encoders begin with, for a variant that has `start_from`."""
    follow: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered by the first process once the work directory is its own, left when the training has ended: who follows
    the files that the training writes."""

    def spec(self, epoch: int) -> EncoderSpec:
        """Return the description of the weights after `epoch`."""
        return EncoderSpec(
            variant=self.variant,
            seed=self.seed,
            epoch=epoch,
            experiment=pretraining_digest(self.experiment, self.variant, self.seed),
            encoders=self.experiment.encoders,
            dubaug_version=__version__,
            git_commit=git_commit(),
            **vars(self.experiment.window_of(self.variant)),
        )

    def beginning(self) -> Checkpoint | None:
        """Return the weights that the encoders begin with, None for random ones.

        Raises `DubaugError` if they are another configuration's or damaged.
        """
        variant = self.experiment.variants[self.variant].start_from
        if self.start_from is None or variant is None:
            return None
        manifest = Manifest.load(self.start_from)
        if manifest.experiment != pretraining_digest(self.experiment, variant, self.seed):
            raise DubaugError(
                f"{self.start_from} is of a {manifest.variant} with seed {manifest.seed} of another configuration; "
                f"{self.variant} starts from {variant} with seed {self.seed}: train that first"
            )
        final = manifest.final
        if not final.path.is_file() or sha256_of(final.path) != final.sha256:
            raise DubaugError(f"{final.path} is damaged or missing: run the pretraining of {variant} again")
        return final

    def identity(self, source: ClipSource | None) -> dict[str, object]:
        """Return what makes this run another one than an earlier one in the same directory."""
        beginning = self.beginning()
        return {
            "experiment": pretraining_digest(self.experiment, self.variant, self.seed),
            "configuration": pretraining_parts(self.experiment, self.variant, self.seed),
            "shards": None if source is None else source.fingerprint,
            **({} if beginning is None else {"start_from_sha256": beginning.sha256}),
        }

    def begin(self, work: WorkDirectory) -> None:
        """Remove an earlier manifest whose weights are not in the work directory (any more): it speaks of none."""
        if not any(work.checkpoint(0).parent.glob("*")):
            self.out.unlink(missing_ok=True)

    def manifest(self, work: WorkDirectory, *, n_clips: int, n_titles: int, seconds: float, device: str) -> None:
        """Write the manifest of all kept checkpoints."""
        epochs = self.experiment.checkpoints_of(self.variant)
        last = read_spec(work.checkpoint(epochs[-1]))
        Manifest(
            variant=self.variant,
            seed=self.seed,
            experiment=pretraining_digest(self.experiment, self.variant, self.seed),
            epochs=epochs[-1],
            checkpoints=tuple(checkpoint_at(work.checkpoint(epoch), epoch) for epoch in epochs),
            n_clips=n_clips,
            n_titles=n_titles,
            seconds=round(seconds, 1),
            device=device,
            dubaug_version=last.dubaug_version,
            git_commit=last.git_commit,
        ).save(self.out)
