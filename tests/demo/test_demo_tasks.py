"""The miniatures: read by the loaders of the real data sets, deterministic, whole or not there."""

import csv
import json
from collections import Counter
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import yaml

from dubaug.config import Demo, DemoFilms
from dubaug.demo.tasks import build, hares, motion, waves
from dubaug.demo.tasks.imitation import imitated
from dubaug.demo.tasks.plan import FilePlan, Miniature, cycle, folds, shares
from dubaug.demo.voices import load_bank
from dubaug.downstream import load_dataset
from dubaug.downstream.checks import check_splits
from dubaug.errors import DubaugError
from dubaug.seeding import item_rng

DEMO = Demo(
    directory="unused", seed=2304, films=DemoFilms(titles=1, scenes_per_title=1, scene_s=3.0), items_per_class=8
)
NAMES = sorted(build.MINIATURES)
LAYOUTS = {name: mini.folder if mini.suite != "hear" else "hear" for name, mini in build.MINIATURES.items()}
LAYOUTS |= {"tut18": "tut18", "fluent_speech_commands": "fluent_speech_commands"}

EXPECTED = {  # FACTS.md section 3 and 4: splits, kind, primary metric; classes of the miniature
    "esc50": (5, "multiclass", "top1_acc", 10),
    "fsd50k": (1, "multilabel", "mAP", 10),
    "vocal_imitation": (3, "multiclass", "mAP", 8),
    "crema_d": (5, "multiclass", "top1_acc", 6),
    "gtzan_music_speech": (10, "multiclass", "top1_acc", 2),
    "libricount": (5, "multiclass", "top1_acc", 6),
    "speech_commands_5h": (1, "multiclass", "top1_acc", 12),
    "speech_commands_full": (1, "multiclass", "top1_acc", 12),
    "voxlingua10": (5, "multiclass", "top1_acc", 10),
    "tut18": (1, "multiclass", "top1_acc", 10),
    "fluent_speech_commands": (1, "multihead", "top1_acc", 6),
    "voxforge": (1, "multiclass", "top1_acc", 6),
    "vggsound": (1, "multiclass", "top1_acc", 10),
    "hmdb51": (3, "multiclass", "top1_acc", 6),
    "ucf101": (3, "multiclass", "top1_acc", 8),
}


@pytest.fixture(scope="module")
def plans() -> dict[str, FilePlan]:
    return {name: mini.plan(DEMO) for name, mini in build.MINIATURES.items()}


def laid_out(folder: Path, plan: FilePlan) -> Path:
    """Write a plan's lists for real and its media as empty files: enough for a loader, which opens no media."""
    build.write_texts(folder, plan)
    for relative in plan.media:
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder / relative).touch()
    return folder


def test_folders_are_those_of_the_demo_configuration(repository: Path) -> None:
    tasks = yaml.safe_load((repository / "workflow/config/demo.yaml").read_text(encoding="utf-8"))["tasks"]
    configured = {task["path"].removeprefix("data/demo/") for task in tasks.values()}
    assert {mini.folder for mini in build.MINIATURES.values()} == configured
    for name, mini in build.MINIATURES.items():
        assert tasks[name]["suite"] == mini.suite


@pytest.mark.parametrize("name", NAMES)
def test_the_loader_of_the_real_data_set_reads_it(name: str, plans: dict[str, FilePlan], tmp_path: Path) -> None:
    dataset = load_dataset(LAYOUTS[name], laid_out(tmp_path / "data", plans[name]))
    n_splits, kind, metric, n_classes = EXPECTED[name]
    assert (len(dataset.splits), dataset.kind, dataset.metrics[0]) == (n_splits, kind, metric)
    assert len(dataset.classes[0]) == n_classes
    assert len(dataset.items) == len([path for path in plans[name].media if not path.startswith("etc")])
    for split in dataset.splits:
        parts = [set(split.train), set(split.valid), set(split.test)]
        assert not parts[0] & parts[1]
        assert not parts[0] & parts[2]
        for members in (split.train, split.test):  # something of each class to learn from and to be tested on
            if dataset.kind == "multilabel":
                assert dataset.targets[list(members)].any(axis=0).all()
            elif dataset.kind == "multihead":
                heads = dataset.targets[list(members)].T
                assert [len(set(head)) for head in heads] == [len(classes) for classes in dataset.classes]
            else:
                assert len(set(dataset.targets[list(members)])) == n_classes


@pytest.mark.parametrize("items_per_class", [1, 3, 4, 20])
@pytest.mark.parametrize("name", NAMES)
def test_other_sizes_are_data_sets_too(name: str, items_per_class: int, tmp_path: Path) -> None:
    demo = Demo(directory="unused", seed=1, films=DEMO.films, items_per_class=items_per_class)
    dataset = load_dataset(LAYOUTS[name], laid_out(tmp_path, build.MINIATURES[name].plan(demo)))
    assert all(split.train and split.test for split in dataset.splits)
    small = items_per_class == 1 and name == "fsd50k"  # too few clips for every class in every part
    check_splits(dataset, needs_valid=LAYOUTS[name] == "hear", absent_classes=small)


def test_the_size_follows_items_per_class(plans: dict[str, FilePlan]) -> None:
    more = Demo(directory="unused", seed=2304, films=DEMO.films, items_per_class=40)
    for name, mini in build.MINIATURES.items():
        assert len(mini.plan(more).media) > 2 * len(plans[name].media), name


def test_the_audio_stays_within_the_demos_budget(plans: dict[str, FilePlan]) -> None:
    longest = {"esc50": 2, "vocal_imitation": 4, "crema_d": 2, "libricount": 2, "gtzan_music_speech": 2, "tut18": 3}
    audio = [name for name in NAMES if name not in ("ucf101", "hmdb51", "fsd50k")]
    windows = sum(len(plans[name].media) * longest.get(name, 1) for name in audio)
    assert windows <= 1700
    assert sum(len(plans[name].media) for name in ("vggsound", "ucf101", "hmdb51")) <= 350


def test_speech_commands_sizes_share_validation_and_test(plans: dict[str, FilePlan]) -> None:
    small, full = plans["speech_commands_5h"], plans["speech_commands_full"]
    assert set(small.media) < set(full.media)
    for split in ("valid", "test"):
        assert small.texts[f"{split}.json"] == full.texts[f"{split}.json"]
    assert build.MINIATURES["speech_commands_5h"].source == build.MINIATURES["speech_commands_full"].source
    vocabulary = small.texts["labelvocabulary.csv"].splitlines()
    assert vocabulary[:3] == ["idx,label", "0,_silence_", "1,_unknown_"]
    assert len(vocabulary) == 13


def test_hear_metadata_has_heareval_s_keys(plans: dict[str, FilePlan]) -> None:
    metadata = json.loads(plans["esc50"].texts["task_metadata.json"])
    assert metadata["split_mode"] == "presplit_kfold"
    assert metadata["splits"] == [f"fold{fold:02d}" for fold in range(5)]
    assert metadata["sample_duration"] == 5.0
    assert json.loads(plans["fsd50k"].texts["task_metadata.json"])["sample_duration"] is None
    counts = json.loads(plans["libricount"].texts["fold00.json"])
    assert all(isinstance(label, int) for labels in counts.values() for label in labels)


def test_tut18_tests_on_other_places_than_it_trains_on(plans: dict[str, FilePlan]) -> None:
    texts = plans["tut18"].texts
    meta = {row["filename"]: row for row in csv.DictReader(texts["meta.csv"].splitlines(), delimiter="\t")}
    places = {
        part: {
            (meta[file]["scene_label"], meta[file]["identifier"])
            for file, _ in csv.reader(texts[f"evaluation_setup/fold1_{part}.txt"].splitlines(), delimiter="\t")
        }
        for part in ("train", "evaluate")
    }
    assert not places["train"] & places["evaluate"]
    assert len(places["train"]) + len(places["evaluate"]) == len({tuple(row.values())[1:3] for row in meta.values()})


def test_ucf101_keeps_groups_together_and_tests_each_once(plans: dict[str, FilePlan]) -> None:
    texts = plans["ucf101"].texts
    assert texts["ucfTrainTestlist/classInd.txt"].startswith("1 BandMarching\r\n2 BaseballPitch\r\n")
    tested: Counter[str] = Counter()
    for split in (1, 2, 3):
        train = {line.split()[0][:-8] for line in texts[f"ucfTrainTestlist/trainlist0{split}.txt"].splitlines()}
        test = {line[:-8] for line in texts[f"ucfTrainTestlist/testlist0{split}.txt"].splitlines()}
        assert not train & test
        tested.update(test)
    assert set(tested.values()) == {1}


def test_fluent_speech_commands_header_and_disjoint_speakers(plans: dict[str, FilePlan]) -> None:
    texts = plans["fluent_speech_commands"].texts
    assert texts["data/train_data.csv"].splitlines()[0] == ",path,speakerId,transcription,action,object,location"
    speakers = [
        {row["speakerId"] for row in csv.DictReader(texts[f"data/{part}_data.csv"].splitlines())}
        for part in ("train", "valid", "test")
    ]
    assert not speakers[0] & speakers[1]
    assert not speakers[0] & speakers[2]


def test_voxforge_parts_are_those_of_the_loader() -> None:
    from dubaug.downstream.voxforge import speaker_splits

    for n_speakers in (10, 37, 60):
        names = [f"speaker{number:03d}" for number in range(n_speakers)]
        loaders = speaker_splits(set(names))
        ours = hares.voxforge_parts(n_speakers)
        assert [loaders[name][:5] for name in names] == [part[:5] for part in ours]


def test_no_voice_of_the_films_speaks_in_the_tasks(plans: dict[str, FilePlan]) -> None:
    used = set()
    for plan in plans.values():
        for render in plan.media.values():
            keywords = render.keywords if isinstance(render, partial) else {}
            used.update([keywords["utterance"]] if "utterance" in keywords else keywords.get("lines", ()))
            used.update(line for lines, _ in keywords.get("speakers", ()) for line in lines)
    assert len(used) > 100
    assert {load_bank().utterance(utterance).split for utterance in used} == {"tasks"}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_each_is_what_the_real_ones_are(name: str, plans: dict[str, FilePlan], tmp_path: Path) -> None:
    relative, render = next(iter(plans[name].media.items()))
    path = tmp_path / Path(relative).name
    render(path, item_rng(1, relative))
    if build.MINIATURES[name].suite == "visual":
        with av.open(str(path)) as container:
            video = container.streams.video[0]
            codec = {"vggsound": "h264"}.get(name, "mpeg4")
            assert video.codec_context.name == codec
            frames = sum(1 for _ in container.decode(video))
            assert frames == {"vggsound": 32, "ucf101": 75, "hmdb51": 90}[name]
            assert bool(container.streams.audio) == (name == "vggsound")
        return
    info = soundfile.info(path)
    sound, rate_hz = soundfile.read(path)
    assert (info.subtype, info.channels) == (("PCM_24", 2) if name == "tut18" else ("PCM_16", 1))
    assert rate_hz == (16000 if name in ("fluent_speech_commands", "voxforge") else 48000)
    assert 0.0005 < np.abs(sound).max() <= 1.0
    if "task_metadata.json" in plans[name].texts:
        seconds = json.loads(plans[name].texts["task_metadata.json"])["sample_duration"]
        assert seconds is None or info.frames == round(seconds * 48000)


def _noise_file(path: Path, rng: np.random.Generator) -> None:
    path.write_bytes(rng.bytes(64))


def _broken(path: Path, rng: np.random.Generator) -> None:
    raise RuntimeError("a disk full, say")


def _tiny_plan(demo: Demo, *, bad: bool = False) -> FilePlan:
    media = {f"sounds/{index}.bin": _noise_file for index in range(4 * demo.items_per_class)}
    return FilePlan(texts={"list.txt": "one\r\n"}, media={**media, **({"bad.bin": _broken} if bad else {})})


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    minis = {
        "one": Miniature(folder="one", suite="hear", plan=_tiny_plan),
        "two": Miniature(folder="deep/two", suite="visual", plan=_tiny_plan),
    }
    monkeypatch.setattr(build, "MINIATURES", minis)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.usefixtures("tiny")
def test_bytes_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    build.build_tasks(tmp_path / "a", demo=DEMO, jobs=1)
    build.build_tasks(tmp_path / "b", demo=DEMO, jobs=2)
    one = contents(tmp_path / "a")
    assert one == contents(tmp_path / "b")
    assert len(one) == 2 * (32 + 2)
    assert len({one[f"one/sounds/{index}.bin"] for index in range(32)}) == 32
    assert one["one/sounds/0.bin"] != one["deep/two/sounds/0.bin"]
    assert one["one/list.txt"] == b"one\r\n"


@pytest.mark.usefixtures("tiny")
def test_same_settings_leave_it_alone_and_others_replace_it(tmp_path: Path) -> None:
    build.build_tasks(tmp_path, demo=DEMO, jobs=1, suites={"hear"})
    assert not (tmp_path / "deep").exists()
    marker = tmp_path / "one" / "sounds" / "0.bin"
    first, time_ns = marker.read_bytes(), marker.stat().st_mtime_ns
    build.build_tasks(tmp_path, demo=DEMO, jobs=1, suites={"hear"})
    assert marker.stat().st_mtime_ns == time_ns
    other = Demo(directory="unused", seed=7, films=DEMO.films, items_per_class=2)
    build.build_tasks(tmp_path, demo=other, jobs=1, suites={"hear"})
    assert marker.read_bytes() != first
    assert len(contents(tmp_path / "one")) == 8 + 2


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mini = Miniature(folder="one", suite="hear", plan=partial(_tiny_plan, bad=True))
    monkeypatch.setattr(build, "MINIATURES", {"one": mini})
    with pytest.raises(RuntimeError, match="disk full"):
        build.build_tasks(tmp_path, demo=DEMO, jobs=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("tiny")
def test_a_folder_that_was_not_generated_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "precious.wav").write_bytes(b"real")
    with pytest.raises(DubaugError, match="in the way"):
        build.build_tasks(tmp_path, demo=DEMO, jobs=1)
    assert (tmp_path / "one" / "precious.wav").read_bytes() == b"real"
    with pytest.raises(DubaugError, match="no miniature is of a suite 'heare'"):
        build.build_tasks(tmp_path, demo=DEMO, jobs=1, suites={"heare"})


def test_dealing_to_folds_and_splits() -> None:
    assert Counter(folds(10, 5)) == dict.fromkeys(range(5), 2)
    for n_items in range(3, 40):
        assert set(shares(n_items)) == {"train", "valid", "test"}
        assert len(shares(n_items)) == n_items
    counts = Counter(cycle("abc", 10, np.random.default_rng(0)))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_levels_mixing_and_stretching() -> None:
    rng = np.random.default_rng(0)
    time_s = np.arange(48000) / 48000
    tone = np.sin(2 * np.pi * 440 * time_s).astype(np.float32)
    assert 20 * np.log10(waves.rms(waves.at_level(tone, -20.0))) == pytest.approx(-20.0, abs=0.01)
    hiss = waves.noise(48000, rng)
    added = waves.mix(tone, hiss, snr_db=6.0) - tone
    assert 20 * np.log10(waves.rms(tone) / waves.rms(added)) == pytest.approx(6.0, abs=0.01)

    def pitch_hz(wave: np.ndarray) -> float:
        return float(np.abs(np.fft.rfft(wave)).argmax() * 48000 / len(wave))

    longer = waves.stretched(tone, 1.5)
    assert len(longer) == 72000
    assert pitch_hz(longer) == pytest.approx(440, abs=5)
    higher = waves.faster(tone, 1.2)
    assert len(higher) == pytest.approx(40000, abs=2)
    assert pitch_hz(higher) == pytest.approx(528, abs=5)
    assert pitch_hz(waves.warped(tone, np.full(48000, 0.8))) == pytest.approx(352, abs=5)


def test_noise_falls_with_frequency_as_told() -> None:
    power = np.square(np.abs(np.fft.rfft(waves.noise(2**16, np.random.default_rng(0), exponent=2.0))))
    octave = power[1024:2048].mean() / power[2048:4096].mean()
    assert 10 * np.log10(octave) == pytest.approx(6.0, abs=0.6)


def test_an_imitation_follows_the_sound_in_time() -> None:
    rng = np.random.default_rng(0)
    sound = waves.noise(48000 * 2, rng)
    sound[48000:] *= 0.01
    copy = imitated(sound, rng)
    assert len(copy) == len(sound)
    assert waves.rms(copy[12000:36000]) > 10 * waves.rms(copy[60000:84000])


@pytest.mark.parametrize("name", sorted({**motion.UCF101, **motion.HMDB51}))
def test_motions_move_and_stay_in_sight(name: str) -> None:
    action = {**motion.UCF101, **motion.HMDB51}[name]
    seen = []
    for seed in range(4):
        look, rng = np.random.default_rng(seed), np.random.default_rng(100 + seed)
        frames = np.stack(list(motion.draw(action, seconds=3.0, fps=10, height=60, width=80, look=look, rng=rng)))
        assert frames.shape == (30, 60, 80, 3)
        changed = np.abs(frames[1:].astype(int) - frames[:-1]).max(axis=-1) > 25
        seen.append(changed.any(axis=(1, 2)).mean())
    assert np.mean(seen) > 0.25, "nothing moves"
