"""What tests of runs that end early share: doing something at a certain call, and looking into a work directory."""

import importlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

READ = "dubaug.pretrain.data.ClipSource.read"
"""Called once a step."""


@contextmanager
def at_call(name: str, number: int, do: Callable[[], object]) -> Iterator[None]:
    """While in the block, call `do` before the call `number` (0 is the first) of the function `name`."""
    module, owner, attribute = name.rsplit(".", 2)
    holder = getattr(importlib.import_module(module), owner)
    original, calls = getattr(holder, attribute), []

    def call(*arguments: Any, **keys: Any) -> Any:
        calls.append(1)
        if len(calls) == number + 1:
            do()
        return original(*arguments, **keys)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holder, attribute, call)
        yield


def steps_in(work: Path) -> list[int]:
    """Return the steps of the lines of metrics, but for one that is being written."""
    if not (work / "metrics.jsonl").is_file():
        return []
    lines = (work / "metrics.jsonl").read_text().splitlines(keepends=True)
    return [json.loads(line)["step"] for line in lines if line.endswith("\n")]


def unfinished_in(work: Path) -> list[str]:
    return [path.name for path in work.rglob(".*.part*")]
