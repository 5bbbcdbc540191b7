"""One process's model and optimizer, and one step of both (paper §3.3, §3.4): views made, passed, contrasted, learned.

Shape suffixes: B batch, C channel, T time, H height, W width, F mel bin, P projection.
"""

import math
import warnings
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from dubaug.config import Experiment
from dubaug.encoders.encoder import Encoder
from dubaug.encoders.fast.tuning import Choice, forms, take_forms, tune
from dubaug.encoders.recompute import statistics_left_alone
from dubaug.pretrain.augment import audio_views, video_views
from dubaug.pretrain.batchnorm import synchronise
from dubaug.pretrain.checkpoint import TrainedEncoders
from dubaug.pretrain.compiled import compile_stages
from dubaug.pretrain.data import Batch
from dubaug.pretrain.heads import VIEWS, ContrastiveModel, View, views_of
from dubaug.pretrain.loss import contrastive_loss, retrieval_at_1
from dubaug.pretrain.measures import alignment, uniformity
from dubaug.pretrain.processes import Processes
from dubaug.seeding import item_seed

Inputs = tuple[torch.Tensor | None, dict[View, torch.Tensor]]
"""`video_BCTHW` (None for a variant without video), and `mel_BCTF` of each track."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a step says of itself, over all processes."""

    loss: float
    gradient_norm: float
    retrieval_at_1: float
    """Of the batch's first two views, as the next two."""
    alignment: float
    uniformity: float
    stopping: float
    """The share of processes that were asked to stop."""

    @property
    def finite(self) -> bool:
        """Whether the step was one that can be learned from."""
        return math.isfinite(self.loss) and math.isfinite(self.gradient_norm)


class Learner:
    """The model in training, its optimizer, and their steps.

    `dtype` is for checks of the arithmetic; training is in float32, under bfloat16 autocast if so configured.
    """

    def __init__(
        self, experiment: Experiment, variant: str, seed: int, processes: Processes, dtype: torch.dtype = torch.float32
    ) -> None:
        self.experiment, self.settings, self.seed, self.processes = experiment, experiment.pretraining, seed, processes
        self.dtype = dtype
        self.model = ContrastiveModel(
            experiment.encoders,
            views=views_of(experiment.variants[variant]),
            window=experiment.window_of(variant),
            seed=seed,
        ).to(processes.device, dtype)
        for encoder in self._encoders():
            encoder.lay_out_weights()
            encoder.recompute = self.settings.recompute
        if self.settings.sync_batchnorm:
            synchronise(self.model, processes)
        self.optimizer = torch.optim.AdamW(
            self._weights(),
            lr=self.settings.learning_rate,
            betas=self.settings.betas,
            weight_decay=self.settings.weight_decay,
            fused=True,
        )
        self.model.train()
        self.parallel: nn.Module = self.model

    def _weights(self) -> list[dict[str, Any]]:
        """Return the optimizer's groups: all weights, and apart those that a family's weight decay leaves alone."""
        undecayed = {weight for encoder in self._encoders() for weight in encoder.family.undecayed(encoder.net)}
        apart = [weight for weight in self.model.parameters() if weight in undecayed]
        groups: list[dict[str, Any]] = [{"params": [p for p in self.model.parameters() if p not in undecayed]}]
        return groups + ([{"params": apart, "weight_decay": 0.0}] if apart else [])

    def begin_with(self, before: TrainedEncoders) -> None:
        """Take over another run's encoders; the heads stay as they are."""
        self.model.audio.load_state_dict(before.audio.state_dict())
        if self.model.video is not None and before.video is not None:
            self.model.video.load_state_dict(before.video.state_dict())

    def join(self) -> None:
        """Average gradients over all processes from now on; called once the weights are what they are to be."""
        if self.processes.count > 1:  # each process keeps its own BatchNorm statistics; the first one's are saved
            with warnings.catch_warnings():  # of the key's new name, which older versions do not know
                warnings.simplefilter("ignore", FutureWarning)
                # After its first step it would sort the gradients anew, and so add them in another order: a run that is
                # continued would differ in its last bits. Looking for unused parameters keeps it from that.
                self.parallel = DistributedDataParallel(
                    self.model, broadcast_buffers=False, find_unused_parameters=self.processes.device.type == "cpu"
                )

    def prepare(self, batch: Batch) -> list[Choice]:
        """Make the networks ready for batches like this one, before the first step; return what was chosen.

        On a GPU each convolution's fastest form is found by trying; on a CPU the forms are fixed, so that runs repeat
        to the bit. Stages are compiled when they are first called.
        """
        choices: list[Choice] = []
        if self.processes.device.type == "cuda":
            inputs = self._inputs(batch.parts(self.settings.micro_batches)[0])
            with statistics_left_alone(self.model):
                choices = tune(self.model, lambda: self._projections(inputs, 0, 0, self.model))
            self._agree_on_forms()
        if self.settings.compile:
            for encoder in self._encoders():
                compile_stages(encoder.stages[:-1])  # the head is small
        return choices

    def _agree_on_forms(self) -> None:
        """Take over the forms that the first process chose, so that all compute alike."""
        own = torch.tensor(forms(self.model), device=self.processes.device)
        take_forms(self.model, self.processes.sum(own if self.processes.first else torch.zeros_like(own)).tolist())

    def step(self, batch: Batch, *, number: int, learning_rate: float, stop_wanted: bool = False) -> Figures:
        """Learn from a batch, unless the loss or the gradient is no number: then the weights stay as they are."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad(set_to_none=True)
        loss, views_BP = self._gradients(batch, number)
        norm = torch.nn.utils.get_total_norm(p.grad for p in self.model.parameters() if p.grad is not None)
        one, other, *_ = [view for view in VIEWS if view in views_BP]
        pair = views_BP[one], views_BP[other]
        told = {
            "loss": loss,
            "gradient_norm": norm,
            "retrieval_at_1": retrieval_at_1(*pair),
            "alignment": alignment(*pair),
            "uniformity": uniformity(*pair),
            "stopping": torch.full_like(norm, float(stop_wanted)),
        }
        # Everything that the host wants to know in one tensor, so that it waits for the device once a step.
        shared = self.processes.sum(torch.stack([figure.double() for figure in told.values()]))
        figures = Figures(**dict(zip(told, (shared / self.processes.count).tolist(), strict=True)))
        if figures.finite:
            self.optimizer.step()
        return figures

    def _gradients(self, batch: Batch, number: int) -> tuple[torch.Tensor, dict[View, torch.Tensor]]:
        """Leave the gradients of the batch's loss in the weights; return the loss and the projections, detached.

        With several micro-batches the loss is still that of the whole batch, every clip against all others: a first
        pass gives all projections, the loss their gradients, and a second pass, with the same dropout, those of the
        weights (Gao et al. 2021, "Scaling deep contrastive learning batch size under memory limited setup").
        """
        parts = [self._inputs(part) for part in batch.parts(self.settings.micro_batches)]
        if len(parts) == 1:
            views_BP = self._projections(parts[0], number, 0, self.parallel)
            loss = self._loss(views_BP)
            loss.backward()
            return loss.detach(), {name: view_BP.detach() for name, view_BP in views_BP.items()}
        with torch.no_grad(), statistics_left_alone(self.model):
            firsts = [self._projections(part, number, index, self.model) for index, part in enumerate(parts)]
        views_BP = {name: torch.cat([first[name] for first in firsts]).requires_grad_() for name in firsts[0]}
        loss = self._loss(views_BP)
        gradients = torch.autograd.grad(loss, list(views_BP.values()))
        sizes = [len(first["primary"]) for first in firsts]
        gradients_BP = {name: whole_BP.split(sizes) for name, whole_BP in zip(views_BP, gradients, strict=True)}
        for index, part in enumerate(parts):
            with self._no_averaging() if index < len(parts) - 1 else nullcontext():
                again_BP = self._projections(part, number, index, self.parallel)
                torch.autograd.backward(list(again_BP.values()), [gradients_BP[name][index] for name in again_BP])
        return loss.detach(), {name: view_BP.detach() for name, view_BP in views_BP.items()}

    @torch.no_grad()
    def _inputs(self, batch: Batch) -> Inputs:
        """Return the batch's views, augmented on the device."""
        magnitude = self.experiment.augmentation.randaugment_magnitude
        video_BCTHW = None
        if batch.frames is not None:
            crop = self.experiment.encoders.video.crop
            video_BCTHW = video_views(batch.frames, batch.video_views, crop=crop, magnitude=magnitude).to(self.dtype)
        mels = {view: audio_views(mel, batch.audio_views[view]).to(self.dtype) for view, mel in batch.mels.items()}
        return video_BCTHW, mels

    def _projections(self, inputs: Inputs, number: int, part: int, model: nn.Module) -> dict[View, torch.Tensor]:
        """Pass a part of the batch; its dropout, if any, depends on step, process and part alone."""
        torch.manual_seed(item_seed(self.seed, "step", number, self.processes.rank, part))
        half = self.settings.precision == "bf16"
        with torch.autocast(self.processes.device.type, dtype=torch.bfloat16, enabled=half):
            views_BP: dict[View, torch.Tensor] = model(*inputs)
        return views_BP

    def _loss(self, views_BP: dict[View, torch.Tensor]) -> torch.Tensor:
        return contrastive_loss(
            views_BP,
            temperature=self.settings.temperature,
            negatives=self.settings.negatives,
            within_modal_weight=self.settings.within_modal_weight,
        )

    def _no_averaging(self) -> AbstractContextManager[None]:
        """Leave the gradients to this process; the last micro-batch averages what has come together."""
        joined = self.parallel
        return joined.no_sync() if isinstance(joined, DistributedDataParallel) else nullcontext()

    def _encoders(self) -> list[Encoder]:
        return [encoder for encoder in (self.model.audio, self.model.video) if encoder is not None]
