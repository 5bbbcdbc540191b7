import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from dubaug import hear_api
from dubaug.config import Experiment
from dubaug.downstream.features import extract_suite, load_features
from dubaug.embed.embed import embed
from dubaug.encoders.encoder import Encoder
from dubaug.errors import DubaugError
from dubaug.export.folder import ExportSources, export
from dubaug.hear_api import HearModel, get_scene_embeddings, get_timestamp_embeddings, load_model
from dubaug.media.audio import read_audio
from dubaug.media.mel import log_mel
from dubaug.pretrain.checkpoint import EncoderSpec, load_encoders, save_encoders
from dubaug.pretrain.heads import ContrastiveModel
from dubaug.pretrain.manifest import Manifest, checkpoint_at
from dubaug.pretrain.train import Run, save_untrained
from needs import lacking
from tiny_corpus import TINY

VALIDATOR = "hearvalidator==2021.0.6 --hash=sha256:a3b34a97427d075c5be44abcc66a923f4645b3d5a77263ffede131492bf0ea2a"
SECONDS = (0.4, 3.0, 4.4, 5.0, 10.0, 7.6)
"""Padded; one window; one and a rest that is dropped; one and one more at the end; three; two and one at the end."""
SIZES: dict[str, Any] = {
    **TINY,
    "clips": {**TINY["clips"], "duration_s": 3.0, "sample_rate_hz": 48000},
    "separation": {"sample_rate_hz": 44100},
}


@pytest.fixture(scope="module")
def tiny(make_experiment: Callable[..., Experiment]) -> Experiment:
    return make_experiment(**SIZES)


@pytest.fixture(scope="module")
def make_checkpoint(tiny: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that writes a small network with statistics as after training."""

    def make(rate_hz: int = 48000, epoch: int = 1) -> Path:
        spec = EncoderSpec(
            variant="av", seed=0, epoch=epoch, experiment="x", encoders=tiny.encoders, mel=tiny.mel,
            sample_rate_hz=rate_hz, duration_s=3.0, frames=2,
        )  # fmt: skip
        torch.manual_seed(epoch)
        audio = Encoder(tiny.encoders, "audio", spec)
        for layer in audio.modules():
            if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
        path = tmp_path_factory.mktemp("checkpoint") / f"epoch{epoch:02d}.safetensors"
        save_encoders(path, audio=audio, video=None, spec=spec)
        return path

    return make


@pytest.fixture(scope="module")
def checkpoint(make_checkpoint: Callable[..., Path]) -> Path:
    return make_checkpoint()


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> HearModel:
    return load_model(str(checkpoint))


def noise(n_sounds: int, n_samples: int, seed: int = 0) -> torch.Tensor:
    return 0.2 * torch.rand((n_sounds, n_samples), generator=torch.Generator().manual_seed(seed)) - 0.1


def slow(model: HearModel, window_S: torch.Tensor) -> torch.Tensor:
    """The embedding of one window, both channels computed."""
    mel_CTF = log_mel(window_S.repeat(2, 1), sample_rate_hz=model.sample_rate, mel=model.spec.mel)
    with torch.no_grad():
        return model.audio(mel_CTF.half().float()[None].to(next(model.parameters()).device))[0].cpu()


# Scenes


@pytest.fixture(scope="module")
def task_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A HEAR task whose sounds are of all the lengths that matter."""
    folder = tmp_path_factory.mktemp("hear") / "task-v1-full"
    splits = {f"fold{fold:02d}": {f"{fold}{label}.wav": [label] for label in "ab"} for fold in range(3)}
    lengths = iter(SECONDS)
    for split, files in splits.items():
        (folder / "48000" / split).mkdir(parents=True)
        (folder / f"{split}.json").write_text(json.dumps(files))
        for seed, file in enumerate(files):
            sound_NS = noise(1, round(next(lengths) * 48000), seed)
            soundfile.write(folder / "48000" / split / file, sound_NS[0].numpy(), 48000, subtype="PCM_16")
    (folder / "labelvocabulary.csv").write_text("idx,label\n0,a\n1,b\n")
    metadata = {
        "task_name": "task", "version": "v1", "embedding_type": "scene", "prediction_type": "multiclass",
        "split_mode": "presplit_kfold", "nfolds": 3, "sample_duration": None, "evaluation": ["top1_acc"],
        "splits": list(splits), "mode": "full",
    }  # fmt: skip
    (folder / "task_metadata.json").write_text(json.dumps(metadata))
    return folder


@pytest.mark.parametrize("rate_hz", [48000, 44100])
def test_a_scene_is_what_the_embed_stage_makes_of_the_sound(
    rate_hz: int, make_checkpoint, task_folder: Path, make_experiment, tmp_path: Path
) -> None:
    keys = {"tasks": {"task": {"suite": "hear", "path": str(task_folder)}}}
    experiment = make_experiment(**SIZES, **keys, suites={"hear": ["task"], "hares": [], "visual": []})
    manifest = tmp_path / "hear.json"
    extract_suite(experiment, "hear", work_dir=tmp_path, manifest=manifest, separated={}, jobs=1)
    features, path = load_features(manifest, "task"), make_checkpoint(rate_hz)
    expected_ND = embed(features, load_encoders(path), modality="A", batch=8, device="cpu")
    assert np.bincount(features.window_items).tolist() == [1, 1, 1, 2, 3, 3]

    model = load_model(str(path))
    for item, expected_D in zip(features.dataset.items, expected_ND, strict=True):
        sound_NS = read_audio(item.audio, sample_rate_hz=rate_hz).mean(dim=0, keepdim=True)
        scene_ND = get_scene_embeddings(sound_NS, model).cpu()
        assert (scene_ND.shape, scene_ND.dtype) == ((1, 16), torch.float32)
        np.testing.assert_allclose(scene_ND[0], expected_D, atol=1e-5, rtol=1e-5)
    assert np.ptp(expected_ND, axis=0).min() > 1e-3  # sounds differ: otherwise equality would say nothing


def test_sounds_of_a_batch_do_not_touch_each_other(model: HearModel, monkeypatch: pytest.MonkeyPatch) -> None:
    audio_NS = noise(3, 5 * 48000)
    together_ND = get_scene_embeddings(audio_NS, model).cpu()
    for sound_S, scene_D in zip(audio_NS, together_ND, strict=True):
        expected_D = (slow(model, sound_S[: 3 * 48000]) + slow(model, sound_S[-3 * 48000 :])) / 2
        torch.testing.assert_close(scene_D, expected_D, atol=1e-5, rtol=1e-5)
    monkeypatch.setattr(hear_api, "WINDOWS_AT_ONCE", 2)  # which ends in the middle of a sound
    torch.testing.assert_close(get_scene_embeddings(audio_NS, model).cpu(), together_ND, atol=1e-5, rtol=1e-5)


def test_never_more_windows_at_once(model: HearModel, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    whole = HearModel.forward

    def noting(self: HearModel, windows_BS: torch.Tensor) -> torch.Tensor:
        sizes.append(len(windows_BS))
        return whole(self, windows_BS)

    monkeypatch.setattr(hear_api, "WINDOWS_AT_ONCE", 8)
    monkeypatch.setattr(HearModel, "forward", noting)
    assert get_scene_embeddings(noise(5, 12 * 48000), model).shape == (5, 16)
    assert sizes == [8, 8, 4]


def test_nothing_is_learnt_and_nothing_is_in_training_mode(model: HearModel) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    audio_NS = noise(2, 48000)
    expected_ND = get_scene_embeddings(audio_NS, model)
    model.train()
    assert not any(module.training for module in model.modules())
    scene_ND = get_scene_embeddings(audio_NS.requires_grad_(), model)
    assert not scene_ND.requires_grad
    torch.testing.assert_close(scene_ND, expected_ND, atol=0, rtol=0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


# Timestamps


@pytest.mark.parametrize("rate_hz", [48000, 44100])
def test_windows_are_centred_on_their_times(rate_hz: int, make_checkpoint) -> None:
    model = load_model(str(make_checkpoint(rate_hz)))
    audio_NS = noise(2, round(1.23 * rate_hz))
    embedded_NTD, times_NT = get_timestamp_embeddings(audio_NS, model)
    assert (embedded_NTD.shape, embedded_NTD.dtype) == ((2, 25, 16), torch.float32)
    assert times_NT.tolist() == [[50.0 * number for number in range(25)]] * 2
    half = 3 * rate_hz // 2
    surrounded_NS = torch.cat([torch.zeros(2, half), audio_NS, torch.zeros(2, 3 * rate_hz)], dim=1)
    for sound, number in ((0, 0), (1, 7), (0, 24)):
        first = number * rate_hz // 20  # 50 ms are whole samples at both rates
        expected_D = slow(model, surrounded_NS[sound, first : first + 3 * rate_hz])
        torch.testing.assert_close(embedded_NTD[sound, number].cpu(), expected_D, atol=1e-5, rtol=1e-5)
    assert (embedded_NTD[:, 0] - embedded_NTD[:, 12]).abs().max() > 1e-3


def test_ten_minutes_do_not_drift_with_a_hop_of_half_samples(make_checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(str(make_checkpoint(44100)))
    model.timestamp_hop_ms = 25.0  # 1102.5 samples
    begun: list[int] = []

    def noting(audio_NS: torch.Tensor, starts: list[int], model: HearModel) -> torch.Tensor:
        begun.extend(starts)
        return torch.zeros(len(audio_NS), len(starts), model.timestamp_embedding_size)

    monkeypatch.setattr(hear_api, "_embedded", noting)
    _, times_NT = get_timestamp_embeddings(torch.zeros(1, 600 * 44100), model)
    assert times_NT[0, -1] == 600_000.0
    assert begun[-1] == 600 * 44100
    assert max(abs(start - 1102.5 * number) for number, start in enumerate(begun)) <= 0.5


def test_the_times_end_with_the_sound(model: HearModel) -> None:
    def last_ms(n_samples: int) -> float:
        return float(get_timestamp_embeddings(noise(1, n_samples), model)[1][0, -1])

    assert [last_ms(n_samples) for n_samples in (1, 2399, 2400, 2401, 4799, 4800)] == [0, 0, 50, 50, 50, 100]


# What is refused


@pytest.mark.parametrize("get", [get_scene_embeddings, get_timestamp_embeddings])
def test_audio_that_cannot_be_embedded(get, model: HearModel) -> None:
    with pytest.raises(DubaugError, match=r"\(sounds, samples\).*float32 \(48000,\)"):
        get(torch.zeros(48000), model)
    with pytest.raises(DubaugError, match=r"float32 \(1, 2, 48000\)"):
        get(torch.zeros(1, 2, 48000), model)
    with pytest.raises(DubaugError, match="at least one sample"):
        get(torch.zeros(1, 0), model)
    with pytest.raises(DubaugError, match=r"floating-point.*int16"):
        get(torch.zeros(1, 48000, dtype=torch.int16), model)
    audio_NS = noise(2, 48000)
    audio_NS[1, 100] = torch.nan
    with pytest.raises(DubaugError, match="not finite"):
        get(audio_NS, model)


# What is loaded


def same(model: HearModel, path: Path) -> bool:
    wanted = load_encoders(path).audio.state_dict()
    return all(torch.equal(tensor.cpu(), wanted[name]) for name, tensor in model.audio.state_dict().items())


def test_a_checkpoint(model: HearModel, checkpoint: Path) -> None:
    assert same(model, checkpoint)
    assert (model.sample_rate, model.scene_embedding_size, model.timestamp_embedding_size) == (48000, 16, 16)
    assert model.timestamp_hop_ms == 50.0
    assert next(model.parameters()).is_cuda == torch.cuda.is_available()


def test_of_a_manifest_the_last_epoch(make_checkpoint, tmp_path: Path) -> None:
    first, last = make_checkpoint(epoch=1), make_checkpoint(epoch=2)
    manifest = Manifest(
        variant="av", seed=0, experiment="x", epochs=2, n_clips=1, n_titles=1, seconds=0.0, device="cpu",
        checkpoints=(checkpoint_at(first, 1), checkpoint_at(last, 2)),
    )  # fmt: skip
    path = tmp_path / "pretraining.json"
    manifest.save(path)
    model = load_model(str(path))
    assert same(model, last)
    assert not same(model, first)
    replace(manifest, checkpoints=()).save(path)
    with pytest.raises(DubaugError, match="names no checkpoint"):
        load_model(str(path))
    manifest.save(path)
    last.write_bytes(first.read_bytes())
    with pytest.raises(DubaugError, match=r"epoch02\.safetensors is damaged.*pretraining\.json"):
        load_model(str(path))
    last.unlink()
    with pytest.raises(DubaugError, match=r"epoch02\.safetensors, which .*pretraining\.json names, is missing"):
        load_model(str(path))


@pytest.fixture
def exported(make_experiment, tmp_path: Path) -> Path:
    """An export, and beside it the run that it was made of: a network for 1 s at 16 kHz."""
    tiny = make_experiment(**TINY)
    out = tmp_path / "rp" / "pretraining.json"
    save_untrained(Run(experiment=tiny, variant="rp", seed=0, work_dir=out.parent / "pretrain", out=out))
    export(ExportSources(manifest=out, epoch=None), tmp_path / "export")
    return tmp_path / "export"


def test_an_exported_folder(exported: Path) -> None:
    assert same(load_model(str(exported)), exported / "encoders.safetensors")
    config = exported / "config.json"
    value = json.loads(config.read_text())
    config.write_text(json.dumps({**value, "weights": {**value["weights"], "sha256": "0" * 64}}))
    with pytest.raises(DubaugError, match=r"encoders\.safetensors is damaged.*config\.json"):
        load_model(str(exported))
    config.write_text(json.dumps({**value, "format_version": 99}))
    with pytest.raises(DubaugError, match="of another format than dubaug-encoders 1"):
        load_model(str(exported))


def test_anything_else_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(DubaugError, match="is no folder made by `dubaug export`"):
        load_model(str(tmp_path))
    for name in ("gone.safetensors", "weights.pt"):
        with pytest.raises(DubaugError, match=rf"{name} is no checkpoint"):
            load_model(str(tmp_path / name))
    (tmp_path / "hear.json").write_text('{"suite": "hear"}')
    with pytest.raises(DubaugError, match=r"hear\.json is no manifest"):
        load_model(str(tmp_path / "hear.json"))


@pytest.fixture(scope="module")
def untrained() -> HearModel:
    return load_model()


def test_without_a_path_it_is_the_papers_untrained_network(
    untrained: HearModel, paper_experiment: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(experiment=paper_experiment, variant="rp", seed=0, work_dir=tmp_path, out=tmp_path / "pretraining.json")
    ours = replace(run.spec(0), experiment="", dubaug_version=None, git_commit=None)
    assert replace(untrained.spec, experiment="") == ours
    sizes = paper_experiment.encoders
    wanted = ContrastiveModel(sizes, views=("primary",), window=untrained.spec, seed=0).audio.state_dict()
    assert all(torch.equal(tensor.cpu(), wanted[name]) for name, tensor in untrained.audio.state_dict().items())
    assert sum(tensor.numel() for tensor in untrained.parameters()) == 34_025_984
    assert get_scene_embeddings(noise(1, 48000), untrained).shape == (1, 1024)
    state = torch.get_rng_state()
    assert load_model("").scene_embedding_size == 1024
    assert torch.equal(torch.get_rng_state(), state)
    assert "this is the untrained network of the paper's size" in capsys.readouterr().err


# HEAR's own check


@pytest.fixture(scope="module")
def hear_validator(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Return `hear-validator` as a function of its arguments, run with warnings as errors.

    It is in no extra of pyproject.toml: its wheel requires TensorFlow, which would so come into the lock, and Python
    before 3.9, though its one module runs on any. So pip fetches that wheel (10 kB, by its hash) alone, once, into
    pytest's cache. Of TensorFlow it asks whether a model is a `tf.Module`: a module with that name is enough.
    """
    folder = Path(pytestconfig.cache.mkdir("hearvalidator"))
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        (folder / "requirements.txt").write_text(VALIDATOR + "\n")
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python"]
        fetch += ["--only-binary", ":all:", "--require-hashes", "--timeout", "20", "--retries", "1"]
        done = subprocess.run(
            [*fetch, "--requirement", "requirements.txt", "--dest", "."], cwd=folder, capture_output=True, text=True
        )
        if done.returncode:
            why = f"hearvalidator CANNOT BE FETCHED, so HEAR's own check did not run: {done.stderr[-300:]}"
            lacking("hearvalidator", why)
        wheels = list(folder.glob("*.whl"))
    (wheel,) = wheels

    tensorflow = ModuleType("tensorflow")
    tensorflow.__spec__ = ModuleSpec("tensorflow", None)  # torch looks for it in what is imported
    tensorflow.Module = type("Module", (), {})  # type: ignore[attr-defined]

    def validate(*arguments: str) -> None:
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            patch.syspath_prepend(str(wheel))
            patch.setitem(sys.modules, "tensorflow", tensorflow)
            patch.setattr(sys, "argv", ["hear-validator", "dubaug.hear_api", *arguments])
            from hearvalidator.validate import main

            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", message=" IMPORTANT: A common bug")  # said to everybody
            main()

    return validate


@pytest.mark.parametrize("rate_hz", [48000, 44100])
def test_hear_validator_passes(
    rate_hz: int, hear_validator, make_checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    hear_validator("--model", str(make_checkpoint(rate_hz)), "--device", "cpu")
    assert "Looks good!" in capsys.readouterr().out


def test_hear_validator_passes_on_what_is_handed_on(
    exported: Path, hear_validator, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (exported, exported.parent / "rp" / "pretraining.json"):
        hear_validator("--model", str(path))
        assert "Looks good!" in capsys.readouterr().out


def test_hear_validator_would_complain(hear_validator, exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hear_api, "TIMESTAMP_HOP_MS", 60.0)
    with pytest.raises(UserWarning, match="less than or equal to 50ms"):
        hear_validator("--model", str(exported))


def test_hear_validator_passes_without_a_model(
    hear_validator, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    smaller = replace(load_encoders(checkpoint).spec, sample_rate_hz=16000, duration_s=1.0)  # the paper's: minutes
    monkeypatch.setattr(hear_api, "UNTRAINED", smaller)
    hear_validator()
    captured = capsys.readouterr()
    assert "Looks good!" in captured.out
    assert "scene_embedding_size: 16" in captured.out
    assert "untrained network" in captured.err
