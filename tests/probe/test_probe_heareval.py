"""tools/heareval gives heareval what its own embedding stage would have left, and says so where it cannot be run."""

import json
import pickle
import sys

import numpy as np
import pytest
from foreign_tasks import FOREIGN

from dubaug.downstream.hear import load
from dubaug.probe.jobs import training_order
from dubaug.probe.problem import make_problem


@pytest.fixture
def compare(repository, monkeypatch):
    monkeypatch.syspath_prepend(str(repository / "tools/heareval"))
    import compare

    yield compare
    del sys.modules["compare"]


@pytest.mark.parametrize("name", ["folds_and_numbers", "parts_and_many_labels"])
def test_heareval_gets_our_embeddings_with_their_labels_in_our_order(compare, tmp_path, name):
    task = FOREIGN[name].write(tmp_path / f"{name}-v3-full")
    dataset = load(task)
    numbers = np.arange(len(dataset.items), dtype=np.float32)  # each item's embedding is its number
    embeddings = np.stack([numbers, -numbers], axis=1)
    problem = make_problem(name, embeddings, dataset, needs_valid=True)
    compare.write_embeddings(tmp_path / "written", task, dataset, embeddings)
    read = {}
    for name in json.loads((tmp_path / "written/task_metadata.json").read_text())["splits"]:
        size = json.loads((tmp_path / f"written/{name}.embedding-dimensions.json").read_text())
        file = tmp_path / f"written/{name}.embeddings.npy"
        read[name] = np.memmap(file, dtype=np.float32, mode="r", shape=tuple(size))[:, 0].astype(int).tolist()
        labels = pickle.loads((tmp_path / f"written/{name}.target-labels.pkl").read_bytes())
        known = {label: number for number, label in enumerate(dataset.classes[0])}
        for item, its in zip(read[name], labels, strict=True):
            assert {known[str(label)] for label in its} == set(np.flatnonzero(problem.truth[item]))
    for number, split in enumerate(dataset.splits):
        train = [items for _, items in sorted(read.items()) if set(items) <= set(split.train)]
        assert np.concatenate(train).tolist() == training_order(problem, number).tolist()


def test_without_its_environment_nothing_is_compared_and_that_is_said(compare, tmp_path):
    with pytest.raises(SystemExit, match=r"(?s)SKIPPED: heareval was not run.*no-such-python.*Python 3\.9"):
        compare.environment(tmp_path / "env", "no-such-python")
    with pytest.raises(SystemExit, match=r"SKIPPED.* is Python 3\.1[1-9]"):
        compare.environment(tmp_path / "env", sys.executable)
