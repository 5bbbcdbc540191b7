"""Steps of a training, made up for tests."""

from dataclasses import fields

from dubaug.pretrain.steps import TrainingStep


def make_step(step: int, *, epoch: int = 1, **values: float) -> TrainingStep:
    unsaid = {field.name: 0.5 for field in fields(TrainingStep)}
    return TrainingStep(**{**unsaid, **values, "step": step, "epoch": epoch})
