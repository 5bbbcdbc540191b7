"""metrics.jsonl: what is written is what is read, and steps that will be done again are dropped."""

import json
from pathlib import Path

import pytest

from dubaug.errors import DubaugError
from dubaug.pretrain.steps import add_step, forget_steps_from, read_steps
from step_factory import make_step


def test_steps_come_back_with_six_digits_and_their_line_says_when(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in range(2):
        add_step(path, make_step(step, epoch=3, loss=1 / 3))
    assert read_steps(path) == tuple(make_step(step, epoch=3, loss=0.333333) for step in range(2))
    assert json.loads(path.read_text().splitlines()[0])["time_s"] > 1.7e9


def test_steps_from_one_on_are_forgotten_with_a_line_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    forget_steps_from(path, 0)
    for step in range(4):
        add_step(path, make_step(step))
    with path.open("a") as file:
        file.write('{"step": 1, "lo')
    assert [step.step for step in read_steps(path)] == [0, 1, 2, 3], "the line may still be written"
    forget_steps_from(path, 3)
    assert [step.step for step in read_steps(path)] == [0, 1, 2]


def test_a_step_done_again_counts_as_done_last(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for loss in (9.0, 5.0):
        add_step(path, make_step(1, loss=loss))
    assert [step.loss for step in read_steps(path)] == [5.0]


@pytest.mark.parametrize("line", ["{", '{"step": 1}', "1"])
def test_a_line_that_is_no_step_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "metrics.jsonl"
    add_step(path, make_step(0))
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(DubaugError, match=r"metrics\.jsonl, line 2: no step"):
        read_steps(path)
