import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch
from downstream_files import write, write_sound

from dubaug.cli import main
from dubaug.config import Experiment, Mel, save
from dubaug.downstream import load_dataset
from dubaug.downstream.experiment import FeatureSettings, feature_settings
from dubaug.downstream.extract import extract
from dubaug.downstream.features import extract_suite, load_features
from dubaug.downstream.manifest import FeaturesManifest
from dubaug.downstream.model import Item
from dubaug.downstream.parallel import in_order
from dubaug.errors import DubaugError, MediaError
from dubaug.media.audio import read_audio
from dubaug.media.jpeg import decode
from film_factory import frame_number, grey, make_film, tone

MEL = Mel(n_fft=1024, hop_length=512, n_mels=20, floor=1e-10)
SETTINGS = FeatureSettings(window_s=3.0, sample_rates_hz=(48000, 44100), mel=MEL, frames=6, square=36, jpeg_quality=95)


def slow_log_mel(samples: np.ndarray, rate_hz: int, mel: Mel) -> np.ndarray:
    """One channel, frame by frame, filter by filter: (T, F)."""

    def to_mel(hz: float) -> float:
        return 2595 * np.log10(1 + hz / 700)

    edges_hz = 700 * (10 ** (np.linspace(0, to_mel(rate_hz / 2), mel.n_mels + 2) / 2595) - 1)
    bins_hz = np.arange(mel.n_fft // 2 + 1) * rate_hz / mel.n_fft
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(mel.n_fft) / mel.n_fft)
    rows = []
    for start in range(0, len(samples) - mel.n_fft + 1, mel.hop_length):
        power = np.abs(np.fft.rfft(window * samples[start : start + mel.n_fft])) ** 2
        row = []
        for low, centre, high in zip(edges_hz, edges_hz[1:], edges_hz[2:], strict=False):
            weights = np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)).clip(min=0)
            row.append(np.log(max(float(weights @ power), mel.floor)))
        rows.append(row)
    return np.array(rows)


def test_values_equal_a_slow_computation(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = (0.1 * rng.standard_normal((5 * 48000, 2))).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 48000, subtype="FLOAT")
    result = extract(Item(id="a", audio=tmp_path / "a.wav", video=None), SETTINGS)
    assert result.starts_s == pytest.approx((0.0, 2.0))
    mels_WCTF = result.mels["48000"]
    assert (mels_WCTF.shape, mels_WCTF.dtype) == ((2, 2, 280, 20), np.float16)
    for window, first in enumerate((0, 2 * 48000)):
        for channel in range(2):
            expected_TF = slow_log_mel(samples[first : first + 144000, channel].astype(float), 48000, MEL)
            np.testing.assert_allclose(mels_WCTF[window, channel], expected_TF, atol=0.01)


def test_the_second_rate_is_the_same_sound(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", 5.0)
    mels = extract(Item(id="a", audio=tmp_path / "a.wav", video=None), SETTINGS).mels
    assert mels["44100"].shape == (2, 2, 257, 20)
    levels = [mels[track].astype(np.float32)[..., 2:12].mean() for track in ("48000", "44100")]
    assert levels[0] == pytest.approx(levels[1], abs=0.3)  # the same bands but for 8 % of width


def test_mono_is_both_channels_and_short_sound_is_padded_with_zeros(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", 1.0, rate_hz=16000)
    mels = extract(Item(id="a", audio=tmp_path / "a.wav", video=None), SETTINGS).mels
    mel_CTF = mels["48000"][0]
    np.testing.assert_array_equal(mel_CTF[0], mel_CTF[1])
    silent = np.float16(np.log(1e-10))
    assert (mel_CTF[:, 94:] == silent).all()  # frames from 48128 on
    assert (mel_CTF[:, :90, 2:8] > silent + 5).all()


def test_tut18s_recordings_are_read_to_the_bit_and_stay_stereo_to_the_mel(tmp_path: Path) -> None:
    """48 kHz, 24 bit, two channels, in either kind of WAV header; a variant without speech gets them at 44.1 kHz."""
    name = "audio/airport-barcelona-0-0-a.wav"
    rng = np.random.default_rng(1)
    whole_SC = rng.integers(-(2**23), 2**23, (round(3.2 * 48000), 2), dtype=np.int32)
    whole_SC[:4] = [[-(2**23), 2**23 - 1], [1, -1], [0, 3], [-5, 2**22 + 1]]
    write(tmp_path / "meta.csv", f"filename\tscene_label\tidentifier\tsource_label\n{name}\tairport\tbarcelona-0\ta\n")
    for part, number in (("train", 0), ("evaluate", 1)):
        listed = name.replace("-0-0-", f"-0-{number}-")
        write(tmp_path / f"evaluation_setup/fold1_{part}.txt", f"{listed}\tairport\n")
    with (tmp_path / "meta.csv").open("a") as file:
        file.write(f"{listed}\tairport\tbarcelona-0\ta\n")
    (tmp_path / "audio").mkdir()
    for number, header in enumerate(("WAV", "WAVEX")):
        path = tmp_path / name.replace("-0-0-", f"-0-{number}-")
        soundfile.write(path, whole_SC * 2**8, 48000, subtype="PCM_24", format=header)
    for item in load_dataset("tut18", tmp_path).items:
        assert item.audio is not None
        read_CS = read_audio(item.audio, sample_rate_hz=48000)
        np.testing.assert_array_equal(read_CS.numpy() * 2**23, whole_SC.T)
        mels = extract(item, SETTINGS).mels
        for channel in range(2):
            samples = whole_SC[:144000, channel] / 2**23
            np.testing.assert_allclose(mels["48000"][0, channel], slow_log_mel(samples, 48000, MEL), atol=0.01)
        assert (mels["48000"][0, 0] != mels["48000"][0, 1]).mean() > 0.9
        assert (mels["44100"][0, 0] != mels["44100"][0, 1]).mean() > 0.9


def test_a_part_of_a_recording(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", 9.0, channels=2)
    whole = extract(Item(id="a", audio=tmp_path / "a.wav", video=None), SETTINGS)
    part = extract(Item(id="a", audio=tmp_path / "a.wav", video=None, start_s=3.0, duration_s=3.0), SETTINGS)
    assert (len(whole.starts_s), len(part.starts_s)) == (3, 1)
    np.testing.assert_array_equal(part.mels["48000"][0], whole.mels["48000"][1])


def test_frames_are_those_of_the_window_scaled_and_cut_to_the_square(tmp_path: Path) -> None:
    film = make_film(tmp_path / "a.mp4", seconds=5.0, fps=24, size=(96, 54))
    result = extract(Item(id="a", audio=None, video=film), SETTINGS)
    assert result.starts_s == pytest.approx((0.0, 2.0))
    assert result.mels == {}
    assert result.frames is not None
    first, second = (decode(window) for window in result.frames)
    assert first.shape == (6, 36, 36, 3)
    assert [frame_number(picture) for picture in first] == [6, 18, 30, 42, 54, 66]
    greys = [int(np.median(picture)) for picture in second]
    assert greys == pytest.approx([grey(number) for number in range(54, 120, 12)], abs=1)


@pytest.mark.parametrize("size", [(54, 96), (54, 54), (38, 54), (96, 20)])
@pytest.mark.parametrize("square", [35, 36])
def test_portraits_and_odd_sizes_give_the_square(tmp_path: Path, size: tuple[int, int], square: int) -> None:
    film = make_film(tmp_path / "a.mp4", seconds=1.0, size=size)
    result = extract(Item(id="a", audio=None, video=film), replace(SETTINGS, square=square))
    assert result.frames is not None
    assert decode(result.frames[0]).shape == (6, square, square, 3)


def test_the_middle_is_kept(tmp_path: Path) -> None:
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=8, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 32, "yuv444p"
        for _ in range(24):
            picture = np.zeros((32, 96, 3), dtype=np.uint8)
            picture[:, 32:64] = 200
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    result = extract(Item(id="a", audio=None, video=tmp_path / "a.mp4"), replace(SETTINGS, square=32))
    assert result.frames is not None
    assert decode(result.frames[0])[:, :, 4:28].min() > 180


def test_sound_and_picture_share_windows(tmp_path: Path) -> None:
    sound = tone(8.0, channels=2)
    film = make_film(tmp_path / "a.mp4", seconds=5.0, size=(64, 36), tracks=[("", sound)], layout="stereo", codec="aac")
    result = extract(Item(id="a", audio=film, video=film), SETTINGS)
    assert result.starts_s == pytest.approx((0.0, 2.0), abs=0.05)  # the picture's five seconds decide
    assert result.frames is not None
    assert len(result.frames) == len(result.mels["48000"]) == 2


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    """Also in what the windows leave over."""
    samples = np.zeros(4 * 48000, dtype=np.float32)
    for place, value in ((100, np.nan), (-100, np.inf)):
        samples[place] = value
        soundfile.write(tmp_path / "a.wav", samples, 48000, subtype="FLOAT")
        with pytest.raises(MediaError, match="not finite"):
            extract(Item(id="a", audio=tmp_path / "a.wav", video=None), SETTINGS)
        samples[place] = 0


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_a_video_cut_short_is_none(tmp_path: Path, suffix: str) -> None:
    muxing = {"movflags": "faststart"} if suffix == ".mp4" else {}
    film = make_film(tmp_path / f"a{suffix}", seconds=2.9, muxing=muxing)
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(MediaError, match="is cut short"):
        extract(Item(id="a", audio=None, video=film), SETTINGS)


@pytest.mark.parametrize(("suffix", "words"), [(".mkv", "s its header promises"), (".avi", "the picture ends at 3")])
def test_a_video_whose_end_was_never_filled_in_is_none(tmp_path: Path, suffix: str, words: str) -> None:
    """A download makes room for the whole file first."""
    film = make_film(tmp_path / f"a{suffix}", seconds=9.0)
    data = film.read_bytes()
    film.write_bytes(data[: len(data) * 2 // 5].ljust(len(data), b"\0"))
    with pytest.raises(MediaError, match=words):
        extract(Item(id="a", audio=None, video=film), SETTINGS)


def test_pictures_that_never_change_are_remarked(tmp_path: Path) -> None:
    still = make_film(tmp_path / "a.mp4", seconds=2.0, draw=lambda _: np.full((36, 64, 3), 90, np.uint8))
    assert extract(Item(id="a", audio=None, video=still), SETTINGS).remarks == ("show one picture that never changes",)
    assert extract(Item(id="a", audio=None, video=make_film(still, seconds=2.0)), SETTINGS).remarks == ()


# Whole suites


@pytest.fixture(autouse=True)
def one_torch_thread() -> Iterator[None]:
    """As in the command: the decoding threads work side by side."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def folds(hear_folder) -> Callable[..., Path]:
    def make(name: str = "task-v1-full", seconds: float = 3.2) -> Path:
        splits = {f"fold{n:02d}": {f"{n}a.wav": ["a"], f"{n}b.wav": ["b"]} for n in range(3)}
        return hear_folder(splits, seconds=seconds, name=name)

    return make


@pytest.fixture
def hear_experiment(make_experiment) -> Callable[..., Experiment]:
    def make(*folders: Path, **keys: object) -> Experiment:
        names = [f"task{number}" for number, _ in enumerate(folders)]
        tasks = {name: {"suite": "hear", "path": str(path)} for name, path in zip(names, folders, strict=True)}
        return make_experiment(tasks=tasks, suites={"hear": names, "hares": [], "visual": []}, **keys)

    return make


def run(experiment: Experiment, work_dir: Path, suite: str = "hear", jobs: int = 2, **separated: Path) -> Path:
    manifest = work_dir / f"{suite}.json"
    extract_suite(experiment, suite, work_dir=work_dir, manifest=manifest, separated=separated, jobs=jobs)
    return manifest


def test_a_suite_end_to_end(folds, hear_experiment, tmp_path: Path) -> None:
    folder = folds(seconds=5.0)
    experiment = hear_experiment(folder)
    manifest = run(experiment, tmp_path / "work")
    features = load_features(manifest, "task0")
    assert features.dataset.n_items == 6
    assert features.window_items.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert sorted(features.reader.tracks) == ["44100", "48000"]
    assert [features.reader.item(row) for row in (0, 1, 2)] == ["fold00/0a.wav", "fold00/0a.wav", "fold00/0b.wav"]
    assert [features.reader.index(row) for row in (0, 1, 2)] == [0, 1, 0]
    assert features.reader.start_s(1) == pytest.approx(2.0)
    assert not features.reader.with_frames
    direct = extract(features.dataset.items[2], feature_settings(experiment))
    np.testing.assert_array_equal(features.reader.mel(5, "44100"), direct.mels["44100"][1])
    assert features.dataset.targets.tolist() == [0, 1] * 3
    assert len(features.dataset.splits) == 3


def test_the_number_of_threads_changes_no_byte(folds, hear_experiment, tmp_path: Path) -> None:
    experiment = hear_experiment(folds(seconds=4.0))
    shards = []
    for jobs in (1, 3):
        entry = json.loads(run(experiment, tmp_path / f"work{jobs}", jobs=jobs).read_text())["tasks"]["task0"]
        shards.append((tmp_path / f"work{jobs}" / entry["shard"]).read_bytes())
    assert shards[0] == shards[1]


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the items that are decoded, as they are."""
    seen: list[str] = []
    from dubaug.downstream import extract as module

    original = module.extract

    def noting(item: Item, settings: FeatureSettings):
        seen.append(item.id)
        return original(item, settings)

    monkeypatch.setattr(module, "extract", noting)
    return seen


def test_another_task_recomputes_nothing_else(folds, hear_experiment, tmp_path: Path, extracted: list[str]) -> None:
    first, second = folds("one-v1-full"), folds("two-v1-full")
    run(hear_experiment(first), tmp_path / "work")
    assert len(extracted) == 6
    extracted.clear()
    manifest = run(hear_experiment(first, second), tmp_path / "work")
    assert len(extracted) == 6
    assert load_features(manifest, "task1").dataset.items[0].audio == second / "48000/fold00/0a.wav"
    extracted.clear()
    run(hear_experiment(second, first), tmp_path / "work")
    assert extracted == []


def test_two_tasks_on_one_data_set_share_its_features(
    folds, hear_experiment, tmp_path: Path, extracted: list[str]
) -> None:
    folder = folds()
    manifest = run(hear_experiment(folder, folder), tmp_path / "work")
    assert len(extracted) == 6
    assert load_features(manifest, "task0").sha256 == load_features(manifest, "task1").sha256


def test_other_settings_and_another_recording_are_seen(
    folds, hear_experiment, tmp_path: Path, extracted: list[str]
) -> None:
    folder = folds()
    before = load_features(run(hear_experiment(folder), tmp_path / "work"), "task0").sha256
    extracted.clear()
    run(hear_experiment(folder, mel={"n_mels": 40}), tmp_path / "work")
    assert len(extracted) == 6
    extracted.clear()
    write_sound(folder / "48000/fold01/1a.wav", 3.5, seed=9)
    after = load_features(run(hear_experiment(folder), tmp_path / "work"), "task0").sha256
    assert len(extracted) == 6
    assert before != after


def test_other_labels_need_no_decoding(folds, hear_experiment, tmp_path: Path, extracted: list[str]) -> None:
    folder = folds()
    run(hear_experiment(folder), tmp_path / "work")
    extracted.clear()
    (folder / "fold00.json").write_text(json.dumps({"0a.wav": ["b"], "0b.wav": ["a"]}))
    features = load_features(run(hear_experiment(folder), tmp_path / "work"), "task0")
    assert extracted == []
    assert features.dataset.targets.tolist() == [1, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("record", ["", '{"format": 0}', '{"format": 1, "shard": {}}'])
def test_a_record_that_cannot_be_used_is_made_again(
    folds, hear_experiment, tmp_path: Path, extracted: list[str], record: str
) -> None:
    experiment = hear_experiment(folds())
    run(experiment, tmp_path / "work")
    extracted.clear()
    (path,) = (tmp_path / "work").glob("task-*.json")
    path.write_text(record)
    assert load_features(run(experiment, tmp_path / "work"), "task0").dataset.n_items == 6
    assert len(extracted) == 6


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"RIFF no sound", r"1a\.wav: .*\("),
        (b"", r"1a\.wav: .*\("),
        (None, r"1a\.wav: 1a\.wav holds no sound"),
        (b"cut", r"1a\.wav: 1a\.wav is cut short: 102370 of the 307200 bytes of its data are there"),
    ],
    ids=["no sound file", "no bytes", "no samples", "a third of it"],
)
def test_what_cannot_be_read_is_an_error_before_any_probe(
    folds, hear_experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    folder = folds()
    bad = folder / "48000/fold01/1a.wav"
    if content is None:
        soundfile.write(bad, np.zeros((0, 1)), 48000)
    else:
        bad.write_bytes(bad.read_bytes()[: bad.stat().st_size // 3] if content == b"cut" else content)
    named = rf"task task0: 1 of 6 recordings cannot be read.*\n  split fold01 \(test\), {folder}/48000/fold01/{words}"
    with pytest.raises(DubaugError, match=named):
        run(hear_experiment(folder), tmp_path / "work")
    assert "cannot be read: task task0, split fold01 (test)" in capsys.readouterr().err
    assert not list((tmp_path / "work").glob("*")), "no part of the data set is left to be evaluated"


def test_what_recordings_turn_out_to_be_is_told_each_time(
    folds, hear_experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folds()
    for name, rate_hz, gain in (("00/0a", 48000, 0), ("01/1a", 16000, 0), ("02/2b", 16000, 1)):
        samples = gain * np.random.default_rng(0).uniform(-0.5, 0.5, rate_hz)
        soundfile.write(folder / f"48000/fold{name}.wav", samples, rate_hz)
    ogg = folder / "48000/fold02/2a.wav"
    soundfile.write(ogg, np.random.default_rng(0).uniform(-0.5, 0.5, 96000), 48000, format="OGG")
    ogg.write_bytes(ogg.read_bytes()[: ogg.read_bytes().rindex(b"OggS")])
    for _ in range(2):  # decoded, and found decoded
        run(hear_experiment(folder), tmp_path / "work")
        told = capsys.readouterr().err
        assert "task-v1-full: 2 of 6 recordings are digital silence\n" in told
        assert "2 of 6 recordings have 16000 Hz where their folder says 48000 Hz, and were resampled\n" in told
        assert "1 of 6 recordings are Ogg without the page that ends it" in told


def test_unreadable_recordings_of_all_data_sets_are_told_at_once_and_whole_ones_are_kept(
    folds, hear_experiment, tmp_path: Path, extracted: list[str]
) -> None:
    folders = [folds(f"{name}-v1-full") for name in ("one", "two", "three")]
    good = (folders[0] / "48000/fold02/2b.wav").read_bytes()
    (folders[0] / "48000/fold02/2b.wav").write_bytes(b"")
    (folders[2] / "48000/fold00/0a.wav").write_bytes(b"")
    experiment = hear_experiment(*folders)
    with pytest.raises(DubaugError, match=r"(?s)task task0: 1 of 6 .*2b\.wav.*task task2: 1 of 6 .*0a\.wav"):
        run(experiment, tmp_path / "work")
    for path in (folders[0] / "48000/fold02/2b.wav", folders[2] / "48000/fold00/0a.wav"):
        path.write_bytes(good)
    extracted.clear()
    run(experiment, tmp_path / "work")
    assert len(extracted) == 12, "the second data set was kept"


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("fold01.json", '{"1a.wav": ["c"], "1b.wav": ["b"]}', r"fold01\.json: 1a\.wav has the label 'c'"),
        ("fold01.json", '{"1a.wav": ["a"], "1c.wav": ["b"]}', r"fold01\.json names 1c\.wav, and there is no"),
        ("fold01.json", '{"1a.wav": ["a"], "1b.wav": ["a"]}', r"split 'fold01' has no test item of 'b'"),
        ("fold01.json", "{}", r"split 'fold01' has no test items"),
        ("fold01.json", '{"1a.wav": ["a"], "0b.wav": ["b"]}', r"fold01\.json names 0b\.wav and .*fold00\.json"),
    ],
    ids=["label outside the vocabulary", "absent file", "fold without a class", "empty split", "two of one name"],
)
def test_bad_lists_are_errors_before_anything_is_decoded(
    folds, hear_experiment, tmp_path: Path, extracted: list[str], file: str, text: str, words: str
) -> None:
    good, bad = folds("good-v1-full"), folds("bad-v1-full")
    (bad / file).write_text(text)
    write_sound(bad / "48000/fold01/0b.wav", 1.0)
    with pytest.raises(DubaugError, match=rf"task task1: {bad}: .*{words}"):
        run(hear_experiment(good, bad), tmp_path / "work")
    assert extracted == []


def test_tasks_without_data_are_left_out_and_noted(
    folds, hear_experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = hear_experiment(folds(), tmp_path / "nowhere")
    with pytest.raises(DubaugError, match=r"task task1: .*no folder"):
        run(experiment, tmp_path / "work")
    capsys.readouterr()
    manifest = tmp_path / "work/hear.json"
    kinds = {"work_dir": tmp_path / "work", "manifest": manifest, "separated": {}, "jobs": 1}
    extract_suite(experiment, "hear", missing=["task1"], **kinds)
    reason = f"no data at {tmp_path}/nowhere"
    assert FeaturesManifest.load(manifest).missing == {"task1": reason}
    assert f"left out: task1: {reason}" in capsys.readouterr().err
    assert load_features(manifest, "task0").dataset.n_items == 6
    with pytest.raises(DubaugError, match="no task of suite hear has data"):
        extract_suite(experiment, "hear", missing=["task0", "task1"], **kinds)


def features_missing(manifest: Path) -> dict[str, int]:
    return {name: task.missing for name, task in FeaturesManifest.load(manifest).tasks.items()}


def test_video_tasks_share_one_shard_with_frames(
    make_experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "vggsound"
    rows = [("a" * 11, 1, "x", "train"), ("b" * 11, 20, "x", "test"), ("c" * 11, 3, "x", "test")]
    write(folder / "vggsound.csv", "".join(f"{name},{start},{label},{part}\n" for name, start, label, part in rows))
    for name, start, _, _ in rows[:2]:
        make_film(
            folder / f"videos/{name}_{start:06d}.mp4", seconds=3.2, size=(80, 48), tracks=[("", tone(3.2, channels=2))],
            layout="stereo", codec="aac",
        )  # fmt: skip
    tasks = {
        name: {"suite": "visual", "layout": "vggsound", "modality": modality, "path": str(folder)}
        for name, modality in (("both", "AV"), ("ear", "A"), ("eye", "V"))
    }
    suites = {"hear": [], "hares": [], "visual": list(tasks)}
    with pytest.raises(DubaugError, match=r"tasks both, ear, eye: .*split 'test' \(test\).*ccccccccccc_000003"):
        run(make_experiment(tasks=tasks, suites=suites), tmp_path / "work", suite="visual")
    write(tmp_path / "absent.txt", f"{rows[2][0]}_000003\n")
    tasks = {name: {**task, "absent_files": str(tmp_path / "absent.txt")} for name, task in tasks.items()}
    experiment = make_experiment(tasks=tasks, suites=suites)
    manifest = run(experiment, tmp_path / "work", suite="visual")
    assert "vggsound: 1 listed items are not on disk, as absent_files says" in capsys.readouterr().err
    assert features_missing(manifest) == {"both": 1, "ear": 1, "eye": 1}
    features = [load_features(manifest, name) for name in tasks]
    assert len({each.sha256 for each in features}) == 1
    reader = features[0].reader
    square = experiment.augmentation.height_min
    assert reader.frames(0).shape == (experiment.clips.frames, square, square, 3)
    assert sorted(reader.tracks) == ["44100", "48000"]
    assert len(list((tmp_path / "work").glob("*.arrow"))) == 1
    (folder / f"videos/{rows[1][0]}_000020.mp4").write_bytes(b"")
    with pytest.raises(DubaugError, match=r"(?s)tasks both, ear, eye: 1 of 2 .*or delete them.*bbb_000020\.mp4"):
        run(experiment, tmp_path / "work", suite="visual")


def test_a_task_without_speech_is_read_from_its_own_folder(folds, make_experiment, tmp_path: Path) -> None:
    plain, separated = folds("plain-v1-full"), folds("separated-v1-full", seconds=6.0)
    tasks = {"nospeech": {"suite": "hear", "path": str(plain), "separated": True}}
    experiment = make_experiment(tasks=tasks, suites={"hear": ["nospeech"], "hares": [], "visual": []})
    with pytest.raises(DubaugError, match=r"--separated-task nospeech=DIR"):
        run(experiment, tmp_path / "work")
    features = load_features(run(experiment, tmp_path / "work", nospeech=separated), "nospeech")
    assert len(features.window_items) == 12
    assert features.dataset.items[0].audio == separated / "48000/fold00/0a.wav"


def test_manifests_that_do_not_fit(folds, hear_experiment, tmp_path: Path) -> None:
    manifest = run(hear_experiment(folds()), tmp_path / "work")
    with pytest.raises(DubaugError, match="no features of task 'esc50'; it has task0"):
        load_features(manifest, "esc50")
    (record,) = (tmp_path / "work").glob("task-*.json")
    value = json.loads(record.read_text())
    value["shard"]["windows"][0] = 5
    record.write_text(json.dumps(value))
    with pytest.raises(DubaugError, match="do not belong together"):
        load_features(manifest, "task0")
    with pytest.raises(DubaugError, match="no manifest of features"):
        load_features(tmp_path / "nothing.json", "task0")


def test_the_manifest_may_lie_elsewhere(folds, hear_experiment, tmp_path: Path) -> None:
    manifest = tmp_path / "other/deep/hear.json"
    extract_suite(hear_experiment(folds()), "hear", work_dir=tmp_path / "work", manifest=manifest, separated={}, jobs=1)
    assert load_features(manifest, "task0").dataset.n_items == 6


def test_the_command(folds, hear_experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folds()
    save(hear_experiment(folder), tmp_path / "config.yaml")
    words = ["features", "--config", str(tmp_path / "config.yaml"), "--suite", "hear", "--jobs", "1"]
    words += ["--work-dir", str(tmp_path / "work"), "--out", str(tmp_path / "work/hear.json")]
    assert main(words) == 0
    assert main([*words, "--separated-task", "task0"]) == 1
    assert "expected NAME=DIR" in capsys.readouterr().err
    assert load_features(tmp_path / "work/hear.json", "task0").dataset.n_items == 6


def test_threads_never_run_far_ahead() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number

    with ThreadPoolExecutor(2) as pool:
        for taken in in_order(pool, work, range(100), ahead=4):
            assert len(begun) <= taken + 6
    assert sorted(begun) == list(range(100))


@pytest.mark.slow
def test_real_esc10(real_data: Path, hear_experiment, tmp_path: Path) -> None:
    experiment = hear_experiment(real_data / "hear/tasks/esc10-v1.0-subset")
    features = load_features(run(experiment, tmp_path / "work"), "task0")
    assert (features.dataset.n_items, len(features.window_items)) == (200, 400)
    # That the right sound stands at the right label: each item's mean spectrum, nearest neighbour left out of itself.
    rows = features.reader.mels(range(400), "48000").astype(np.float32)
    means = rows.mean(axis=(1, 2)).reshape(200, 2, -1).mean(axis=1)
    distances = ((means[:, None] - means[None]) ** 2).sum(-1) + np.diag(np.full(200, np.inf))
    right = (features.dataset.targets[distances.argmin(1)] == features.dataset.targets).mean()
    assert right > 0.35
