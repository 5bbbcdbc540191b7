"""The network that is probed: its checkpoints, each known by the hash of its file and loaded once."""

from pathlib import Path

from dubaug.config import Experiment
from dubaug.errors import DubaugError
from dubaug.files import sha256_of
from dubaug.pretrain.checkpoint import TrainedEncoders, load_encoders
from dubaug.pretrain.experiment import pretraining_digest
from dubaug.pretrain.manifest import Manifest


class ProbedNetwork:
    """A variant trained, or drawn at random, with a seed."""

    def __init__(self, experiment: Experiment, pretraining: Path) -> None:
        """Raise `DubaugError` if the manifest cannot be read or is of another configuration."""
        manifest = Manifest.load(pretraining)
        if manifest.variant not in experiment.variants:
            raise DubaugError(f"{pretraining}: the configuration has no variant {manifest.variant!r}")
        if manifest.experiment != pretraining_digest(experiment, manifest.variant, manifest.seed):
            raise DubaugError(
                f"{pretraining} was made by another configuration of {manifest.variant}: run its pretraining again, or "
                "give the configuration that it was made by"
            )
        if not manifest.checkpoints:
            raise DubaugError(f"{pretraining} names no checkpoint: run its pretraining again")
        self.variant, self.seed, self.final_epoch = manifest.variant, manifest.seed, manifest.final.epoch
        self._weights = {checkpoint.epoch: checkpoint.path for checkpoint in manifest.checkpoints}
        self._sha256: dict[int, str] = {}
        self._encoders: dict[int, TrainedEncoders] = {}

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs whose weights are kept."""
        return tuple(self._weights)

    def sha256(self, epoch: int) -> str:
        """Return the hash of a checkpoint's file itself: a manifest may be older. Raises `DubaugError` without it."""
        if epoch not in self._sha256:
            path = self._weights[epoch]
            if not path.is_file():
                raise DubaugError(f"the checkpoint {path} is gone: run the pretraining of {self.variant} again")
            self._sha256[epoch] = sha256_of(path)
        return self._sha256[epoch]

    def encoders(self, epoch: int) -> TrainedEncoders:
        """Return the encoders after an epoch. Raises `DubaugError` if the file holds another run's, or epoch's."""
        if epoch not in self._encoders:
            encoders = load_encoders(self._weights[epoch])
            spec = encoders.spec
            found, wanted = (spec.variant, spec.seed, spec.epoch), (self.variant, self.seed, epoch)
            if found != wanted:
                words = "{} with seed {} after epoch {}".format
                raise DubaugError(
                    f"{self._weights[epoch]} holds {words(*found)}, not {words(*wanted)}: run its pretraining again"
                )
            self._encoders[epoch] = encoders
        return self._encoders[epoch]
