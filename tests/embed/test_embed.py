from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dubaug.config import Encoders, Mel
from dubaug.downstream.features import TaskFeatures
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.embed import cache
from dubaug.embed.cache import cache_path, embedding
from dubaug.embed.embed import embed
from dubaug.encoders.acoustic_resnet import AcousticResNet
from dubaug.encoders.encoder import Encoder
from dubaug.encoders.x3d import X3D
from dubaug.errors import DubaugError
from dubaug.files import sha256_of
from dubaug.media import jpeg
from dubaug.pretrain.checkpoint import EncoderSpec, TrainedEncoders
from dubaug.shards.format import ShardReader, ShardWriter

ENCODERS = Encoders(
    embedding_dim=12,
    dropout=0.5,
    video=X3D(crop=32, width_factor=1.0, depth_factor=1.0, stem_width=8, head_width=32),
    audio=AcousticResNet(depth=50, stem_width=4),
    projection_hidden=8,
    projection_dim=4,
)
MEL = Mel(n_fft=1024, hop_length=4096, n_mels=32, floor=1e-10)
FRAMES = 4
SQUARE = 40
WINDOWS = (1, 3, 2, 1, 4)


def shape(rate_hz: int) -> tuple[int, int, int]:
    return (2, MEL.frames(3 * rate_hz), MEL.n_mels)


def make_encoders(*, rate_hz: int = 48000, video: bool = True, frames: int = FRAMES) -> TrainedEncoders:
    spec = EncoderSpec(
        variant="av",
        seed=0,
        epoch=1,
        experiment="x",
        encoders=ENCODERS,
        mel=MEL,
        sample_rate_hz=rate_hz,
        duration_s=3.0,
        frames=frames,
    )
    torch.manual_seed(0)
    audio, picture = Encoder(ENCODERS, "audio", spec), Encoder(ENCODERS, "video", spec) if video else None
    for module in (audio, picture):
        for layer in module.modules() if module else ():
            if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):  # statistics as after training
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
    return TrainedEncoders(audio=audio.eval(), video=None if picture is None else picture.eval(), spec=spec)


@pytest.fixture(scope="session")
def encoders() -> TrainedEncoders:
    return make_encoders()


@pytest.fixture
def make_features(tmp_path: Path) -> Callable[..., TaskFeatures]:
    def make(*, with_frames: bool = True, rates_hz: tuple[int, ...] = (48000, 44100)) -> TaskFeatures:
        rng = np.random.default_rng(0)
        path = tmp_path / "data.arrow"
        shapes = {str(rate_hz): shape(rate_hz) for rate_hz in rates_hz}
        with ShardWriter(path, metadata={}, mel_shapes=shapes, with_frames=with_frames) as writer:
            for item, count in enumerate(WINDOWS):
                for window in range(count):
                    # coarse blocks, which JPEG keeps
                    small = rng.integers(0, 256, (FRAMES, 5, 5, 3), dtype=np.uint8)
                    frames = small.repeat(8, axis=1).repeat(8, axis=2)
                    writer.add(
                        item=str(item),
                        index=window,
                        start_s=3.0 * window,
                        frames_jpeg=jpeg.encode(frames, 95) if with_frames else None,
                        mels={track: rng.normal(-5, 3, size) for track, size in shapes.items()},
                    )
        n = len(WINDOWS)
        dataset = Dataset(
            items=tuple(Item(id=str(number), audio=Path("a.wav"), video=None) for number in range(n)),
            splits=(Split(name="test", train=(0, 1, 2), valid=(3,), test=(4,)),),
            kind="multiclass",
            classes=(("a", "b"),),
            targets=np.zeros(n, dtype=np.int64),
            metrics=("top1_acc",),
        )
        return TaskFeatures(
            task="task",
            dataset=dataset,
            reader=ShardReader(path),
            window_items=np.repeat(np.arange(n), WINDOWS),
            sha256=sha256_of(path),
        )

    return make


def slow(features: TaskFeatures, encoders: TrainedEncoders, modality: str) -> np.ndarray:
    """Window by window, item by item."""
    rows = []
    with torch.no_grad():
        for item in range(features.dataset.n_items):
            outputs = []
            for row in range(len(features.reader)):
                if features.reader.item(row) != str(item):
                    continue
                if modality == "A":
                    track = str(encoders.spec.sample_rate_hz)
                    mel = torch.tensor(features.reader.mel(row, track).astype(np.float32))
                    outputs.append(encoders.audio(mel[None])[0])
                else:
                    edge = (SQUARE - 32) // 2
                    frames = features.reader.frames(row)[:, edge : edge + 32, edge : edge + 32]
                    video = torch.tensor(frames).permute(3, 0, 1, 2)[None] / 255
                    assert encoders.video is not None
                    outputs.append(encoders.video(video)[0])
            rows.append(torch.stack(outputs).mean(0).numpy())
    return np.stack(rows)


@pytest.mark.parametrize("modality", ["A", "V"])
@pytest.mark.parametrize("batch", [1, 4, 64])
def test_equals_a_slow_loop_whatever_the_batch(make_features, encoders, modality: str, batch: int) -> None:
    features = make_features()
    result = embed(features, encoders, modality=modality, batch=batch, device="cpu")
    assert (result.shape, result.dtype) == ((5, 12), np.float32)
    np.testing.assert_allclose(result, slow(features, encoders, modality), atol=1e-5, rtol=1e-5)
    assert np.ptp(result, axis=0).max() > 1e-3  # recordings differ: otherwise equality would say nothing


def test_the_track_of_the_encoders_rate_is_taken(make_features) -> None:
    features, encoders = make_features(), make_encoders(rate_hz=44100, video=False)
    result = embed(features, encoders, modality="A", batch=8, device="cpu")
    np.testing.assert_allclose(result, slow(features, encoders, "A"), atol=1e-5)


def test_what_does_not_fit_is_said(make_features, encoders) -> None:
    with pytest.raises(DubaugError, match=r"task.*at 44100 Hz.*have 48000 Hz"):
        embed(
            make_features(rates_hz=(48000,)),
            make_encoders(rate_hz=44100, video=False),
            modality="A",
            batch=8,
            device="cpu",
        )
    with pytest.raises(DubaugError, match="has no video: its modality must be A"):
        embed(make_features(with_frames=False), encoders, modality="V", batch=8, device="cpu")
    with pytest.raises(DubaugError, match="the av encoders have none"):
        embed(make_features(), make_encoders(video=False), modality="V", batch=8, device="cpu")
    with pytest.raises(DubaugError, match=r"4 frames of 40 x 40.* take 2 of 32 x 32"):
        embed(make_features(), make_encoders(frames=2), modality="V", batch=8, device="cpu")


# The cache


def test_made_once_and_reused_by_both(make_features, encoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def noting(*arguments: object, **keys: object) -> np.ndarray:
        made.append(str(keys["modality"]))
        return embed(*arguments, **keys)  # type: ignore[arg-type]

    monkeypatch.setattr(cache, "embed", noting)
    features, loads = make_features(), []

    def load() -> TrainedEncoders:
        loads.append(1)
        return encoders

    def get(modality: str, checkpoint: str = "c" * 64) -> np.ndarray:
        return embedding(
            features,
            load,
            checkpoint_sha256=checkpoint,
            modality=modality,  # type: ignore[arg-type]
            work_dir=tmp_path / "work",
            batch=8,
            device="cpu",
        )

    sound = get("A")
    both = get("AV")
    assert made == ["A", "V"]
    np.testing.assert_array_equal(both, np.concatenate([sound, get("V")], axis=1))
    np.testing.assert_array_equal(get("AV"), both)
    assert (made, len(loads)) == (["A", "V"], 2)
    get("A", checkpoint="d" * 64)
    assert made == ["A", "V", "A"]
    names = sorted(path.name for path in (tmp_path / "work").iterdir())
    assert len(names) == 3
    assert all(name.endswith(".safetensors") for name in names)


def test_a_broken_cache_file_is_named(make_features, encoders, tmp_path: Path) -> None:
    features = make_features()
    path = cache_path(tmp_path, checkpoint_sha256="c" * 64, features_sha256=features.sha256, modality="A")
    path.write_bytes(b"cut short")
    with pytest.raises(DubaugError, match=r"-A-v1\.safetensors holds no embeddings.*delete it"):
        embedding(
            features,
            lambda: encoders,
            checkpoint_sha256="c" * 64,
            modality="A",
            work_dir=tmp_path,
            batch=8,
            device="cpu",
        )
