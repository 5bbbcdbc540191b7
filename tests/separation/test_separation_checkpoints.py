"""Pickled and quantised checkpoints: checked before they are opened, converted once, never executed."""

import importlib.util
import json
import multiprocessing
import os
import shutil
import urllib.error
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoint_factory import Evil, make_network, package, write_hugging_face, write_th
from demucs.apply import BagOfModels, apply_model
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from safetensors import safe_open
from safetensors.torch import save_file

from dubaug.errors import ConfigError, DubaugError
from dubaug.files import sha256_of
from dubaug.separation.checkpoints import cache_folder, load_checkpoint
from dubaug.separation.models import StemModel, load_model, wrap

needs_diffq = pytest.mark.skipif(
    importlib.util.find_spec("diffq") is None,
    reason="diffq (dubaug[separation]) is not installed: quantised models are not tried",
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for every test, and nothing of this machine's own downloads."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "cache/dubaug/separation"


@pytest.fixture
def refuse_unpickling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something was unpickled")

    monkeypatch.setattr(torch, "load", refuse)


def assert_same_state(loaded: Any, network: Any) -> None:
    assert type(loaded) is type(network)
    assert not loaded.training
    state = network.state_dict()
    assert set(loaded.state_dict()) == set(state)
    for name, tensor in loaded.state_dict().items():
        assert torch.equal(tensor, state[name]), name


@pytest.mark.parametrize("kind", [HDemucs, Demucs, HTDemucs])
@pytest.mark.parametrize("half", [True, False])
def test_a_pickle_is_read_once(kind: type, half: bool, tmp_path: Path, cache: Path, request: Any) -> None:
    network = make_network(kind)
    if half:
        network.half().float()  # what is left of it in the file
    file = write_th(tmp_path / "models", "0123abcd", package(network, half=half))
    assert_same_state(load_checkpoint(file, published={}), network)
    (converted,) = cache.iterdir()
    assert converted.name == f"0123abcd-{sha256_of(file)}.safetensors"
    assert converted.stat().st_size < (0.7 if half else 1.4) * sum(p.numel() * 4 for p in network.parameters()) + 30000
    before = converted.stat().st_mtime_ns
    request.getfixturevalue("refuse_unpickling")
    loaded = load_checkpoint(file, published={})
    assert_same_state(loaded, network)
    assert type(loaded.segment) is type(network.segment)
    assert loaded.segment == network.segment
    assert converted.stat().st_mtime_ns == before


def test_the_fingerprint_is_the_same_before_and_after(tmp_path: Path, settings: Any) -> None:
    network = make_network()
    write_th(tmp_path / "models", "0123abcd", package(network, half=False))
    separation = settings(model="0123abcd", repository=str(tmp_path / "models"))
    assert load_model(separation).fingerprint() == load_model(separation).fingerprint() == wrap(network).fingerprint()


def test_the_converted_file_serves_as_a_model_elsewhere(tmp_path: Path, cache: Path, settings: Any) -> None:
    network = make_network(HTDemucs)
    load_checkpoint(write_th(tmp_path / "models", "0123abcd", package(network, half=False)), published={})
    (converted,) = cache.iterdir()
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(converted, tmp_path / "elsewhere/mine.safetensors")
    model = load_model(settings(model="mine", repository=str(tmp_path / "elsewhere")))
    assert_same_state(model.network, network)
    assert model.max_segment_s == float(Fraction(39, 20))


def test_a_wrong_checksum_is_refused_unopened(tmp_path: Path, cache: Path, refuse_unpickling: None) -> None:
    """Whatever it would do when unpickled, it does not."""
    mark = tmp_path / "executed"
    file = write_th(tmp_path / "models", "0123abcd", {"klass": Evil(mark)})
    renamed = file.rename(file.with_name("0123abcd-00000000.th"))
    with pytest.raises(
        DubaugError, match=rf"{renamed.name} is not what was published.*instead of 00000000.*not opened"
    ):
        load_checkpoint(renamed, published={})
    assert not mark.exists()
    assert not cache.exists()


def test_a_published_signature_must_have_the_published_checksum(
    tmp_path: Path, settings: Any, refuse_unpickling: None
) -> None:
    """A name that fits its content is not enough for a file that poses as one of Demucs's own."""
    file = write_th(tmp_path / "models", "83fc094f", package(make_network()))
    assert sha256_of(file).startswith(file.stem.split("-")[1])
    with pytest.raises(DubaugError, match="instead of 4a16d450"):
        load_model(settings(model="83fc094f", repository=str(tmp_path / "models")))


def test_a_malicious_pickle_with_the_right_checksum_does_nothing(tmp_path: Path, cache: Path) -> None:
    mark = tmp_path / "executed"
    for place in ("klass", "state", "training_args"):
        file = write_th(tmp_path / place, "0123abcd", {**package(make_network()), place: Evil(mark)})
        with pytest.raises(DubaugError, match="holds something else than a Demucs model"):
            load_checkpoint(file, published={})
    assert not mark.exists()
    assert not cache.exists()
    os.system(f"touch {mark}")  # the mark can be made: the test would see it
    assert mark.exists()


def test_no_other_class_is_built(tmp_path: Path) -> None:
    file = write_th(tmp_path, "0123abcd", {**package(make_network()), "klass": Fraction})
    with pytest.raises(DubaugError, match=r"its class is <class 'fractions\.Fraction'>"):
        load_checkpoint(file, published={})


def test_a_name_without_a_checksum_is_refused_and_says_the_name_to_give(
    tmp_path: Path, refuse_unpickling: None
) -> None:
    file = write_th(tmp_path, "0123abcd", package(make_network()))
    plain = file.rename(tmp_path / "0123abcd.th")
    with pytest.raises(DubaugError, match=rf"no checksum.*rename it to {file.name}"):
        load_checkpoint(plain, published={})


def test_names_with_hyphens_are_whole_signatures(tmp_path: Path, settings: Any) -> None:
    write_th(tmp_path, "my-own", package(make_network(), half=False))
    write_hugging_face(tmp_path / "my-other.safetensors", make_network(seed=1))
    one, other = (load_model(settings(model=name, repository=str(tmp_path))) for name in ("my-own", "my-other"))
    assert_same_state(one.network, make_network())
    assert_same_state(other.network, make_network(seed=1))
    write_th(tmp_path, "my-own", package(make_network(seed=2)))
    with pytest.raises(DubaugError, match="several models 'my-own'"):
        load_model(settings(model="my-own", repository=str(tmp_path)))


def test_a_damaged_file_is_told_so(tmp_path: Path) -> None:
    file = write_th(tmp_path, "0123abcd", package(make_network()))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DubaugError, match="damaged"):
        load_checkpoint(file, published={})
    cut = file.rename(tmp_path / f"0123abcd-{sha256_of(file)[:8]}.th")
    with pytest.raises(DubaugError, match="no Demucs model that can be read"):
        load_checkpoint(cut, published={})


def test_a_bag_of_pickles_with_weights(tmp_path: Path, settings: Any) -> None:
    networks = [make_network(seed=seed) for seed in (1, 2)]
    folder, weights = tmp_path / "models", [[1.0, 0.5, 2.0], [1.0, 1.5, 0.0]]
    for signature, network in zip(("aaaa0000", "bbbb0000"), networks, strict=True):
        write_th(folder, signature, package(network, half=False))
    (folder / "mix.yaml").write_text(f"models: [aaaa0000, bbbb0000]\nweights: {json.dumps(weights)}\nsegment: 1\n")
    model = load_model(settings(model="mix", repository=str(folder)))
    assert model.segment_s == 1.0
    sound_BCS = torch.randn(1, 2, 8000)
    expected = apply_model(BagOfModels(networks, weights), sound_BCS, shifts=0, split=False)
    torch.testing.assert_close(apply_model(model.network, sound_BCS, shifts=0, split=False), expected)
    assert [shares for _, shares in model.members()] == [[0.5, 0.25, 1.0], [0.5, 0.75, 0.0]]


@pytest.mark.parametrize("weights", ["[[1.0, 1.0, 1.0]]", "[[1.0], [1.0]]"])
def test_a_bag_whose_weights_do_not_fit_is_told_so(tmp_path: Path, settings: Any, weights: str) -> None:
    for signature in ("aaaa0000", "bbbb0000"):
        write_th(tmp_path, signature, package(make_network()))
    (tmp_path / "mix.yaml").write_text(f"models: [aaaa0000, bbbb0000]\nweights: {weights}\n")
    with pytest.raises(DubaugError, match=r"no bag.*`weights`"):
        load_model(settings(model="mix", repository=str(tmp_path)))


def _load(file: Path, results: Any) -> None:
    results.put(StemModel.fingerprint(wrap(load_checkpoint(file, published={}))))


@pytest.mark.slow
def test_processes_that_convert_at_once_do_not_disturb_each_other(tmp_path: Path, cache: Path) -> None:
    network = make_network(channels=32)
    file = write_th(tmp_path / "models", "0123abcd", package(network, half=False))
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_load, args=(file, results)) for _ in range(2)]
    for process in processes:
        process.start()
    fingerprints = {results.get(timeout=300) for _ in processes}
    for process in processes:
        process.join()
    assert fingerprints == {wrap(network).fingerprint()}
    assert [path.suffix for path in cache.iterdir()] == [".safetensors"]


def test_no_room_for_the_cache_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_th(tmp_path / "models", "0123abcd", package(make_network()))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DubaugError, match=r"cannot be kept.*XDG_CACHE_HOME"):
        load_checkpoint(file, published={})


# Demucs's published models, from a server of our own


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of published models with a bag of two and a quantised one, and a server that has some of the files."""
    lists, server = tmp_path / "remote", tmp_path / "server"
    lists.mkdir()
    files = [write_th(server, signature, package(make_network(seed=seed), half=False))
             for seed, signature in enumerate(("aaaa0000", "bbbb0000"))]  # fmt: skip
    (lists / "files.txt").write_text("# Models\nroot: there/\n" + "".join(f"{file.name}\n" for file in files))
    (lists / "mix.yaml").write_text("models: ['aaaa0000', 'bbbb0000']\nsegment: 44\n")

    def download(url: str, target: str, **_: Any) -> None:
        if not server.is_dir():
            raise urllib.error.URLError("Network is unreachable")
        shutil.copy(server / url.rsplit("/", 1)[1], target)

    def no_page(*_: Any, **__: Any) -> None:
        raise OSError("no route to the hub")

    monkeypatch.setattr("demucs.pretrained.REMOTE_ROOT", lists)
    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", no_page)
    return server


def test_published_pickles_are_fetched_and_converted_once(remote: Path, settings: Any, cache: Path) -> None:
    separation = settings(model="mix", repository=None)
    model = load_model(separation)
    assert model.segment_s == 44
    assert [path.name[:9] for path in sorted(cache.iterdir())] == ["aaaa0000-", "bbbb0000-"]
    for seed, member in enumerate(model.network.models):
        assert_same_state(member, make_network(seed=seed))


def test_converted_once_neither_pickle_nor_network_is_needed(
    remote: Path, settings: Any, tmp_path: Path, request: Any
) -> None:
    separation = settings(model="mix", repository=None)
    fingerprint = load_model(separation).fingerprint()
    shutil.rmtree(remote)
    shutil.rmtree(tmp_path / "torch")
    request.getfixturevalue("refuse_unpickling")
    assert load_model(separation).fingerprint() == fingerprint


@pytest.mark.parametrize("what", ["pickles", "converted"])
def test_a_published_bags_files_alone_make_a_repository(
    what: str, remote: Path, settings: Any, tmp_path: Path, cache: Path
) -> None:
    fingerprint = load_model(settings(model="mix", repository=None)).fingerprint()
    folder = tmp_path / "copied"
    shutil.copytree(remote if what == "pickles" else cache, folder)
    shutil.rmtree(cache)
    assert load_model(settings(model="mix", repository=str(folder))).fingerprint() == fingerprint


def test_a_download_that_is_not_what_was_published_is_refused_unopened(
    remote: Path, settings: Any, tmp_path: Path, refuse_unpickling: None
) -> None:
    mark = tmp_path / "executed"
    for file in remote.iterdir():
        torch.save(Evil(mark), file)
    with pytest.raises(DubaugError, match="not what was published"):
        load_model(settings(model="mix", repository=None))
    assert not mark.exists()


def test_offline_names_the_key_and_the_way_out(remote: Path, settings: Any) -> None:
    shutil.rmtree(remote)
    with pytest.raises(DubaugError, match=r"mix.*Network is unreachable.*separation\.repository"):
        load_model(settings(model="mix", repository=None))


def test_unknown_published_model_is_told_before_any_download(settings: Any) -> None:
    with pytest.raises(ConfigError, match=r"separation\.model.*'mdx_extra_z'.*mdx_extra_q"):
        load_model(settings(model="mdx_extra_z", repository=None))


@pytest.mark.skipif(importlib.util.find_spec("diffq") is not None, reason="diffq is installed")
def test_missing_diffq_names_the_extra(settings: Any) -> None:
    with pytest.raises(DubaugError, match=r"pip install dubaug\[separation\]"):
        load_model(settings(model="mdx_extra_q", repository=None))


def hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Hugging Face's pages out of a folder; returns what is asked for."""
    asked: list[str] = []

    def download(page: str, name: str) -> str:
        asked.append(f"{page}/{name}")
        return str(folder / name)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    return asked


def test_hugging_faces_files_go_first(
    remote: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, refuse_unpickling: None, cache: Path
) -> None:
    asked = hub(tmp_path, monkeypatch)
    write_hugging_face(tmp_path / "cccc0000.safetensors", make_network(HTDemucs, seed=3))
    (tmp_path / "mix.yaml").write_text("models: ['cccc0000']\n")
    model = load_model(settings(model="mix", repository=None))
    assert asked == ["adefossez/Demucs-mix/mix.yaml", "adefossez/Demucs-mix/cccc0000.safetensors"]
    assert_same_state(model.network.models[0], make_network(HTDemucs, seed=3))
    assert not cache.exists()  # nothing to convert
    load_model(settings(model="hf://someone/mix", repository=None))
    assert asked[-1] == "someone/Demucs-mix/cccc0000.safetensors"


def test_a_page_may_name_demucs_classes_only(
    remote: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub(tmp_path, monkeypatch)
    (tmp_path / "mix.yaml").write_text("models: ['cccc0000']\n")
    mark = tmp_path / "executed"
    evil = {"klass": "os.system", "args": json.dumps([f"touch {mark}"]), "kwargs": "{}"}
    save_file({"x": torch.zeros(1)}, tmp_path / "cccc0000.safetensors", evil)
    with pytest.raises(DubaugError, match=r"its class is 'os\.system'"):
        load_model(settings(model="mix", repository=None))
    network = {"klass": "demucs.hdemucs.HDemucs", "args": "[]", "kwargs": json.dumps({"sources": ["a", "b"]})}
    state = {"_dict": [["__quantized", True], ["meta", {"_dict": [["klass", {"_class": "os.system"}]]}]]}
    evil = {**network, "structure": json.dumps(state)}
    save_file({"x": torch.zeros(1)}, tmp_path / "cccc0000.safetensors", evil)
    with pytest.raises(DubaugError, match=r"names the class 'os\.system'"):
        load_model(settings(model="mix", repository=None))
    assert not mark.exists()


# Quantised models


def quantised(kind: str, **arguments: Any) -> tuple[Any, Any]:
    """A network that computes with its quantised weights, and what quantises them."""
    import diffq

    network = make_network(channels=16, **arguments).train()
    if kind == "uniform":
        quantizer = diffq.UniformQuantizer(network, bits=8, min_size=0.01)
    else:
        quantizer = diffq.DiffQuantizer(network, min_size=0.01, group_size=8)
    return network.eval(), quantizer


@needs_diffq
@pytest.mark.parametrize("kind", ["uniform", "diffq"])
@pytest.mark.parametrize("form", ["pickle", "hugging face"])
def test_quantised_weights_are_stored_plain_once(
    kind: str, form: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, quantizer = quantised(kind)
    if form == "pickle":
        file = write_th(tmp_path / "models", "0123abcd", package(network, quantizer=quantizer))
    else:
        file = tmp_path / "0123abcd.safetensors"
        write_hugging_face(file, network, quantizer=quantizer)
    loaded = load_checkpoint(file, published={})
    sound_BCS = torch.randn(1, 2, 8000)
    with torch.inference_mode():
        expected = network(sound_BCS)
        torch.testing.assert_close(loaded(sound_BCS), expected)
        quantizer.detach()
        assert (network(sound_BCS) - expected).abs().max() > 1e-4  # its weights are other ones than the quantised
    (converted,) = cache.iterdir()
    with safe_open(str(converted), framework="pt") as opened:
        assert "structure" not in opened.metadata()
        assert opened.metadata()["converted_from_sha256"] == sha256_of(file)
    monkeypatch.setattr("diffq.restore_quantized_state", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert_same_state(load_checkpoint(file, published={}), loaded)


@needs_diffq
def test_a_quantised_bag_of_four_with_weights_as_the_papers_model(tmp_path: Path, settings: Any) -> None:
    networks, folder = [], tmp_path / "models"
    for seed in range(4):
        network, quantizer = quantised("diffq", seed=seed)
        write_th(folder, f"{seed}000abcd", package(network, quantizer=quantizer))
        networks.append(network)
    weights = [[1.0, 0.0, 1.0], [0.5, 1.0, 0.0], [0.0, 0.5, 2.0], [1.0, 1.0, 1.0]]
    names = ", ".join(f"{seed}000abcd" for seed in range(4))
    (folder / "small_q.yaml").write_text(f"models: [{names}]\nsegment: 44\nweights: {json.dumps(weights)}\n")
    separation = settings(model="small_q", repository=str(folder))
    model = load_model(separation)
    assert model.segment_s == 44
    sound_BCS = torch.randn(1, 2, 8000)
    expected = apply_model(BagOfModels(networks, weights), sound_BCS, shifts=0, split=False)
    torch.testing.assert_close(apply_model(model.network, sound_BCS, shifts=0, split=False), expected)
    assert load_model(separation).fingerprint() == model.fingerprint()


@needs_diffq
def test_without_diffq_a_quantised_pickle_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, quantizer = quantised("diffq")
    file = write_th(tmp_path, "0123abcd", package(network, quantizer=quantizer))
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name.startswith("diffq") else found(name))
    with pytest.raises(DubaugError, match=r"pip install dubaug\[separation\]"):
        load_checkpoint(file, published={})
    assert not cache_folder().exists()
