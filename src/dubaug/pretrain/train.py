"""The training loop (paper §3.4): one run of one variant, from clips to kept checkpoints and their manifest."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import torch

from dubaug.errors import ConfigError, DubaugError, Interrupted
from dubaug.files import sha256_of
from dubaug.pretrain.batches import Clip, epoch_batches, titles_needed
from dubaug.pretrain.checkpoint import load_encoders, save_encoders
from dubaug.pretrain.compiled import not_compiled
from dubaug.pretrain.data import Batch, ClipSource
from dubaug.pretrain.heads import ContrastiveModel
from dubaug.pretrain.kept import name_epochs
from dubaug.pretrain.learner import Learner
from dubaug.pretrain.loader import loaded
from dubaug.pretrain.memory import out_of_memory, peak_memory_gib
from dubaug.pretrain.processes import Processes, StopRequest, joined_processes
from dubaug.pretrain.run import Run
from dubaug.pretrain.schedule import learning_rate
from dubaug.pretrain.state import Progressed, forget_states, load_state, newest_state, save_state
from dubaug.pretrain.steps import TrainingStep, add_step, forget_steps_from
from dubaug.pretrain.workdir import WorkDirectory, open_work_directory
from dubaug.progress import Progress, log_line

LOG_EVERY_S = 30.0
"""Between two lines of figures in `log.txt`; `metrics.jsonl` has every step's."""


def save_untrained(run: Run) -> None:
    """Write the network as it is before training (`rp`), as epoch 0."""
    start = time.monotonic()
    model = ContrastiveModel(
        run.experiment.encoders,
        views=("video", "primary"),
        window=run.experiment.window_of(run.variant),
        seed=run.seed,
    )
    with open_work_directory(run.work_dir, run.identity(None), move_aside=run.move_aside) as work:
        run.begin(work)
        save_encoders(work.checkpoint(0), audio=model.audio, video=model.video, spec=run.spec(0))
        run.manifest(work, n_clips=0, n_titles=0, seconds=time.monotonic() - start, device="cpu")


def pretrain(run: Run, *, clips: Path, separated: Path | None) -> None:
    """Train a variant, continuing where an earlier process of the same run stopped.

    Raises `Interrupted` after a signal, with the state saved; `DubaugError` for unusable clips, a work directory of
    another run, a full disk, too little memory, or a loss that is no number: the state saved last stays.
    """
    with ExitStack() as stack:
        stop = stack.enter_context(StopRequest())
        processes = stack.enter_context(joined_processes(run.experiment.device))
        wanted = run.experiment.pretraining.gpus
        if processes.count != wanted:
            raise ConfigError(
                f"config key `pretraining.gpus`: {wanted} processes make up a batch, {processes.count} were started; "
                f"use torchrun --standalone --nproc-per-node {wanted} --local-addr localhost -m dubaug.cli pretrain "
                "..., or change the key"
            )
        source = ClipSource(run.experiment, run.variant, run.seed, clips, separated)
        source.check()
        _check_enough(source, run, clips)
        work = WorkDirectory(run.work_dir)
        if processes.first:
            if source.without_sound:
                log_line(f"without separated sound, not trained on: {', '.join(source.without_sound)}")
            work = stack.enter_context(
                open_work_directory(run.work_dir, run.identity(source), move_aside=run.move_aside)
            )
            run.begin(work)
            stack.enter_context(_ending_noted(work))
            stack.enter_context(run.follow())
        processes.wait()
        try:
            _Trainer(run, source, processes, work, stop).train()
        except (RuntimeError, MemoryError) as error:
            told = out_of_memory(error, run.experiment, run.variant) or not_compiled(error)
            if told is None:
                raise
            raise told from error


def _check_enough(source: ClipSource, run: Run, clips: Path) -> None:
    """Raise `DubaugError` if the corpus does not make one whole batch as the configuration describes it."""
    settings, have = run.experiment.pretraining, source.clips_of_title
    n_clips = settings.clips_per_gpu * settings.gpus
    n_titles = titles_needed(settings.clips_per_gpu, settings.clips_per_title, settings.fill)
    if sum(have.values()) < n_clips or len(have) < n_titles:
        raise DubaugError(
            f"{clips}: {sum(have.values())} clips of {len(have)} titles, but a batch of {run.variant} takes {n_clips} "
            f"clips of at least {n_titles} titles (pretraining.clips_per_gpu {settings.clips_per_gpu}, gpus "
            f"{settings.gpus}, clips_per_title {settings.clips_per_title}): add titles, lower clips_per_gpu, or raise "
            "clips_per_title"
        )


@contextmanager
def _ending_noted(work: WorkDirectory) -> Iterator[None]:
    """Keep in the run's log why it ended early; people see it anyway."""
    try:
        yield
    except DubaugError as error:
        with suppress(DubaugError, OSError):
            work.note(f"ended early: {error}")
        raise


class _Trainer:
    """One process's part of a run."""

    def __init__(
        self, run: Run, source: ClipSource, processes: Processes, work: WorkDirectory, stop: StopRequest
    ) -> None:
        self.run, self.source, self.processes, self.work, self.stop = run, source, processes, work, stop
        experiment, self.settings = run.experiment, run.experiment.pretraining
        self.epochs, self.kept_epochs = experiment.epochs_of(run.variant), experiment.checkpoints_of(run.variant)
        self.steps_per_epoch = len(self._batches(0))
        self.learner, self.prepared = Learner(experiment, run.variant, run.seed, processes), False
        if (beginning := run.beginning()) is not None:  # a state to continue from, if any, comes over it
            self.learner.begin_with(load_encoders(beginning.path))
        self.progressed = self._continued()
        self.learner.join()

    def train(self) -> None:
        """Train the epochs that are not done yet, and write the manifest.

        Raises `Interrupted` after a signal.
        """
        total, done = self.epochs * self.steps_per_epoch, self.progressed.step
        clips = self.source.clips_of_title
        if self.processes.first:
            forget_steps_from(self.work.metrics, done)
            self._check_kept()
            self.work.log(
                f"{self.run.variant}: {sum(clips.values())} clips of {len(clips)} titles, {self.epochs} epochs of "
                f"{self.steps_per_epoch} steps on {self.processes.device_name}"
                + (f", continuing at step {done}" if done else "")
            )
        self.progress = Progress(f"pretraining {self.run.variant}", total - done, "steps")
        self.saved_at = self.logged_at = time.monotonic()
        asked = torch.tensor([float(self._stop_wanted())], device=self.processes.device)
        if self.processes.sum(asked).item() and done < total:
            raise Interrupted(self._why_stopped("before the first step"))
        while self.progressed.step < total:
            self._epoch(self.progressed.step // self.steps_per_epoch)
        if self.processes.first:
            self._check_kept()
            self.run.manifest(
                self.work,
                n_clips=sum(clips.values()),
                n_titles=len(clips),
                seconds=self.progressed.seconds,
                device=self.processes.device_name,
            )
        self.processes.wait()

    def _continued(self) -> Progressed:
        """Load the newest undamaged state, the same in all processes, and return how far it is."""
        # The first looks, and removes what is damaged; the others are told by a sum.
        step = 0
        if self.processes.first:
            newest = newest_state(self.work.states, self.work.log)
            step = 0 if self._lacks_epochs(newest) else newest.step
        step = int(self.processes.sum(torch.tensor([step], device=self.processes.device)).item())
        return load_state(self.work.states, step, self.learner.model, self.learner.optimizer) if step else Progressed()

    def _lacks_epochs(self, newest: Progressed) -> bool:
        """Return whether a state is past epochs to keep that it has not kept; all states are then removed.

        Raises `DubaugError` instead where nothing may be moved aside.
        """
        past = [epoch for epoch in self.kept_epochs if epoch * self.steps_per_epoch <= newest.step]
        lacking = [epoch for epoch in past if epoch not in newest.kept]
        if not lacking:
            return False
        what = f"{self.work.path} is past {name_epochs(lacking)}, whose weights were not to be kept then"
        if not self.run.move_aside:
            raise DubaugError(f"{what}: leave them out of `checkpoints`, or train anew with --move-aside")
        self.work.log(f"{what}: it trains anew. Checkpoints stay until the same epoch is reached again")
        forget_states(self.work.states)
        return True

    def _check_kept(self) -> None:
        """Raise `DubaugError` if an epoch's kept weights are not what was written; mend those that the state holds."""
        for epoch in sorted(set(self.kept_epochs) & set(self.progressed.kept)):
            path, sha256 = self.work.checkpoint(epoch), self.progressed.kept[epoch]
            if path.is_file() and sha256_of(path) == sha256:
                continue
            if self.progressed.step == epoch * self.steps_per_epoch:
                self.work.log(f"{path} is damaged or missing: written again from the state")
                self._keep(epoch)
                continue
            raise DubaugError(
                f"{path} is damaged or missing, and the run is past that epoch. Put a copy back (SHA-256 {sha256}), or "
                f"delete {self.work.path} and run again: it trains afresh, to the same weights"
            )

    def _stop_wanted(self) -> bool:
        return self.stop.signal is not None or self.processes.orphaned

    def _why_stopped(self, when: str) -> str:
        """Return the message of an early end."""
        name = self.stop.signal.name if self.stop.signal else "torchrun's end, or a signal to another process,"
        return f"{name} {when}; run the same command again to continue"

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
        last = self.epochs * self.steps_per_epoch
        with closing(self._timed(self._batches(epoch)[first:], epoch)) as batches:
            for batch, waited_s in batches:
                if not self.prepared:
                    self._prepare(batch)
                stopping = self._step(batch, epoch, waited_s)
                step = self.progressed.step
                ended = step % self.steps_per_epoch == 0
                if ended:
                    self._keep(epoch + 1)
                if ended or stopping or time.monotonic() - self.saved_at > self.run.save_every_s:
                    self._save()
                if stopping and step < last:
                    self.processes.wait()  # torchrun ends the others when one has left: not while the first saves
                    raise Interrupted(self._why_stopped(f"after step {step - 1}"))

    def _prepare(self, batch: Batch) -> None:
        """Make the learner ready for batches like this one, and note what it chose."""
        for choice in self.learner.prepare(batch):
            if self.processes.first:
                self.work.note(str(choice))
        self.prepared = True

    def _timed(self, batches: Sequence[Sequence[Clip]], epoch: int) -> Generator[tuple[Batch, float], None, None]:
        """Yield the batches, each with the seconds that were spent waiting for it."""
        source = loaded(
            self.source,
            batches,
            epoch=epoch,
            first_step=self.progressed.step,
            workers=self.settings.loader_workers,
            device=self.processes.device,
        )
        start = time.monotonic()
        for batch in source:
            yield batch, time.monotonic() - start
            start = time.monotonic()

    def _step(self, batch: Batch, epoch: int, waited_s: float) -> bool:
        """Learn from a batch and write its line of metrics; return whether a signal came to any process."""
        start, step, settings = time.monotonic(), self.progressed.step, self.settings
        rate = learning_rate(
            step,
            peak=settings.learning_rate,
            warmup_steps=round(settings.warmup_epochs * self.steps_per_epoch),
            total_steps=self.epochs * self.steps_per_epoch,
        )
        figures = self.learner.step(batch, number=step, learning_rate=rate, stop_wanted=self._stop_wanted())
        if not figures.finite:
            raise DubaugError(
                f"step {step}: the loss is {figures.loss}, the gradient's norm {figures.gradient_norm}; this process's "
                f"clips: {', '.join(batch.names)}. Look at them (dubaug inspect), or lower pretraining.learning_rate. "
                f"The states before are in {self.work.states}"
            )
        seconds = time.monotonic() - start + waited_s
        self.progressed = replace(self.progressed, step=step + 1, seconds=self.progressed.seconds + seconds)
        if self.processes.first:
            self._record(
                TrainingStep(
                    step=step,
                    epoch=epoch + 1,
                    loss=figures.loss,
                    learning_rate=rate,
                    temperature=settings.temperature,
                    gradient_norm=figures.gradient_norm,
                    retrieval_at_1=figures.retrieval_at_1,
                    alignment=figures.alignment,
                    uniformity=figures.uniformity,
                    clips_per_s=len(batch.names) * self.processes.count / seconds,
                    data_wait_share=waited_s / seconds,
                    memory_gib=peak_memory_gib(self.processes.device),
                )
            )
        return figures.stopping > 0

    def _record(self, step: TrainingStep) -> None:
        """Write what a step says: all of it as a line of metrics, some as progress, and now and then in the log."""
        add_step(self.work.metrics, step)
        where = f"epoch {step.epoch}/{self.epochs}, loss {step.loss:.3f}"
        self.progress.advance(note=where)
        ended = self.progressed.step % self.steps_per_epoch == 0
        if ended or time.monotonic() - self.logged_at > LOG_EVERY_S:
            self.logged_at = time.monotonic()
            self.work.note(
                f"step {step.step}, {where}, retrieval@1 {step.retrieval_at_1:.2f}, alignment {step.alignment:.2f}, "
                f"uniformity {step.uniformity:.2f}, learning rate {step.learning_rate:.3g}, temperature "
                f"{step.temperature:g}, gradient norm {step.gradient_norm:.3g}, {step.clips_per_s:.1f} clips/s, "
                f"{step.data_wait_share:.0%} of the time waiting for data, {step.memory_gib:.2f} GiB"
            )

    def _keep(self, epoch: int) -> None:
        """Write the weights after `epoch` if the configuration wants them."""
        if self.processes.first and epoch in self.kept_epochs:
            path = self.work.checkpoint(epoch)
            save_encoders(
                path, audio=self.learner.model.audio, video=self.learner.model.video, spec=self.run.spec(epoch)
            )
            kept = {**self.progressed.kept, epoch: sha256_of(path)}
            self.progressed = replace(self.progressed, kept=kept)

    def _save(self) -> None:
        if self.processes.first:
            save_state(self.work.states, self.learner.model, self.learner.optimizer, self.progressed)
        self.saved_at = time.monotonic()
