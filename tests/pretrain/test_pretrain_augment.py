import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms.v2 import RandAugment

from dubaug.config import Augmentation
from dubaug.pretrain.augment import audio_views, rescale_and_crop, video_views
from dubaug.pretrain.randaugment import rand_augment
from dubaug.pretrain.views import OPERATIONS, AudioView, VideoView, draw_audio, draw_video
from dubaug.seeding import item_rng

PAPER = Augmentation(
    height_min=256,
    height_max=320,
    randaugment_layers=1,
    randaugment_magnitude=9,
    mask_probability=0.5,
    time_mask_max=0.25,
    frequency_mask_max=0.25,
)
TORCHVISION = {
    "identity": "Identity", "shear_x": "ShearX", "shear_y": "ShearY", "translate_x": "TranslateX",
    "translate_y": "TranslateY", "rotate": "Rotate", "brightness": "Brightness", "color": "Color",
    "contrast": "Contrast", "sharpness": "Sharpness", "posterize": "Posterize", "solarize": "Solarize",
    "autocontrast": "AutoContrast", "equalize": "Equalize",
}  # fmt: skip


def clips(count, height=37, width=45, frames=3):
    """Smooth pictures with some structure, and one flat one, as float clips in 0..1."""
    generator = torch.Generator().manual_seed(count)
    coarse = torch.rand(count * frames, 3, 6, 7, generator=generator)
    fine = F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    fine += 0.02 * torch.rand(fine.shape, generator=generator)
    video = fine.clamp(0, 1).view(count, frames, 3, height, width).transpose(1, 2).contiguous()
    video[0, 1] = 0.25
    return video


@pytest.mark.parametrize("magnitude", [0, 9, 30])
@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_equals_torchvision(name, magnitude):
    video = clips(2)
    reference = RandAugment(magnitude=magnitude)
    transform = TORCHVISION[name]
    magnitudes, signed = reference._AUGMENTATION_SPACE[transform]
    table = magnitudes(reference.num_magnitude_bins, *video.shape[-2:])
    level = 0.0 if table is None else float(table[magnitude])
    for sign in (1, -1) if signed else (1,):
        ours = rand_augment(video, [OPERATIONS.index(name)] * 2, [sign] * 2, magnitude=magnitude)
        for clip, result in zip(video, ours, strict=True):
            expected = reference._apply_image_or_video_transform(
                clip.transpose(0, 1),
                transform,
                level * sign,
                interpolation=reference.interpolation,
                fill=reference._fill,
            ).transpose(0, 1)
            differs = (result - expected).abs() > 1e-5
            # nearest neighbours exactly between two pixels, and values exactly on a threshold, may fall either way
            assert differs.float().mean() < (
                5e-3 if name in {"rotate", "shear_x", "shear_y", "equalize", "solarize"} else 1e-9
            )


def test_clips_of_one_batch_get_their_own_operation_and_direction():
    video = clips(5)
    operations = [OPERATIONS.index(n) for n in ("brightness", "rotate", "identity", "brightness", "translate_x")]
    signs = [1, -1, 1, -1, 1]
    together = rand_augment(video, operations, signs, magnitude=9)
    for n in range(5):
        alone = rand_augment(video[n : n + 1], operations[n : n + 1], signs[n : n + 1], magnitude=9)
        torch.testing.assert_close(together[n : n + 1], alone)
    assert torch.equal(together[2], video[2])
    assert together[0].mean() > video[0].mean()
    assert together[3].mean() < video[3].mean()


def view(**values):
    sizes = {"source_height": 20, "source_width": 30, "height": 26, "width": 39, "top": 3, "left": 7}
    return VideoView(**{**sizes, "operations": (), "signs": (), **values})


@pytest.mark.parametrize(
    "shape",
    [
        view(),
        view(top=10, left=23),
        view(height=16, width=24, top=0, left=8),
        view(height=40, width=60, top=24, left=44),
    ],
)
def test_rescale_and_crop_equals_interpolate_and_slice(shape):
    frames = torch.randint(0, 256, (1, 2, 20, 30, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images = frames[0].permute(0, 3, 1, 2).float() / 255
    scaled = F.interpolate(images, (shape.height, shape.width), mode="bilinear", antialias=True)
    expected = scaled[..., shape.top : shape.top + 16, shape.left : shape.left + 16].transpose(0, 1)
    result = rescale_and_crop(frames, [shape], crop=16)[0]
    torch.testing.assert_close(result, expected, rtol=0, atol=2e-6)


def test_padding_beside_a_smaller_picture_is_not_seen():
    small = torch.randint(0, 256, (1, 2, 20, 30, 3), dtype=torch.uint8)
    padded = torch.full((2, 2, 24, 50, 3), 255, dtype=torch.uint8)
    padded[0, :, :20, :30] = small[0]
    views = [view(top=10, left=23), view(source_height=24, source_width=50)]
    torch.testing.assert_close(
        rescale_and_crop(padded, views, crop=16)[:1], rescale_and_crop(small, views[:1], crop=16), rtol=0, atol=1e-6
    )


def test_all_frames_of_a_clip_are_treated_alike():
    frame = torch.randint(0, 256, (6, 1, 36, 64, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    views = [draw_video(item_rng(n), height=36, width=64, crop=32, augmentation=small()) for n in range(6)]
    video = video_views(frame.expand(-1, 4, -1, -1, -1), views, crop=32, magnitude=9)
    assert video.shape == (6, 3, 4, 32, 32)
    assert torch.equal(video, video[:, :, :1].expand_as(video))
    assert float(video.min()) >= 0
    assert float(video.max()) <= 1


def small():
    from dataclasses import replace

    return replace(PAPER, height_min=32, height_max=40)


def test_drawn_video_views_cover_the_papers_ranges():
    views = [draw_video(item_rng(n), height=180, width=320, crop=224, augmentation=PAPER) for n in range(3000)]
    heights = {v.height for v in views}
    assert (min(heights), max(heights)) == (256, 320)
    assert all(0 <= v.top <= v.height - 224 and 0 <= v.left <= v.width - 224 for v in views)
    assert {v.top for v in views} >= {0, 32, 64}
    counts = np.bincount([v.operations[0] for v in views], minlength=len(OPERATIONS))
    assert counts.min() > 3000 / len(OPERATIONS) * 0.7
    assert 0.45 < np.mean([v.signs[0] == 1 for v in views]) < 0.55


def test_a_portrait_picture_is_scaled_until_it_is_as_wide_as_the_crop():
    drawn = draw_video(item_rng(0), height=180, width=100, crop=224, augmentation=PAPER)
    assert drawn.width >= 224
    assert drawn.left + 224 <= drawn.width


def test_views_repeat_for_the_same_key_alone():
    def draw(*key):
        return draw_video(item_rng(*key), height=180, width=320, crop=224, augmentation=PAPER)

    assert draw(0, 1, "film", 2, "video") == draw(0, 1, "film", 2, "video")
    others = [draw(1, 1, "film", 2, "video"), draw(0, 2, "film", 2, "video"), draw(0, 1, "film", 3, "video")]
    assert all(other != draw(0, 1, "film", 2, "video") for other in others)


def test_masks_come_with_their_probability_and_within_their_width():
    views = [draw_audio(item_rng(n), frames=280, bins=96, augmentation=PAPER) for n in range(4000)]
    assert 0.46 < np.mean([v.time_width > 0 for v in views]) < 0.54
    assert 0.46 < np.mean([v.frequency_width > 0 for v in views]) < 0.54
    assert 0.21 < np.mean([v.time_width > 0 and v.frequency_width > 0 for v in views]) < 0.29
    assert max(v.time_width for v in views) == 70
    assert max(v.frequency_width for v in views) == 24
    assert max(v.time_start + v.time_width for v in views) == 280


def test_masked_cells_take_the_clips_mean_and_no_others_change():
    mels = torch.randn(3, 2, 12, 8, generator=torch.Generator().manual_seed(0)).half()
    views = [
        AudioView(time_start=2, time_width=3, frequency_start=0, frequency_width=0),
        AudioView(time_start=0, time_width=0, frequency_start=6, frequency_width=2),
        AudioView(time_start=0, time_width=0, frequency_start=0, frequency_width=0),
    ]
    result = audio_views(mels, views)
    expected = mels.float().numpy().copy()
    for n, v in enumerate(views):
        mean = expected[n].mean()
        expected[n, :, v.time_start : v.time_start + v.time_width] = mean
        expected[n, :, :, v.frequency_start : v.frequency_start + v.frequency_width] = mean
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-6)
