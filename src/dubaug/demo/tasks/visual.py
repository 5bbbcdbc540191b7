"""VGGSound (sight and sound of one kind), UCF101 and HMDB51 (motion patterns), as published.

VGGSound has no official folder for the videos; here `videos/<youtube_id>_<start, six digits>.mp4`, the name that its
authors' tools give. Clips last 3.2 s instead of 10. HMDB51 lies as its archives unpack, under `videos/<action>/`.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from dubaug.config import Demo
from dubaug.demo import scenes
from dubaug.demo.plans import make_plan
from dubaug.demo.tasks import motion
from dubaug.demo.tasks.plan import FilePlan, Miniature, Render, table
from dubaug.demo.tasks.video import write_avi, write_mp4
from dubaug.demo.tasks.waves import OUT_RATE_HZ, at_level, coloured, mix, noise
from dubaug.seeding import item_rng

VGGSOUND_S = 3.2
ACTION_S = 3.0
YOUTUBE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
VGGSOUND_KINDS: Mapping[str, str] = {
    "bird chirping, tweeting": "birds",
    "dog barking": "dog",
    "engine accelerating, revving, vroom": "engine",
    "fire crackling": "fire",
    "helicopter": "helicopter",
    "ocean burbling": "waves",
    "playing drum kit": "drum",
    "raining": "rain",
    "telephone bell ringing": "phone",
    "train wheels squealing": "train",
}
"""The published labels that the films' kinds of scene can fill (some have commas, and so stand quoted in the CSV)."""


def _write_vggsound(path: Path, rng: np.random.Generator, *, kind: str) -> None:
    """Write a clip of `kind`, seen and heard, with a camera's microphone and other sounds behind."""
    fps = 10
    plan = make_plan(kind, seconds=VGGSOUND_S, rng=rng)
    frames_THWC = scenes.picture_of(plan, fps=fps, height=180, width=320)
    sound_CS = scenes.sound_of(plan, sample_rate_hz=OUT_RATE_HZ)
    behind = noise(sound_CS.shape[-1], rng, spread_db=6.0, rate_hz=OUT_RATE_HZ)
    sound_CS = mix(coloured(sound_CS, rng, spread_db=5.0, rate_hz=OUT_RATE_HZ), behind, snr_db=rng.uniform(0.0, 18.0))
    write_mp4(path, frames_THWC, at_level(sound_CS, rng.uniform(-32.0, -16.0)), fps=fps, rate_hz=OUT_RATE_HZ)


def plan_vggsound(demo: Demo) -> FilePlan:
    """Ten of the published classes; three of four clips are for training."""
    rows: list[tuple[str, int, str, str]] = []
    media: dict[str, Render] = {}
    for label, kind in VGGSOUND_KINDS.items():
        for index in range(max(2, demo.items_per_class)):
            rng = item_rng(demo.seed, "tasks", "vggsound", kind, index)
            youtube_id = "".join(rng.choice(list(YOUTUBE_ALPHABET), 11))
            start_s = int(rng.integers(0, 300))
            rows.append((youtube_id, start_s, label, "test" if index % 4 == 1 else "train"))
            media[f"videos/{youtube_id}_{start_s:06d}.mp4"] = partial(_write_vggsound, kind=kind)
    return FilePlan(texts={"vggsound.csv": table(rows)}, media=media)


def _write_action(
    path: Path, rng: np.random.Generator, *, action: motion.Motion, look: tuple[str | int, ...], fps: int
) -> None:
    """Write a silent clip of a motion; clips of one `look` share colours and background."""
    # Every other picture is its neighbour again: half the work, and still 12 or 15 in a second.
    frames = motion.draw(action, seconds=ACTION_S, fps=fps / 2, height=240, width=320, look=item_rng(*look), rng=rng)
    twice = [picture for picture in frames for _ in range(2)]
    write_avi(path, twice[: round(ACTION_S * fps)], fps=fps)


def plan_ucf101(demo: Demo) -> FilePlan:
    """One or two clips a group; a third of the groups for testing in each of the three splits."""
    classes = sorted(motion.UCF101)
    media: dict[str, Render] = {}
    lists: dict[str, list[str]] = {f"{part}list0{split}": [] for split in (1, 2, 3) for part in ("train", "test")}
    groups = 3 * max(1, round(demo.items_per_class / 4))
    for number, name in enumerate(classes, start=1):
        for group in range(1, groups + 1):
            look = (demo.seed, "tasks", "ucf101", name, group)
            for clip in range(1, 2 + group % 2):
                video = f"{name}/v_{name}_g{group:02d}_c{clip:02d}.avi"
                media[f"UCF-101/{video}"] = partial(_write_action, action=motion.UCF101[name], look=look, fps=25)
                for split in (1, 2, 3):
                    if group % 3 == split % 3:
                        lists[f"testlist0{split}"].append(video)
                    else:
                        lists[f"trainlist0{split}"].append(f"{video} {number}")
    lists["classInd"] = [f"{number} {name}" for number, name in enumerate(classes, start=1)]
    texts = {f"ucfTrainTestlist/{name}.txt": "".join(f"{line}\r\n" for line in lists[name]) for name in lists}
    return FilePlan(texts=texts, media=media)


def plan_hmdb51(demo: Demo) -> FilePlan:
    """Three splits; in each, of an action's clips, 1 marks training, 2 testing, 0 those left out."""
    media: dict[str, Render] = {}
    texts: dict[str, str] = {}
    count = max(4, demo.items_per_class)
    n_test = round(0.3 * count)
    n_left_out = 1 if count >= 8 else 0
    for name, action in motion.HMDB51.items():
        look = (demo.seed, "tasks", "hmdb51", name)
        videos = [f"Film{index:02d}_{name}_f_cm_np1_fr_med_{index}.avi" for index in range(count)]
        for index, video in enumerate(videos):
            media[f"videos/{name}/{video}"] = partial(_write_action, action=action, look=(*look, index), fps=30)
        for split in (1, 2, 3):
            first = (split - 1) * n_test
            marks = {(first + offset) % count: 2 for offset in range(n_test)}
            marks |= {(first + n_test + offset) % count: 0 for offset in range(n_left_out)}
            lines = [f"{video} {marks.get(index, 1)} \n" for index, video in enumerate(videos)]
            texts[f"testTrainMulti_7030_splits/{name}_test_split{split}.txt"] = "".join(lines)
    return FilePlan(texts=texts, media=media)


MINIATURES = {
    "vggsound": Miniature(folder="vggsound", suite="visual", plan=plan_vggsound),
    "hmdb51": Miniature(folder="hmdb51", suite="visual", plan=plan_hmdb51),
    "ucf101": Miniature(folder="ucf101", suite="visual", plan=plan_ucf101),
}
