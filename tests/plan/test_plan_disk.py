"""Sizes that follow from the configuration are compared with files of the real code."""

from pathlib import Path

import pytest
import torch
from plan_factory import make_job

from dubaug.config import Experiment
from dubaug.plan.amounts import Amount, Amounts, FilmAmounts
from dubaug.plan.disk import Space, run_bytes, spaces
from dubaug.plan.rates import Rate
from dubaug.plan.work import work_of
from dubaug.pretrain import state
from dubaug.pretrain.checkpoint import EncoderSpec, save_encoders
from dubaug.pretrain.heads import ContrastiveModel, views_of


def _amounts(clips: float | None, **items: float) -> Amounts:
    def amount(value: float | None) -> Amount | None:
        return None if value is None else Amount(value=value, source="")

    corpus = FilmAmounts(clips=amount(clips))
    return Amounts(corpus=corpus, windows={}, items={name: Amount(value=n, source="") for name, n in items.items()})


@pytest.mark.parametrize("variant", ["efj", "sep", "a", "rp"])
def test_checkpoints_and_states_are_as_large_as_the_trainers(
    demo_experiment: Experiment, variant: str, tmp_path: Path
) -> None:
    chosen = demo_experiment.variants[variant]
    window = demo_experiment.window_of(variant)
    model = ContrastiveModel(demo_experiment.encoders, views=views_of(chosen), window=window, seed=0)
    optimizer = torch.optim.AdamW(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    spec = EncoderSpec(
        variant=variant, seed=0, epoch=1, experiment="", encoders=demo_experiment.encoders, mel=window.mel,
        sample_rate_hz=window.sample_rate_hz, duration_s=3.0, frames=8,
    )  # fmt: skip
    save_encoders(tmp_path / "encoders.safetensors", audio=model.audio, video=model.video, spec=spec)
    state_path = state.save_state(tmp_path, model, optimizer, state.Progressed())
    encoders_bytes, state_bytes = run_bytes(demo_experiment, variant)
    # A file has a header of some 100 bytes a tensor, and a state AdamW's counts of steps.
    assert 0 <= (tmp_path / "encoders.safetensors").stat().st_size - encoders_bytes < 150 * len(model.state_dict())
    assert 0 <= state_path.stat().st_size - state_bytes < 600 * len(model.state_dict())


def _space(rows: list[Space], what: str) -> Space:
    (row,) = [row for row in rows if what in row.what]
    return row


def test_sizes_at_the_papers_scale_worked_out_by_hand(paper_experiment: Experiment) -> None:
    jobs = [
        make_job("shards", wildcards={"batch": "0"}, outputs=("results/shards/batch0.json",)),
        make_job("separate", wildcards={"batch": "0"}, outputs=("results/separated/batch0.json",)),
        make_job("probe_hares", wildcards={"run": "efj/seed0"}, outputs=("results/efj/seed0/hares.json",)),
    ]
    items = dict.fromkeys(paper_experiment.suites["hares"], 100.0)
    amounts = _amounts(1_560_000, **items)
    settings = work_of(jobs[0], paper_experiment, amounts).settings
    rate = Rate(
        rule="shards", quantity="bytes", unit="clips", settings=settings, a_unit=593e3, basis="measured elsewhere",
        source="a file", amount=None,
    )  # fmt: skip
    rows = spaces(jobs, paper_experiment, amounts, [rate])
    shards, separated = rows[0], rows[1]
    assert shards.folder == "results/shards"
    assert shards.size_bytes == pytest.approx(0.925e12, rel=1e-3), "docs/shards.md: 0.92 TB"
    assert separated.size_bytes == 1_560_000 * 2 * 257 * 96 * 2
    assert separated.folder == "results/separated"
    # Four tasks of three data sets, one of which is there once more without speech; A: one vector of 1024 floats each.
    assert _space(rows, "embeddings").size_bytes == 4 * 100 * 1024 * 4
    rows = spaces(jobs, paper_experiment, _amounts(None, tut18=100), [])
    assert rows[0].size_bytes is None
    assert rows[0].basis == "unknown"
    assert _space(rows, "embeddings").basis == "bound"
    assert "voxforge" in _space(rows, "embeddings").source
