import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dubaug.config import Experiment
from dubaug.encoders.encoder import Encoder, seed_weights
from dubaug.errors import DubaugError
from dubaug.media.mel import mixed_down
from dubaug.pretrain.checkpoint import METADATA_KEY, EncoderSpec, load_encoders, save_encoders


@pytest.mark.parametrize("part", ["audio", "video"])
def test_on_a_cpu_channels_stay_last_from_the_first_layer_to_the_last(tiny: Experiment, part: str) -> None:
    """A layer that loses the layout costs a third of a step. (For batches below 16 torch itself goes other ways.)"""
    encoder = Encoder(tiny.encoders, part, tiny.window_of("efj"))  # type: ignore[arg-type]
    encoder.lay_out_weights()
    lost = []

    def look(layer: torch.nn.Module, _inputs: object, output: torch.Tensor) -> None:
        if output.dim() == 5 and not output.is_contiguous(memory_format=torch.channels_last_3d):
            lost.append(layer)

    for stage in encoder.stages[:-1]:
        for layer in stage.modules():
            layer.register_forward_hook(look)
    encoder(torch.rand(16, *encoder.clip_shape))
    assert not lost, "each but the head, whose last layer is a linear one"


def test_one_channel_has_the_mean_of_both_channels_powers() -> None:
    power_BCTF = torch.rand(3, 2, 4, 5, dtype=torch.float64) + 1e-10
    one_B1TF = mixed_down(power_BCTF.log(), 1)
    torch.testing.assert_close(one_B1TF.exp(), power_BCTF.mean(1, keepdim=True))
    assert torch.equal(mixed_down(power_BCTF, 2), power_BCTF)
    alike = torch.full((1, 2, 1, 1), -23.0)
    torch.testing.assert_close(mixed_down(alike, 1), alike[:, :1])


def write_checkpoint(path: Path, tiny: Experiment, family: str | None) -> Path:
    """Write one whose audio family is another, or not said."""
    seed_weights(0, "audio")
    window = tiny.window_of("a")
    spec = EncoderSpec(
        variant="a", seed=0, epoch=1, experiment="x", encoders=tiny.encoders, mel=window.mel,
        sample_rate_hz=window.sample_rate_hz, duration_s=window.duration_s, frames=window.frames,
    )  # fmt: skip
    save_encoders(path, audio=Encoder(tiny.encoders, "audio", spec), video=None, spec=spec)
    assert load_encoders(path).spec == spec
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        metadata = json.loads(file.metadata()[METADATA_KEY])
    assert metadata["encoders"]["audio"].pop("family") == "acoustic_resnet"
    if family is not None:
        metadata["encoders"]["audio"]["family"] = family
    save_file(load_file(path), path, metadata={METADATA_KEY: json.dumps(metadata)})
    return path


def test_a_checkpoint_that_does_not_say_its_family_is_of_another_version(tiny: Experiment, tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "old.safetensors", tiny, None)
    with pytest.raises(
        DubaugError, match=r"old\.safetensors is no checkpoint of this version \(.*encoders\.audio\.family.*run its"
    ):
        load_encoders(path)


@pytest.mark.parametrize("family", ["mine", "os", "../evil", "x3d"])
def test_a_checkpoint_of_a_family_that_is_not_here_asks_for_its_file(
    tiny: Experiment, tmp_path: Path, family: str
) -> None:
    """Nothing outside of the package is imported, whatever a file says."""
    path = write_checkpoint(tmp_path / "theirs.safetensors", tiny, family)
    with pytest.raises(DubaugError, match=r"its audio encoder is of the family .*acoustic_resnet are\).*copy its file"):
        load_encoders(path)
