"""Checkpoints in the model registry: once, with scores and signature, and usable where dubaug is not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tracking_factory import result_of

from dubaug.config import Experiment
from dubaug.files import write_json
from dubaug.pretrain.checkpoint import load_encoders
from dubaug.pretrain.manifest import Manifest
from dubaug.pretrain.run import Run
from dubaug.pretrain.train import save_untrained
from dubaug.tracking.models import register
from dubaug.tracking.records import collect
from dubaug.tracking.store import Store
from dubaug.tracking.sync import sync
from tiny_corpus import TINY

FRESH = """
import sys, mlflow, torch
mlflow.set_tracking_uri(sys.argv[1])
for part, shape in (("audio", (3, 2, 30, 25)), ("video", (3, 3, 2, 32, 32))):
    model = mlflow.pytorch.load_model(f"models:/dubaug-rp-{part}/1")
    print(part, model(torch.ones(shape)).double().sum().item())
assert "dubaug" not in sys.modules
"""


@pytest.mark.slow
def test_a_checkpoint_is_registered_once_and_loads_where_dubaug_is_not(
    make_experiment: Callable[..., Experiment], uri: str, tmp_path: Path
) -> None:
    from mlflow.tracking import MlflowClient

    results, experiment = tmp_path / "results", make_experiment(**TINY)
    run = Run(
        experiment=experiment,
        variant="rp",
        seed=0,
        work_dir=results / "rp/seed0/pretrain",
        out=results / "rp/seed0/pretraining.json",
    )
    save_untrained(run)
    sync(collect(results), uri=uri, experiment="dubaug", state_dir=results / ".mlflow")
    store = Store(uri, "dubaug", state_dir=results / ".mlflow")
    assert register(store, results) == 2

    # once more, now with scores
    final = Manifest.load(run.out).final
    scores = result_of("hear", 0, {"esc50": 0.5}, sweep=(0,))
    write_json(results / "rp/seed0/hear.json", {**scores, "variant": "rp", "checkpoint_sha256": final.sha256})
    assert register(store, results) == 0
    client = MlflowClient(tracking_uri=uri)
    for part in ("audio", "video"):
        (version,) = client.search_model_versions(f"name = 'dubaug-rp-{part}'")
        assert version.tags["esc50/top1_acc"] == "0.5"
        assert version.tags["checkpoint_sha256"] == final.sha256
        assert client.get_run(version.run_id).info.run_name == "rp seed 0"
        assert not list((tmp_path / "mlruns").rglob("*.pkl")) + list((tmp_path / "mlruns").rglob("*.pth"))

    environment = {"PATH": "/usr/bin:/bin", "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", FRESH, uri]
    out = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    encoders = load_encoders(final.path)
    for line, module, shape in zip(
        out.splitlines(), (encoders.audio, encoders.video), ((3, 2, 30, 25), (3, 3, 2, 32, 32)), strict=True
    ):
        assert module is not None
        assert float(line.split()[1]) == pytest.approx(module(torch.ones(shape)).double().sum().item(), rel=1e-5)
