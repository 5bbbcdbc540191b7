"""Where models come from, and what is said when they do not."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from demucs.hdemucs import HDemucs
from safetensors.torch import save_file

from dubaug.errors import ConfigError, DubaugError
from dubaug.separation.local import load_local_model, save_local_model
from dubaug.separation.models import load_model

ARGUMENTS: dict[str, Any] = {
    "sources": ["other", "vocals"],
    "channels": 4,
    "depth": 2,
    "hybrid": False,
    "samplerate": 8000,
    "segment": 2,
    "nfft": 512,
}


@pytest.fixture
def network() -> HDemucs:
    torch.manual_seed(0)
    return HDemucs(**ARGUMENTS).eval()


@pytest.fixture
def folder(tmp_path: Path, network: HDemucs) -> Path:
    save_local_model(network, ARGUMENTS, tmp_path, "small", about={"licence": "none"})
    return tmp_path


def test_own_format_comes_back_in_half_precision(folder: Path, network: HDemucs) -> None:
    loaded = load_local_model(folder, "small")
    assert not loaded.training
    for name, tensor in network.state_dict().items():
        assert loaded.state_dict()[name].dtype == torch.float32
        torch.testing.assert_close(loaded.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)


def test_own_model_by_configuration(folder: Path, settings: Any) -> None:
    model = load_model(settings(model="small", repository=str(folder)))
    assert (model.sources, model.sample_rate_hz, model.segment_s) == (("other", "vocals"), 8000, 2.0)
    assert model.max_segment_s == float("inf")


def test_fingerprint_follows_the_weights(folder: Path, settings: Any) -> None:
    separation = settings(model="small", repository=str(folder))
    model = load_model(separation)
    assert model.fingerprint() == load_model(separation).fingerprint()
    with torch.no_grad():
        next(model.network.parameters()).flatten()[0] += 1e-3
    assert model.fingerprint() != load_model(separation).fingerprint()


def test_damaged_weights_are_not_used(folder: Path, settings: Any) -> None:
    weights = folder / "small.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(DubaugError, match="damaged"):
        load_model(settings(model="small", repository=str(folder)))


def test_weights_of_another_architecture_are_not_used(folder: Path, settings: Any) -> None:
    description = json.loads((folder / "small.json").read_text())
    description["arguments"]["channels"] = 8
    (folder / "small.json").write_text(json.dumps(description))
    with pytest.raises(DubaugError, match="does not fit"):
        load_model(settings(model="small", repository=str(folder)))


def test_no_other_class_is_built(folder: Path, settings: Any) -> None:
    description = json.loads((folder / "small.json").read_text())
    (folder / "small.json").write_text(json.dumps({**description, "class": "subprocess.Popen"}))
    with pytest.raises(DubaugError, match=r"subprocess\.Popen"):
        load_model(settings(model="small", repository=str(folder)))


def exported(path: Path, network: HDemucs, klass: str = "demucs.hdemucs.HDemucs") -> None:
    metadata = {"klass": klass, "args": "[]", "kwargs": json.dumps(ARGUMENTS)}
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path, metadata)


def test_bag_in_the_format_of_demucs_hugging_face_pages(tmp_path: Path, network: HDemucs, settings: Any) -> None:
    exported(tmp_path / "aaaa.safetensors", network)
    exported(tmp_path / "bbbb.safetensors", HDemucs(**ARGUMENTS))
    (tmp_path / "mix.yaml").write_text("models: ['aaaa', 'bbbb']\nsegment: 1\n")
    model = load_model(settings(model="mix", repository=str(tmp_path)))
    assert [type(member) for member in model.network.models] == [HDemucs, HDemucs]
    assert model.segment_s == 1.0
    torch.testing.assert_close(model.network.models[0].state_dict(), network.state_dict())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("models: !!python/object/apply:os.system [ls]\n", "mix.yaml is no YAML: could not determine a constructor"),
        ("models: [aaaa]\nmodels: [bbbb]\n", "mix.yaml is no YAML: the key `models` stands on line 1 already"),
        ("models:\n\t- aaaa\n", "mix.yaml is no YAML: .*not with tabs"),
        ("- aaaa\n", "mix.yaml is no bag of Demucs models"),
    ],
)
def test_a_bag_is_read_strictly(tmp_path: Path, settings: Any, text: str, told: str) -> None:
    (tmp_path / "mix.yaml").write_text(text)
    with pytest.raises(DubaugError, match=told):
        load_model(settings(model="mix", repository=str(tmp_path)))


def test_exported_models_may_only_be_demucs_classes(tmp_path: Path, network: HDemucs, settings: Any) -> None:
    exported(tmp_path / "evil.safetensors", network, klass="subprocess.Popen")
    with pytest.raises(DubaugError, match=r"no Demucs model.*subprocess\.Popen"):
        load_model(settings(model="evil", repository=str(tmp_path)))


def test_missing_model_says_what_the_folder_holds(folder: Path, settings: Any) -> None:
    with pytest.raises(DubaugError, match=r"separation\.repository.*'large'.*small\.safetensors.*Expected large\.json"):
        load_model(settings(model="large", repository=str(folder)))


def test_missing_folder_names_the_key(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(ConfigError, match=r"separation\.repository.*nowhere"):
        load_model(settings(model="small", repository=str(tmp_path / "nowhere")))


def test_wrong_rate_and_wrong_stem_name_their_keys(folder: Path, settings: Any) -> None:
    with pytest.raises(ConfigError, match=r"separation\.sample_rate_hz.*got 44100, expected 8000"):
        load_model(settings(model="small", repository=str(folder), sample_rate_hz=44100))
    with pytest.raises(ConfigError, match=r"separation\.stem.*'voice'.*other, vocals"):
        load_model(settings(model="small", repository=str(folder), stem="voice"))
