"""What a person sees of a shard."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from torchaudio.functional import melscale_fbanks

from dubaug.config import Mel
from dubaug.errors import DubaugError
from dubaug.shards.format import ShardReader, ShardWriter
from dubaug.shards.inspect import contact_sheet, describe
from dubaug.shards.sheet import MelAxes, SheetClip, SheetLayout, draw, mel_axes, power_db, read_clip

SHAPE = (2, 7, 5)


def sound_only(path: Path, clips: int, metadata: dict) -> ShardReader:
    with ShardWriter(path, metadata=metadata, mel_shapes={"en": SHAPE}, with_frames=False) as writer:
        for row in range(clips):
            mel = np.full(SHAPE, -row, np.float16)
            writer.add(item="a", index=row, start_s=3.0 * row, frames_jpeg=None, mels={"en": mel})
    return ShardReader(path)


def test_bins_lie_where_the_filters_peak() -> None:
    mel = Mel(n_fft=16384, hop_length=512, n_mels=40, floor=1e-10)
    axes = MelAxes(duration_s=3.0, sample_rate_hz=48000, mel=mel)
    filters_KF = melscale_fbanks(16384 // 2 + 1, 0.0, 24000.0, 40, 48000, norm=None, mel_scale="htk").numpy()
    peaks_hz = filters_KF.argmax(axis=0) * 48000 / 16384
    _, _, low, high = axes.extent(280)
    centres = low + (np.arange(40) + 0.5) * (high - low) / 40
    np.testing.assert_allclose([axes.mels(peak) for peak in peaks_hz], centres, atol=5)


def test_separated_sound_has_its_own_rate(tmp_path: Path) -> None:
    mel = {"n_fft": 1024, "hop_length": 512, "n_mels": 5, "floor": 1e-10}
    metadata = {"clips": {"duration_s": 3.0}, "mel": mel, "separation": {"sample_rate_hz": 44100}}
    axes = mel_axes(sound_only(tmp_path / "a.arrow", 1, metadata))
    assert axes is not None
    assert axes.sample_rate_hz == 44100
    assert mel_axes(sound_only(tmp_path / "b.arrow", 1, {})) is None


def test_power_is_the_channels_mean() -> None:
    mel_CTF = np.log(np.array([[[1.0]], [[3.0]]]))
    assert power_db(mel_CTF).item() == pytest.approx(10 * np.log10(2.0))


def test_a_long_title_is_shortened_and_the_time_kept() -> None:
    clip = SheetClip(title="x" * 50, start_s=3723.0, stills=np.empty((0, 1, 1, 3)), levels_db={})
    assert clip.caption(20) == "x" * 10 + "…  1:02:03"


def test_a_sheet_without_pictures_or_settings_and_with_more_rows(tmp_path: Path) -> None:
    reader = sound_only(tmp_path / "a.arrow", 5, {})
    clips = [read_clip(reader, row, stills=4) for row in range(5)]
    figure = draw(clips, mel_axes(reader), SheetLayout(width=6.8, columns=2))
    images = [axis.images[0] for axis in figure.axes if axis.images]
    assert [float(image.get_array().max()) for image in images] == pytest.approx(
        [-4.343 * row for row in range(5)], abs=0.01
    )
    tops = [axis.get_position().y1 for axis in figure.axes if axis.images]
    assert tops[0] == tops[1] > tops[2] == tops[3] > tops[4] > 0
    plt.close(figure)


def test_it_says_what_cannot_be_drawn(tmp_path: Path) -> None:
    empty = sound_only(tmp_path / "a.arrow", 0, {})
    assert "0 clips" in describe(empty)
    with pytest.raises(DubaugError, match="holds no clips"):
        contact_sheet(empty, tmp_path / "sheet.png", clips=4)
    with pytest.raises(DubaugError, match="--clips 0"):
        contact_sheet(sound_only(tmp_path / "b.arrow", 1, {}), tmp_path / "sheet.png", clips=0)


def test_the_description_counts_and_ranges(tmp_path: Path) -> None:
    text = describe(sound_only(tmp_path / "a.arrow", 5, {"title_id": "a"}))
    assert "5 clips" in text
    assert "mel en 2x7x5, -4.00 to 0.00, mean -2.00" in text
