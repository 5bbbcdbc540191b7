"""`metrics.jsonl`: a JSON object a line for each step of a training."""

import json
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.files import write_text, writing_to


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """What a step says of itself, over all processes."""

    step: int
    """From 0 on."""
    epoch: int
    """From 1 on."""
    loss: float
    learning_rate: float
    temperature: float
    gradient_norm: float
    retrieval_at_1: float
    alignment: float
    uniformity: float
    clips_per_s: float
    data_wait_share: float
    """Of the step's time, waiting for clips."""
    memory_gib: float
    """The most so far."""


def add_step(path: Path, step: TrainingStep) -> None:
    """Add a step's line, six digits a value, and when it was written. Raises `DubaugError` if the disk is full."""
    rounded = {
        name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in asdict(step).items()
    }
    with writing_to(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**rounded, "time_s": round(time.time(), 3)}) + "\n")


def read_steps(path: Path) -> tuple[TrainingStep, ...]:
    """Return the steps, each as it was done last; a line that is still being written is left out. Raises `DubaugError`.

    `dubaug.tracking.curves` reads the same file as it grows, whatever its values are.
    """
    *lines, _ = path.read_text(encoding="utf-8").split("\n")
    steps: dict[int, TrainingStep] = {}
    for number, line in enumerate(lines, start=1):
        try:
            values = json.loads(line)
            step = TrainingStep(**{field.name: values[field.name] for field in fields(TrainingStep)})
        except (ValueError, KeyError, TypeError) as error:
            raise DubaugError(f"{path}, line {number}: no step of a training of this version ({error!r})") from None
        steps[step.step] = step
    return tuple(steps.values())


def forget_steps_from(path: Path, step: int) -> None:
    """Drop the lines of `step` and later: an interrupted run wrote them and they will be computed again."""
    if path.is_file():
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        kept = [line for line in lines if (number := _step_of(line)) is not None and number < step]
        write_text(path, "".join(f"{line}\n" for line in kept))


def _step_of(line: str) -> int | None:
    """Return the step of a line, None for one cut short."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return None
