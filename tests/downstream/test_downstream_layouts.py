"""Each loader on a few files in the layout that the data set is published in."""

from pathlib import Path

import numpy as np
import pytest
from downstream_files import touch, write

from dubaug.downstream import load_dataset
from dubaug.downstream.model import Dataset, Item, Split
from dubaug.downstream.voxforge import speaker_splits
from dubaug.errors import DubaugError


def ids(dataset: Dataset, part: tuple[int, ...]) -> list[str]:
    return [dataset.items[number].id for number in part]


def labels(dataset: Dataset, part: tuple[int, ...]) -> list[str]:
    return [dataset.classes[0][dataset.targets[number]] for number in part]


# TUT Urban Acoustic Scenes 2018


@pytest.fixture
def tut18(tmp_path: Path) -> Path:
    files = {"airport-barcelona-0-0-a": "airport", "bus-helsinki-1-3-a": "bus", "bus-paris-2-4-a": "bus"}
    files["airport-lyon-9-9-a"] = "airport"  # in meta.csv and in no fold
    lines = [f"audio/{name}.wav\t{label}\t{name}\ta\n" for name, label in files.items()]
    write(tmp_path / "meta.csv", "filename\tscene_label\tidentifier\tsource_label\n" + "".join(lines))
    setup = tmp_path / "evaluation_setup"
    write(setup / "fold1_train.txt", "audio/bus-paris-2-4-a.wav\tbus\naudio/airport-barcelona-0-0-a.wav\tairport\n")
    write(setup / "fold1_evaluate.txt", "audio/bus-helsinki-1-3-a.wav\tbus\n")
    touch(*(tmp_path / f"audio/{name}.wav" for name in files))
    return tmp_path


def test_tut18(tut18: Path) -> None:
    dataset = load_dataset("tut18", tut18)
    (split,) = dataset.splits
    assert ids(dataset, split.train) == ["audio/bus-paris-2-4-a.wav", "audio/airport-barcelona-0-0-a.wav"]
    assert labels(dataset, split.train) == ["bus", "airport"]
    assert (ids(dataset, split.test), split.valid) == (["audio/bus-helsinki-1-3-a.wav"], ())
    assert dataset.items[0].audio == tut18 / "audio/bus-paris-2-4-a.wav"
    assert dataset.grouped_by == "place"
    assert dataset.items[0].group is not None
    assert (dataset.kind, dataset.metrics) == ("multiclass", ("top1_acc",))


def test_tut18_a_fold_that_contradicts_the_meta_file(tut18: Path) -> None:
    write(tut18 / "evaluation_setup/fold1_evaluate.txt", "audio/bus-helsinki-1-3-a.wav\ttram\n")
    with pytest.raises(DubaugError, match=r"fold1_evaluate\.txt: audio/bus-helsinki-1-3-a\.wav is 'tram'.*'bus'"):
        load_dataset("tut18", tut18)


def test_tut18_a_file_that_is_gone(tut18: Path) -> None:
    (tut18 / "audio/bus-helsinki-1-3-a.wav").unlink()
    with pytest.raises(DubaugError, match=r"fold1_evaluate\.txt names bus-helsinki-1-3-a\.wav"):
        load_dataset("tut18", tut18)


def test_tut18_an_empty_list(tut18: Path) -> None:
    write(tut18 / "evaluation_setup/fold1_evaluate.txt", "\n")
    with pytest.raises(DubaugError, match="split 'fold1' has no test items"):
        load_dataset("tut18", tut18)


def test_tut18_a_file_in_both_lists(tut18: Path) -> None:
    write(tut18 / "evaluation_setup/fold1_evaluate.txt", "audio/bus-paris-2-4-a.wav\tbus\n")
    with pytest.raises(
        DubaugError, match=r"fold1_evaluate\.txt names audio/bus-paris-2-4-a\.wav and .*fold1_train\.txt"
    ):
        load_dataset("tut18", tut18)


# Fluent Speech Commands

FLUENT_HEADER = ",path,speakerId,transcription,action,object,location\n"


@pytest.fixture
def fluent(tmp_path: Path) -> Path:
    rows = {
        "train": ["deactivate,lights,kitchen", "activate,lamp,none"],
        "valid": ["activate,lights,none"],
        "test": ["deactivate,lamp,kitchen"],
    }
    for part, intents in rows.items():
        names = [f"wavs/speakers/2BqVo8kVB2Skwgyb/{part}-{number}.wav" for number in range(len(intents))]
        lines = [f'{n},{name},2BqVo8kVB2Skwgyb,"Now, please",{rows[part][n]}\n' for n, name in enumerate(names)]
        write(tmp_path / f"data/{part}_data.csv", FLUENT_HEADER + "".join(lines))
        touch(*(tmp_path / name for name in names))
    return tmp_path


def test_fluent_speech_commands(fluent: Path) -> None:
    dataset = load_dataset("fluent_speech_commands", fluent)
    assert dataset.kind == "multihead"
    assert dataset.classes == (("activate", "deactivate"), ("lamp", "lights"), ("kitchen", "none"))
    assert dataset.targets.tolist() == [[1, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 0]]
    (split,) = dataset.splits
    assert (split.train, split.valid, split.test) == ((0, 1), (2,), (3,))
    assert dataset.items[2].audio == fluent / "wavs/speakers/2BqVo8kVB2Skwgyb/valid-0.wav"
    assert (dataset.grouped_by, dataset.items[2].group) == ("speaker", "2BqVo8kVB2Skwgyb")


def test_fluent_an_intent_that_is_never_trained(fluent: Path) -> None:
    path = fluent / "data/test_data.csv"
    write(path, path.read_text().replace(",lamp,", ",music,"))
    with pytest.raises(DubaugError, match=r"test_data\.csv: .*test-0\.wav has the object 'music'"):
        load_dataset("fluent_speech_commands", fluent)


def test_fluent_a_table_without_a_column(fluent: Path) -> None:
    path = fluent / "data/valid_data.csv"
    write(path, path.read_text().replace("location", "place"))
    with pytest.raises(DubaugError, match=r"valid_data\.csv.*no 'location'"):
        load_dataset("fluent_speech_commands", fluent)


def test_fluent_a_recording_in_two_parts(fluent: Path) -> None:
    path = fluent / "data/test_data.csv"
    write(path, path.read_text().replace("test-0.wav", "valid-0.wav"))
    with pytest.raises(DubaugError, match=r"test_data\.csv names .*valid-0\.wav and .*valid_data\.csv does so too"):
        load_dataset("fluent_speech_commands", fluent)


def test_fluent_a_recording_that_is_gone(fluent: Path) -> None:
    (fluent / "wavs/speakers/2BqVo8kVB2Skwgyb/valid-0.wav").unlink()
    with pytest.raises(
        DubaugError, match=r"valid_data\.csv names valid-0\.wav, and there is no .*wavs/speakers/2BqVo8k"
    ):
        load_dataset("fluent_speech_commands", fluent)


# VoxForge


@pytest.fixture
def voxforge(tmp_path: Path) -> Path:
    root = tmp_path / "www.repository.voxforge1.org/downloads"
    for number, (folder, language) in enumerate(
        [("SpeechCorpus", "en"), ("de", "de"), ("es", "es"), ("fr", "fr"), ("it", "it"), ("ru", "ru")] * 3
    ):
        archive = root / folder / f"Trunk/Audio/Main/16kHz_16bit/speaker{number:02d}-20140214-abc"
        touch(archive / f"wav/{language}1.wav", archive / f"wav/{language}2.wav", archive / "etc/PROMPTS")
    touch(root / "de/Trunk/Audio/Main/16kHz_16bit/onlyflac-20090101-xyz/flac/de1.flac")
    return tmp_path


def tfds_split(speakers: list[str]) -> dict[str, str]:
    """TFDS's rule in its own order: shuffle the sorted ids, cut where the running sum of shares says."""
    order = sorted(speakers)
    np.random.RandomState(0).shuffle(order)
    cuts = [0, int(0.7 * len(order)), int((0.7 + 0.1) * len(order)), len(order)]
    parts = ("train", "valid", "test")
    return {name: parts[part] for part in range(3) for name in order[cuts[part] : cuts[part + 1]]}


def test_voxforge(voxforge: Path) -> None:
    dataset = load_dataset("voxforge", voxforge)
    assert dataset.n_items == 36
    assert dataset.classes == (("de", "en", "es", "fr", "it", "ru"),)
    expected = tfds_split([*(f"speaker{number:02d}" for number in range(18)), "onlyflac"])
    (split,) = dataset.splits
    for part in ("train", "valid", "test"):
        speakers = {name.split("/")[-3].split("-")[0] for name in ids(dataset, getattr(split, part))}
        assert speakers == {name for name, at in expected.items() if at == part} - {"onlyflac"}
    english = [item for item, target in zip(dataset.items, dataset.targets, strict=True) if target == 1]
    assert len(english) == 6
    assert all("SpeechCorpus" in item.id for item in english)
    assert dataset.grouped_by == "speaker"
    assert all(item.group == item.id.split("/")[-3].split("-")[0] for item in dataset.items)


@pytest.mark.parametrize("count", [10, 19, 100, 5821])
def test_voxforge_cuts_are_tfds_to_the_last_speaker(count: int) -> None:
    speakers = [f"s{number}" for number in range(count)]
    assert speaker_splits(set(speakers)) == tfds_split(speakers)


def test_voxforge_one_speaker_in_two_archives_stays_together(voxforge: Path) -> None:
    root = voxforge / "www.repository.voxforge1.org/downloads/de/Trunk/Audio/Main/16kHz_16bit"
    for code in "abcdefgh":
        touch(root / f"twice-20100101-{code}/wav/de1.wav")
    dataset = load_dataset("voxforge", voxforge)
    (split,) = dataset.splits
    homes = {
        part for part in ("train", "valid", "test") if any("/twice-" in n for n in ids(dataset, getattr(split, part)))
    }
    assert len(homes) == 1


def test_voxforge_still_packed(voxforge: Path) -> None:
    touch(voxforge / "www.repository.voxforge1.org/downloads/de/Trunk/Audio/Main/16kHz_16bit/new-20140214-abc.tgz")
    with pytest.raises(DubaugError, match=r"still packed: find .* tar xzf"):
        load_dataset("voxforge", voxforge)


def test_voxforge_an_archive_beside_its_folder_is_fine(voxforge: Path) -> None:
    touch(
        voxforge / "www.repository.voxforge1.org/downloads/de/Trunk/Audio/Main/16kHz_16bit/speaker01-20140214-abc.tgz"
    )
    assert load_dataset("voxforge", voxforge).n_items == 36


def test_voxforge_another_language(voxforge: Path) -> None:
    touch(voxforge / "downloads/nl/Trunk/Audio/Main/16kHz_16bit/piet-20140214-abc/wav/nl1.wav")
    with pytest.raises(DubaugError, match="'nl', expected one of de, en"):
        load_dataset("voxforge", voxforge)


def list_archives(root: Path, form: str = "{}") -> Path:
    """Write TFDS's list of the archives whose folders are there."""
    folders = sorted(
        {path.parents[1] for path in root.rglob("*.wav")} | {path.parents[1] for path in root.rglob("*.flac")}
    )
    write(root / "voxforge_urls.txt", "".join(form.format(f"{path.relative_to(root)}.tgz") + "\n" for path in folders))
    return root / "voxforge_urls.txt"


@pytest.mark.parametrize("form", ["{}", '"{}"', "http://{}"])
def test_voxforge_takes_the_archives_of_the_list_and_no_others(voxforge: Path, form: str) -> None:
    found = load_dataset("voxforge", voxforge)
    assert "no voxforge_urls.txt" in found.note
    list_archives(voxforge, form)
    later = voxforge / "www.repository.voxforge1.org/downloads/de/Trunk/Audio/Main/16kHz_16bit"
    touch(later / "alater-20210101-abc/wav/de1.wav", later / "packed-20210101-abc.tgz")
    listed = load_dataset("voxforge", voxforge)
    assert listed.note == ""
    assert listed.items == found.items
    assert listed.splits == found.splits


def test_voxforge_an_archive_of_the_list_that_is_not_there(voxforge: Path) -> None:
    listed_in = list_archives(voxforge)
    folder = voxforge / "www.repository.voxforge1.org/downloads/it/Trunk/Audio/Main/16kHz_16bit"
    (gone,) = folder.glob("speaker10-*")
    gone.rename(gone.with_name("elsewhere-20140214-abc"))
    with pytest.raises(DubaugError, match=rf"{listed_in} names {gone.name}\.tgz, and there is no .*; 1 of 19 archives"):
        load_dataset("voxforge", voxforge)
    touch(gone.with_name(f"{gone.name}.tgz"))
    with pytest.raises(DubaugError, match=rf"{gone.name}\.tgz \(and 0 more\) is still packed: find .* tar xzf"):
        load_dataset("voxforge", voxforge)


@pytest.mark.parametrize("line", ["downloads/de/a-20140214-abc.tgz", "de/Trunk/a", "../de/Trunk/a-1-b.tgz"])
def test_voxforge_a_bad_line_in_the_list(voxforge: Path, line: str) -> None:
    write(voxforge / "voxforge_urls.txt", f"{line}\n")
    with pytest.raises(DubaugError, match=r"voxforge_urls\.txt: .*expected <server>"):
        load_dataset("voxforge", voxforge)


# VGGSound


@pytest.fixture
def vggsound(tmp_path: Path) -> Path:
    write(
        tmp_path / "vggsound.csv",
        "---g-f_I2yQ,1,people marching,test\n"
        '--0PQM4-hqg,30,"waterfall burbling, roaring",train\n'
        "--56QUhyDQM,185,playing tennis,train\n"
        "gone4567890,7,people marching,train\n",
    )
    touch(tmp_path / "video/---g-f_I2yQ_000001.mp4", tmp_path / "video/--0PQM4-hqg_000030.mp4")
    touch(tmp_path / "more/--56QUhyDQM_000185.webm", tmp_path / "more/unlisted123_000001.mp4")
    return tmp_path


def test_vggsound_takes_what_is_on_disk_and_says_what_is_not(vggsound: Path) -> None:
    dataset = load_dataset("vggsound", vggsound)
    (split,) = dataset.splits
    assert ids(dataset, split.test) == ["---g-f_I2yQ_000001"]
    assert ids(dataset, split.train) == ["--0PQM4-hqg_000030", "--56QUhyDQM_000185"]
    assert labels(dataset, split.train) == ["waterfall burbling, roaring", "playing tennis"]
    assert dataset.missing == {"gone4567890_000007": "train"}
    assert (dataset.grouped_by, dataset.items[1].group) == ("video", "--0PQM4-hqg")
    assert dataset.items[2].audio == dataset.items[2].video == vggsound / "more/--56QUhyDQM_000185.webm"


def test_vggsound_in_a_linked_folder(vggsound: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Videos on a shared disk, the list and a link to them in one's own folder."""
    own = tmp_path_factory.mktemp("own")
    (own / "vggsound.csv").symlink_to(vggsound / "vggsound.csv")
    (own / "shared").symlink_to(vggsound / "video")
    dataset = load_dataset("vggsound", own)
    assert dataset.n_items == 2
    assert dataset.items[0].video == own / "shared/---g-f_I2yQ_000001.mp4"


def test_vggsound_without_any_test_video(vggsound: Path) -> None:
    (vggsound / "video/---g-f_I2yQ_000001.mp4").unlink()
    with pytest.raises(DubaugError, match=r"no test items \(2 listed clips .* such as ---g-f_I2yQ_000001\)"):
        load_dataset("vggsound", vggsound)


def test_vggsound_a_bad_row(vggsound: Path) -> None:
    with (vggsound / "vggsound.csv").open("a") as file:
        file.write("abc,ten,people marching,train\n")
    with pytest.raises(DubaugError, match=r"vggsound\.csv, line 5"):
        load_dataset("vggsound", vggsound)


def test_vggsound_one_clip_in_two_folders(vggsound: Path) -> None:
    touch(vggsound / "more/--0PQM4-hqg_000030.mp4")
    with pytest.raises(DubaugError, match="same clip"):
        load_dataset("vggsound", vggsound)


def test_vggsound_a_clip_that_is_listed_twice(vggsound: Path) -> None:
    with (vggsound / "vggsound.csv").open("a") as file:
        file.write("--0PQM4-hqg,30,playing tennis,test\n")
    with pytest.raises(DubaugError, match=r"vggsound\.csv, line 5: --0PQM4-hqg_000030 stands in line 2 already"):
        load_dataset("vggsound", vggsound)


# HMDB51


def hmdb51(root: Path, videos: str) -> Path:
    marks = {"brush_hair": [[1, 2, 0, 0], [2, 1, 1, 0], [1, 1, 2, 0]], "wave": [[2, 1], [1, 2], [1, 2]]}
    for action, splits in marks.items():
        for split, row in enumerate(splits, start=1):
            lines = [
                f"Clip {number}_{action}_f_cm_np1_ba_med_{number}.avi {mark} \n" for number, mark in enumerate(row)
            ]
            write(root / f"testTrainMulti_7030_splits/{action}_test_split{split}.txt", "".join(lines))
        for number in range(len(splits[0])):
            touch(root / videos / action / f"Clip {number}_{action}_f_cm_np1_ba_med_{number}.avi")
    return root


@pytest.mark.parametrize("videos", ["videos", "hmdb51_org", "."])
def test_hmdb51(tmp_path: Path, videos: str) -> None:
    dataset = load_dataset("hmdb51", hmdb51(tmp_path, videos))
    assert [split.name for split in dataset.splits] == ["split1", "split2", "split3"]

    def short(part: tuple[int, ...]) -> list[str]:
        return [f"{name.split('/')[0]} {name.split()[1].split('_')[0]}" for name in ids(dataset, part)]

    assert [short(split.train) for split in dataset.splits] == [
        ["brush_hair 0", "wave 1"],
        ["brush_hair 1", "brush_hair 2", "wave 0"],
        ["brush_hair 0", "brush_hair 1", "wave 0"],
    ]
    assert [short(split.test) for split in dataset.splits] == [
        ["brush_hair 1", "wave 0"],
        ["brush_hair 0", "wave 1"],
        ["brush_hair 2", "wave 1"],
    ]
    assert dataset.n_items == 5  # brush_hair's fourth clip is in no split
    assert dataset.grouped_by == "film"
    assert {item.group for item in dataset.items} == {"Clip 0", "Clip 1", "Clip 2"}
    assert all(item.audio is None and item.video is not None and item.video.is_file() for item in dataset.items)
    assert labels(dataset, dataset.splits[0].train) == ["brush_hair", "wave"]


ODD = [
    "(Rad)Schlag_die_Bank!_cartwheel_f_cm_np1_le_med_0.avi",
    "#20_Rhythm_clap_u_nm_np1_fr_goo_0.avi",
    "1._Who;s_[there],_Mr._O'Neil_&_Co_clap_h_cm_np1_ri_med_0.avi",
    "B\u00e4r auf Rad_cartwheel_f_cm_np1_ba_bad_8.avi",
]
"""The kinds of characters in HMDB51's names."""


def test_hmdb51_names_are_taken_as_they_are(tmp_path: Path) -> None:
    for action in ("cartwheel", "clap"):
        for split in (1, 2, 3):
            lines = [f"{name} {1 + (number + split) % 2} \n" for number, name in enumerate(ODD)]
            write(tmp_path / f"testTrainMulti_7030_splits/{action}_test_split{split}.txt", "".join(lines))
        touch(*(tmp_path / action / name for name in ODD))
    dataset = load_dataset("hmdb51", tmp_path)
    assert sorted(item.id for item in dataset.items) == sorted(
        f"{a}/{name}" for a in ("cartwheel", "clap") for name in ODD
    )
    assert all(item.video is not None and item.video.is_file() for item in dataset.items)
    (tmp_path / "clap" / ODD[2]).unlink()
    with pytest.raises(DubaugError, match=r"clap_test_split1\.txt names 1\._Who;s_\[there\]"):
        load_dataset("hmdb51", tmp_path)


def test_hmdb51_a_bad_mark(tmp_path: Path) -> None:
    write(hmdb51(tmp_path, "videos") / "testTrainMulti_7030_splits/wave_test_split2.txt", "clip.avi 3 \n")
    with pytest.raises(DubaugError, match=r"wave_test_split2\.txt: 'clip\.avi 3'"):
        load_dataset("hmdb51", tmp_path)


def test_hmdb51_a_clip_that_is_listed_twice(tmp_path: Path) -> None:
    clip = "Clip 0_wave_f_cm_np1_ba_med_0.avi"
    write(hmdb51(tmp_path, "videos") / "testTrainMulti_7030_splits/wave_test_split2.txt", f"{clip} 1 \n{clip} 2 \n")
    with pytest.raises(DubaugError, match=r"wave_test_split2\.txt names wave/Clip 0.*\.avi twice"):
        load_dataset("hmdb51", tmp_path)


# UCF101


@pytest.fixture
def ucf101(tmp_path: Path) -> Path:
    lists = tmp_path / "ucfTrainTestlist"
    write(lists / "classInd.txt", "1 Yo\r\n2 HandstandPushups\r\n")
    clips = [
        f"{action}/v_{action.replace('stand', 'Stand')}_g0{group}_c01.avi"
        for action in ("Yo", "HandstandPushups")
        for group in (1, 2, 3)
    ]
    for split in (1, 2, 3):
        train = [f"{clip} {1 if clip.startswith('Yo') else 2}\r\n" for clip in clips if f"g0{split}" not in clip]
        write(lists / f"trainlist0{split}.txt", "".join(train))
        write(lists / f"testlist0{split}.txt", "".join(f"{clip}\r\n" for clip in clips if f"g0{split}" in clip))
    touch(*(tmp_path / "UCF-101" / clip for clip in clips))
    return tmp_path


def test_ucf101(ucf101: Path) -> None:
    dataset = load_dataset("ucf101", ucf101)
    assert dataset.classes == (("Yo", "HandstandPushups"),)  # in the order of classInd.txt
    for group, split in enumerate(dataset.splits, start=1):
        assert {name.split("_g0")[1][0] for name in ids(dataset, split.test)} == {str(group)}
        assert (len(split.train), len(split.valid), len(split.test)) == (4, 0, 2)
        assert labels(dataset, split.test) == ["Yo", "HandstandPushups"]
    assert dataset.items[0].video is not None
    assert dataset.items[0].video.is_file()
    assert dataset.grouped_by == "source video"
    assert all(item.group == item.id.rpartition("_c")[0] for item in dataset.items)


def test_ucf101_a_clip_that_is_gone(ucf101: Path) -> None:
    (ucf101 / "UCF-101/HandstandPushups/v_HandStandPushups_g02_c01.avi").unlink()
    with pytest.raises(DubaugError, match=r"trainlist01\.txt names v_HandStandPushups_g02_c01\.avi, and there is no"):
        load_dataset("ucf101", ucf101)


def test_ucf101_an_action_without_a_number(ucf101: Path) -> None:
    write(ucf101 / "ucfTrainTestlist/testlist01.txt", "HandStandPushups/v_HandStandPushups_g01_c01.avi\r\n")
    with pytest.raises(DubaugError, match=r"testlist01\.txt: 'HandStandPushups/.*does not fit .*classInd\.txt"):
        load_dataset("ucf101", ucf101)


def test_ucf101_a_number_that_is_another_action(ucf101: Path) -> None:
    write(ucf101 / "ucfTrainTestlist/trainlist02.txt", "Yo/v_Yo_g01_c01.avi 2\r\n")
    with pytest.raises(DubaugError, match=r"trainlist02\.txt: 'Yo/v_Yo_g01_c01\.avi 2'"):
        load_dataset("ucf101", ucf101)


def test_ucf101_a_clip_that_trains_and_tests(ucf101: Path) -> None:
    write(ucf101 / "ucfTrainTestlist/testlist03.txt", "Yo/v_Yo_g01_c01.avi\r\n")
    with pytest.raises(DubaugError, match=r"testlist03\.txt names Yo/v_Yo_g01_c01\.avi and .*trainlist03\.txt"):
        load_dataset("ucf101", ucf101)


# All


def test_an_unknown_layout(tmp_path: Path) -> None:
    with pytest.raises(DubaugError, match="no loader for layout 'audioset'; known: hear, tut18"):
        load_dataset("audioset", tmp_path)


@pytest.mark.parametrize(
    "layout", ["hear", "tut18", "fluent_speech_commands", "voxforge", "vggsound", "hmdb51", "ucf101"]
)
def test_an_empty_folder_is_a_message_for_people(tmp_path: Path, layout: str) -> None:
    with pytest.raises(DubaugError, match=str(tmp_path)):
        load_dataset(layout, tmp_path)


def small_dataset(**changes: object) -> Dataset:
    values: dict = {
        "items": tuple(Item(id=str(n), audio=Path(f"{n}.wav"), video=None) for n in range(4)),
        "splits": (Split(name="test", train=(0, 1), valid=(2,), test=(3,)),),
        "kind": "multiclass",
        "classes": (("a", "b"),),
        "targets": np.array([0, 1, 0, 1]),
        "metrics": ("top1_acc",),
    }
    return Dataset(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"targets": np.array([0, 1, 0, 2])}, "0 to 2 for"),
        ({"targets": np.array([0, 1, 0])}, "targets must be"),
        ({"targets": np.array([0.0, 1, 0, 1])}, "targets must be"),
        ({"kind": "multilabel"}, "targets must be bool"),
        ({"classes": (("a", "b"), ("c",))}, "one head"),
        ({"splits": (Split(name="test", train=(0,), valid=(), test=(4,)),)}, "0 to 4 of 4"),
    ],
)
def test_a_dataset_checks_itself(changes: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        small_dataset(**changes)


def test_a_split_that_tests_on_what_it_trained_on() -> None:
    with pytest.raises(DubaugError, match="'fold3' has an item in two"):
        Split(name="fold3", train=(0, 1), valid=(), test=(1,))


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "split test (train)"), (2, "split test (valid)"), (3, "split test (test)"), (9, "no split")],
)
def test_where_an_item_stands(number: int, words: str) -> None:
    assert small_dataset().where(number) == words
