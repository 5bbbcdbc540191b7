"""The training loop (paper §3.4): one run of one variant, from clips to kept checkpoints and their manifest."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from dubaug.config import Experiment
from dubaug.errors import ConfigError, DubaugError, Interrupted
from dubaug.pretrain.augment import audio_views, video_views
from dubaug.pretrain.batches import Clip, epoch_batches
from dubaug.pretrain.checkpoint import EncoderSpec, save_encoders
from dubaug.pretrain.data import Batch, ClipSource, say_left_out
from dubaug.pretrain.experiment import pretraining_digest, pretraining_parts
from dubaug.pretrain.heads import ContrastiveModel, views_of
from dubaug.pretrain.loader import loaded
from dubaug.pretrain.loss import contrastive_loss, retrieval_at_1
from dubaug.pretrain.manifest import Manifest, checkpoint_at
from dubaug.pretrain.processes import Processes, StopRequest, joined_processes
from dubaug.pretrain.schedule import learning_rate
from dubaug.pretrain.state import Progressed, load_state, save_state
from dubaug.pretrain.workdir import WorkDirectory, open_work_directory
from dubaug.progress import Progress
from dubaug.seeding import item_seed

SAVE_EVERY_S = 600.0
"""How much work an unexpected death may cost; ends of epochs and signals are saved anyway."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What is to be trained, and where its files go."""

    experiment: Experiment
    variant: str
    seed: int
    work_dir: Path
    out: Path
    """The manifest."""

    def spec(self, epoch: int) -> EncoderSpec:
        """Return the description of the weights after `epoch`."""
        experiment, variant = self.experiment, self.experiment.variants[self.variant]
        clips = experiment.clips
        return EncoderSpec(
            variant=self.variant,
            seed=self.seed,
            epoch=epoch,
            experiment=pretraining_digest(experiment, self.variant, self.seed),
            encoders=experiment.encoders,
            mel=experiment.mel,
            sample_rate_hz=experiment.separation.sample_rate_hz if variant.separated else clips.sample_rate_hz,
            duration_s=clips.duration_s,
            frames=clips.frames,
        )

    def identity(self, source: ClipSource | None) -> dict[str, object]:
        """Return what makes this run another one than an earlier one in the same directory."""
        return {
            "experiment": pretraining_digest(self.experiment, self.variant, self.seed),
            "configuration": pretraining_parts(self.experiment, self.variant, self.seed),
            "shards": None if source is None else source.fingerprint,
        }

    def manifest(self, work: WorkDirectory, *, n_clips: int, n_titles: int, seconds: float, device: str) -> None:
        """Write the manifest of all kept checkpoints."""
        epochs = self.experiment.checkpoints_of(self.variant)
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
        ).save(self.out)


def save_untrained(run: Run) -> None:
    """Write the network as it is before training (`rp`), as epoch 0."""
    start = time.monotonic()
    model = ContrastiveModel(
        run.experiment.encoders, views=("video", "primary"), frames=run.experiment.clips.frames, seed=run.seed
    )
    with open_work_directory(run.work_dir, run.identity(None)) as work:
        save_encoders(work.checkpoint(0), audio=model.audio, video=model.video, spec=run.spec(0))
        run.manifest(work, n_clips=0, n_titles=0, seconds=time.monotonic() - start, device="cpu")


def pretrain(run: Run, *, clips: Path, separated: Path | None) -> None:
    """Train a variant, continuing where an earlier process of the same run stopped.

    Raises `Interrupted` after a signal, with the state saved; `DubaugError` for unusable clips or a loss that is no
    number.
    """
    with ExitStack() as stack:
        processes = stack.enter_context(joined_processes(run.experiment.device))
        wanted = run.experiment.pretraining.gpus
        if processes.count != wanted:
            raise ConfigError(
                f"config key `pretraining.gpus`: {wanted} processes make up a batch, {processes.count} were started; "
                f"use torchrun --standalone --nproc-per-node {wanted} -m dubaug.cli pretrain ..., or change the key"
            )
        source = ClipSource(run.experiment, run.variant, run.seed, clips, separated)
        source.check()
        work = WorkDirectory(run.work_dir)
        if processes.first:
            say_left_out(source)
            work = stack.enter_context(open_work_directory(run.work_dir, run.identity(source)))
        processes.wait()
        stop = stack.enter_context(StopRequest())
        _Trainer(run, source, processes, work, stop).train()


class _Trainer:
    """One process's part of a run."""

    def __init__(
        self, run: Run, source: ClipSource, processes: Processes, work: WorkDirectory, stop: StopRequest
    ) -> None:
        self.run, self.source, self.processes, self.work, self.stop = run, source, processes, work, stop
        experiment, self.settings = run.experiment, run.experiment.pretraining
        self.epochs = experiment.epochs_of(run.variant)
        self.steps_per_epoch = len(self._batches(0))
        if self.steps_per_epoch == 0:
            raise DubaugError(
                f"{sum(source.clips_of_title.values())} clips of {len(source.clips_of_title)} titles do not make one "
                f"batch for {processes.count} processes: add titles"
            )
        self.model = ContrastiveModel(
            experiment.encoders,
            views=views_of(experiment.variants[run.variant]),
            frames=experiment.clips.frames,
            seed=run.seed,
        ).to(processes.device)
        if processes.device.type == "cpu":  # X3D's backward takes a quarter of the time so
            self.model = self.model.to(memory_format=torch.channels_last_3d)
        if self.settings.sync_batchnorm and processes.count > 1:
            self.model = nn.SyncBatchNorm.convert_sync_batchnorm(self.model)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=self.settings.learning_rate,
            betas=self.settings.betas,
            weight_decay=self.settings.weight_decay,
            fused=True,
        )
        self.progressed = Progressed()
        if work.state.is_file():
            self.progressed = load_state(work.state, self.model, self.optimizer)
        self.parallel: nn.Module = self.model
        if processes.count > 1:  # each process keeps its own BatchNorm statistics; the first one's are saved
            self.parallel = DistributedDataParallel(self.model, broadcast_buffers=False)

    def train(self) -> None:
        """Train the epochs that are not done yet, and write the manifest."""
        total, done = self.epochs * self.steps_per_epoch, self.progressed.step
        clips = self.source.clips_of_title
        if self.processes.first:
            self.work.forget_metrics_from(done)
            self.work.log(
                f"{self.run.variant}: {sum(clips.values())} clips of {len(clips)} titles, {self.epochs} epochs of "
                f"{self.steps_per_epoch} steps on {self.processes.device_name}"
                + (f", continuing at step {done}" if done else "")
            )
        self.progress = Progress(f"pretraining {self.run.variant}", total - done, "steps")
        self.saved_at = time.monotonic()
        while self.progressed.step < total:
            self._epoch(self.progressed.step // self.steps_per_epoch)
        if self.processes.first:
            self.run.manifest(
                self.work,
                n_clips=sum(clips.values()),
                n_titles=len(clips),
                seconds=self.progressed.seconds,
                device=self.processes.device_name,
            )
        self.processes.wait()

    def _batches(self, epoch: int) -> list[list[Clip]]:
        """Return this process's batches of an epoch."""
        settings = self.settings
        batches = epoch_batches(
            self.source.clips_of_title,
            batch_size=settings.clips_per_gpu,
            clips_per_title=settings.clips_per_title,
            fill=settings.fill,
            processes=self.processes.count,
            seed=self.run.seed,
            epoch=epoch,
        )
        return batches[self.processes.rank :: self.processes.count]

    def _epoch(self, epoch: int) -> None:
        """Train the rest of an epoch (0 is the first), keep its weights if they are wanted, and save.

        Raises `Interrupted` if a signal came, with the state saved; weights to keep are always written before the state
        that says the epoch is done.
        """
        first = self.progressed.step % self.steps_per_epoch
        self.parallel.train()
        for batch, waited_s in self._timed(self._batches(epoch)[first:], epoch):
            stopping = self._step(batch, epoch, waited_s)
            ended = self.progressed.step % self.steps_per_epoch == 0
            if ended:
                self._keep(epoch + 1)
            if ended or stopping or time.monotonic() - self.saved_at > SAVE_EVERY_S:
                self._save()
            if stopping:
                name = self.stop.signal.name if self.stop.signal else "a signal to another process"
                raise Interrupted(
                    f"{name} after step {self.progressed.step - 1}; run the same command again to continue"
                )

    def _timed(self, batches: Sequence[Sequence[Clip]], epoch: int) -> Iterator[tuple[Batch, float]]:
        """Yield the batches, each with the seconds that were spent waiting for it."""
        source = loaded(
            self.source,
            batches,
            epoch=epoch,
            first_step=self.progressed.step,
            workers=self.settings.loader_workers,
            device=self.processes.device,
        )
        while True:
            start = time.monotonic()
            batch = list(islice(source, 1))
            if not batch:
                return
            yield batch[0], time.monotonic() - start

    def _step(self, batch: Batch, epoch: int, waited_s: float) -> bool:
        """Learn from a batch and write its line of metrics; return whether a signal came to any process."""
        start, step, settings = time.monotonic(), self.progressed.step, self.settings
        rate = learning_rate(
            step,
            peak=settings.learning_rate,
            warmup_steps=round(settings.warmup_epochs * self.steps_per_epoch),
            total_steps=self.epochs * self.steps_per_epoch,
        )
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        torch.manual_seed(item_seed(self.run.seed, "step", step, self.processes.rank))  # dropout, if any
        loss, retrieval = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.get_total_norm(p.grad for p in self.model.parameters() if p.grad is not None)
        stopping = torch.tensor(float(self.stop.signal is not None), device=loss.device)
        shared = torch.stack([loss.detach().float(), retrieval, stopping])
        mean_loss, mean_retrieval, stopping_share = (self.processes.sum(shared) / self.processes.count).tolist()
        gradient_norm = float(norm)
        if not (math.isfinite(mean_loss) and math.isfinite(gradient_norm)):
            raise DubaugError(
                f"step {step}: the loss is {mean_loss}, the gradient's norm {gradient_norm}; this process's clips: "
                f"{', '.join(batch.names)}. Look at them (dubaug inspect), or lower pretraining.learning_rate"
            )
        self.optimizer.step()
        seconds = time.monotonic() - start + waited_s
        self.progressed = Progressed(step=step + 1, seconds=self.progressed.seconds + seconds)
        if self.processes.first:
            self._write_metrics(
                step=step,
                epoch=epoch + 1,
                loss=mean_loss,
                learning_rate=rate,
                gradient_norm=gradient_norm,
                retrieval_at_1=mean_retrieval,
                clips_per_s=len(batch.names) * self.processes.count / seconds,
                data_wait_share=waited_s / seconds,
            )
            self.progress.advance(note=f"epoch {epoch + 1}/{self.epochs}, loss {mean_loss:.3f}")
        return bool(stopping_share > 0)

    def _loss(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the batch's loss, and how often a view finds its counterpart in the batch."""
        augmentation, crop = self.run.experiment.augmentation, self.run.experiment.encoders.video.crop
        with torch.no_grad():
            video = None
            if batch.frames is not None:
                video = video_views(
                    batch.frames, batch.video_views, crop=crop, magnitude=augmentation.randaugment_magnitude
                )
            mels = {view: audio_views(mel, batch.audio_views[view]) for view, mel in batch.mels.items()}
        half = self.settings.precision == "bf16"
        with torch.autocast(self.processes.device.type, dtype=torch.bfloat16, enabled=half):
            views_BP = self.parallel(video, mels)
        loss = contrastive_loss(views_BP, temperature=self.settings.temperature, negatives=self.settings.negatives)
        one, other = ("video", "primary") if "video" in views_BP else ("primary", "secondary")
        return loss, retrieval_at_1(views_BP[one], views_BP[other])

    def _write_metrics(self, **values: float) -> None:
        rounded = {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in values.items()}
        with self.work.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**rounded, "time_s": round(time.time(), 3)}) + "\n")

    def _keep(self, epoch: int) -> None:
        """Write the weights after `epoch` if the configuration wants them."""
        if self.processes.first and epoch in self.run.experiment.checkpoints_of(self.run.variant):
            save_encoders(
                self.work.checkpoint(epoch), audio=self.model.audio, video=self.model.video, spec=self.run.spec(epoch)
            )

    def _save(self) -> None:
        if self.processes.first:
            save_state(self.work.state, self.model, self.optimizer, self.progressed)
        self.saved_at = time.monotonic()
