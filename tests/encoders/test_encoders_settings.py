"""A family is one file: what a stranger drops into the package trains, is kept, embedded, exported and loaded."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from dubaug.config import Experiment
from dubaug.encoders.settings import AUDIO_FAMILIES, VIDEO_FAMILIES
from dubaug.errors import ConfigError
from dubaug.export.folder import ExportSources, export
from dubaug.files import read_json
from dubaug.hear_api import get_scene_embeddings, load_model
from dubaug.media.mel import log_mel
from dubaug.pretrain.checkpoint import load_encoders
from dubaug.pretrain.learner import Learner
from dubaug.pretrain.processes import Processes
from dubaug.pretrain.state import Progressed, load_state, save_state
from dubaug.pretrain.train import Run, pretrain
from tiny_corpus import TINY, write_tiny_corpus
from toy_families import FRAME_MEAN

NAMED_ELSEWHERE = re.compile(r"x3d|acoustic.?resnet|\.blocks\b|proj\.weight", re.IGNORECASE)


def block_of(page: Path, name: str) -> str:
    """Return a block of docs/extending.md."""
    found = re.search(rf"^```\w+ {re.escape(name)}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    assert found
    return found[1]


@pytest.fixture
def page(repository: Path) -> Path:
    return repository / "docs/extending.md"


@pytest.fixture
def make_toy(
    make_experiment: Callable[..., Experiment], drop_in: Callable[[str, str], None], page: Path
) -> Callable[..., Experiment]:
    """Return a function that makes the tiny experiment with a toy for pictures and the page's network for sound."""
    drop_in("frame_mean", FRAME_MEAN)
    drop_in("mel_cnn", block_of(page, "src/dubaug/encoders/mel_cnn.py"))
    sound = yaml.safe_load(block_of(page, "mel_cnn.yaml"))["encoders"]["audio"]

    def make(**pretraining: Any) -> Experiment:
        encoders = {"video": {"family": "frame_mean", "crop": 20, "side": 4}, "audio": {**sound, "width": 4}}
        keys = {"encoders": {**TINY["encoders"], **encoders}, "pretraining": {**TINY["pretraining"], **pretraining}}
        return make_experiment(**{**TINY, **keys})

    return make


def test_nothing_outside_of_the_package_names_a_network_or_its_layers(repository: Path) -> None:
    source = repository / "src/dubaug"
    named = {
        f"{path.relative_to(source)}:{number}"
        for path in source.rglob("*.py")
        if path.relative_to(source).parts[0] != "encoders"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if NAMED_ELSEWHERE.search(line)
    }
    assert not named


def test_the_lists_are_the_files() -> None:
    assert list(VIDEO_FAMILIES) == ["x3d"]
    assert list(AUDIO_FAMILIES) == ["acoustic_resnet"]
    assert "acoustic_resnet" not in VIDEO_FAMILIES
    assert "encoder" not in AUDIO_FAMILIES


def test_a_toy_trains_is_exported_and_loaded(make_toy: Callable[..., Experiment], tmp_path: Path) -> None:
    toy = make_toy(recompute=True)
    assert list(VIDEO_FAMILIES) == ["frame_mean", "x3d"]
    clips = write_tiny_corpus(tmp_path, toy, ("en", "es", "fr", "ja"))
    run = Run(experiment=toy, variant="efj", seed=0, work_dir=tmp_path / "efj", out=tmp_path / "pretraining.json")
    pretrain(run, clips=clips, separated=None)
    export(ExportSources(manifest=run.out, epoch=None), tmp_path / "out")
    encoders = load_encoders(tmp_path / "out/encoders.safetensors")
    assert encoders.video is not None
    assert (encoders.audio.clip_shape, encoders.video.clip_shape) == ((2, 30, 25), (3, 2, 20, 20))
    assert encoders.audio.net[0].in_channels == 1
    config = read_json(tmp_path / "out/config.json")
    assert config["audio"]["family"] == "mel_cnn"
    assert config["audio"]["architecture"] is None
    assert config["audio"]["input_shape"] == [1, 30, 25]
    card = (tmp_path / "out/README.md").read_text(encoding="utf-8")
    assert "A three-layer CNN for sound (0.00 M weights) and a mean of frames for picture" in card
    assert "mixed down to the mean of both channels' powers" in card
    assert "made by dubaug alone" in card
    assert "pytorchvideo" not in card

    model = load_model(str(tmp_path / "out"))
    sound = torch.rand(2, 16000, generator=torch.Generator().manual_seed(0)) - 0.5
    mel = log_mel(sound[:, None], sample_rate_hz=16000, mel=toy.mel).half().float()
    with torch.inference_mode():
        expected = encoders.audio.net((mel - encoders.audio.family.mean) / encoders.audio.family.std)
    torch.testing.assert_close(get_scene_embeddings(sound, model), expected, rtol=1e-4, atol=1e-5)


def test_weights_without_decay_are_a_group_of_their_own_and_are_continued(
    make_toy: Callable[..., Experiment], tmp_path: Path
) -> None:
    def learner() -> Learner:
        return Learner(make_toy(), "efj", 0, Processes(rank=0, count=1, device=torch.device("cpu")))

    first, again = learner(), learner()
    decayed, apart = first.optimizer.param_groups
    names = {parameter: name for name, parameter in first.model.named_parameters()}
    assert [names[parameter] for parameter in apart["params"]] == ["video.net.1.bias"]
    assert len(decayed["params"]) == len(names) - 1
    assert decayed["weight_decay"] > apart["weight_decay"] == 0.0
    for number, parameter in enumerate(first.model.parameters()):
        parameter.grad = torch.full_like(parameter, number + 1.0)
    first.optimizer.step()
    save_state(tmp_path, first.model, first.optimizer, Progressed(step=1))
    load_state(tmp_path, 1, again.model, again.optimizer)
    for one, other in zip(first.model.parameters(), again.model.parameters(), strict=True):
        torch.testing.assert_close(first.optimizer.state[one], again.optimizer.state[other])


def test_stages_passed_again_have_the_same_dropout(make_toy: Callable[..., Experiment]) -> None:
    def gradients(**keys: Any) -> list[torch.Tensor]:
        model = Learner(make_toy(**keys), "efj", 0, Processes(rank=0, count=1, device=torch.device("cpu"))).model
        assert model.video is not None
        torch.manual_seed(0)
        model.video(torch.rand(8, *model.video.clip_shape)).square().sum().backward()
        return [parameter.grad for parameter in model.video.parameters() if parameter.grad is not None]

    kept, again = gradients(), gradients(recompute=True)
    assert len(kept) == 2
    assert all(torch.equal(one, other) for one, other in zip(kept, again, strict=True))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"family": "mel_cnn", "width": 4, "depth": 3}, "`encoders.audio.depth` is unknown; known here: family, width"),
        ({"family": "mel_cnn", "width": 0}, "`encoders.audio.width`: got 0, expected at least 1"),
        ({"family": "mel_cnn"}, "`encoders.audio.width` is required, and not given"),
        ({"family": "mel_cn"}, "`encoders.audio.family`: got 'mel_cn', expected one of: acoustic_resnet, mel_cnn"),
        ({"family": "x3d"}, "`encoders.audio.family`: got 'x3d', expected one of: acoustic_resnet, mel_cnn"),
    ],
)
def test_each_family_has_its_own_keys(
    make_toy: Callable[..., Experiment], make_experiment: Callable[..., Experiment], keys: dict[str, Any], said: str
) -> None:
    make_toy()
    with pytest.raises(ConfigError) as raised:
        make_experiment(encoders={"audio": keys})
    assert said in str(raised.value)


def test_a_spectrogram_too_small_for_it_is_named_for_the_variant_that_has_it(
    make_toy: Callable[..., Experiment], make_experiment: Callable[..., Experiment]
) -> None:
    make_toy()
    with pytest.raises(ConfigError, match=r"`mel\.n_mels`: got 7, expected at least 8, for the three-layer CNN"):
        make_experiment(encoders={"audio": {"family": "mel_cnn", "width": 4}}, mel={"n_mels": 7})


def test_a_file_that_cannot_be_imported_says_why(
    drop_in: Callable[[str, str], None], make_experiment: Callable[..., Experiment]
) -> None:
    drop_in("broken", "import no_such_name\n")
    with pytest.raises(
        ConfigError, match=r"family`: got 'broken', expected a file of .*; broken\.py has .*no_such_name"
    ):
        make_experiment(encoders={"audio": {"family": "broken"}})
