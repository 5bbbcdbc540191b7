"""The speech bank that lies in the package: whole, level, and fit for films and tasks that share no voice."""

import csv
import re
import shutil
import unicodedata
from collections import defaultdict
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from dubaug.demo.voices import Bank, load_bank
from dubaug.errors import DubaugError
from dubaug.tabular import read_rows

FILM_LANGUAGES = ("en", "es", "fr", "ja")
KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
LARGEST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def bank() -> Bank:
    return load_bank()


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(str(resources.files("dubaug.demo") / "bank"))


@pytest.fixture(scope="module")
def voices(folder: Path) -> dict[str, dict[str, str]]:
    """What voices.csv says of each: its split, its sex, and the engine and what that was told (`source`)."""
    return {row["voice"]: row for row in read_rows(folder / "voices.csv")}


def test_every_film_voice_says_every_line_in_its_language(bank: Bank) -> None:
    assert len(bank.sentences("films")) >= 24
    for language in FILM_LANGUAGES:
        cast = bank.voices(language, "films")
        assert len(cast) >= 2
        for sentence in bank.sentences("films"):
            takes = bank.select(kind="dialogue", sentence=sentence, language=language, split="films")
            assert tuple(take.voice for take in takes) == cast


def test_a_character_has_one_sex_in_all_dubs(bank: Bank, voices: dict[str, dict[str, str]]) -> None:
    casts = [bank.voices(language, "films") for language in FILM_LANGUAGES]
    for character in zip(*casts, strict=True):
        assert len({voices[voice]["sex"] for voice in character}) == 1
    assert {voices[voice]["sex"] for voice in casts[0]} == {"f", "m"}


def test_films_and_tasks_share_no_voice_and_no_ingredient_of_one(bank: Bank, voices: dict[str, dict[str, str]]) -> None:
    assert {utterance.voice for utterance in bank.utterances} == set(voices)
    ingredients = defaultdict(set)
    for voice in voices.values():
        source = voice["source"]
        names = re.findall(r"[a-z]{2}_[a-z]+", source) if voice["engine"] == "kokoro" else [source]
        assert names
        ingredients[voice["split"]].update(names)
    assert ingredients["films"]
    assert ingredients["tasks"]
    assert not ingredients["films"] & ingredients["tasks"]


def test_films_and_tasks_share_no_dialogue_line(bank: Bank) -> None:
    assert not set(bank.sentences("films")) & set(bank.sentences("tasks"))
    for language in FILM_LANGUAGES:
        assert len(bank.voices(language, "tasks", "dialogue")) >= 2


def test_keywords_by_several_voices(bank: Bank) -> None:
    for word in bank.sentences("tasks", "keyword"):
        takes = bank.select(kind="keyword", sentence=word)
        assert len({take.voice for take in takes}) >= 4, word
        assert {take.labels["target"] for take in takes} == {"yes" if word in KEYWORDS else "no"}
    words = set(bank.sentences("tasks", "keyword"))
    assert words >= set(KEYWORDS)
    assert len(words - set(KEYWORDS)) >= 8


def test_commands_cover_actions_objects_and_locations(bank: Bank) -> None:
    commands = bank.select(kind="command", language="en", split="tasks")
    found = {key: {command.labels[key] for command in commands} for key in ("action", "object", "location")}
    assert found["action"] == {"activate", "deactivate", "increase", "decrease", "change language", "bring"}
    assert found["object"] >= {"lights", "music", "volume", "heat", "lamp", "newspaper", "none"}
    assert found["location"] == {"none", "kitchen", "bedroom", "washroom"}
    assert len({command.sentence for command in commands}) >= 12
    for sentence in bank.sentences("tasks", "command"):
        assert len({command.voice for command in commands if command.sentence == sentence}) >= 4


def test_ten_languages_to_identify_by_several_voices(bank: Bank) -> None:
    languages = {utterance.language for utterance in bank.select(kind="langid")}
    assert len(languages) >= 10
    assert languages >= {"de", "en", "es", "fr", "it", "ru"}
    for language in languages:
        utterances = bank.select(kind="langid", language=language)
        assert len({utterance.voice for utterance in utterances}) >= 3, language
        assert len(utterances) >= 6


def test_neither_a_voice_nor_an_engine_gives_the_language_away(bank: Bank, voices: dict[str, dict[str, str]]) -> None:
    spoken = defaultdict(set)
    for utterance in bank.select(kind="langid"):
        spoken[utterance.voice].add(utterance.language)
    for language in ("de", "en", "es", "fr", "it", "ru"):
        engines = {voices[voice]["engine"] for voice in bank.voices(language, "tasks", "langid")}
        assert engines == {"kokoro", "espeak"}
        assert any(len(spoken[voice]) > 1 for voice in bank.voices(language, "tasks", "langid")), language


def test_each_recording_is_level_and_neither_clipped_nor_silent_at_its_ends(bank: Bank) -> None:
    frame = bank.sample_rate_hz // 100
    for utterance in bank.utterances:
        audio = bank.audio(utterance.id)
        assert audio.shape == (utterance.samples,)
        assert audio.dtype == np.float32
        assert np.abs(audio).max() < 1, utterance.id
        frames = audio[: len(audio) // frame * frame].reshape(-1, frame)
        power_db = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-10)
        loudest_db = power_db.max()
        speech_db = 10 * np.log10(np.mean(frames[power_db > loudest_db - 30] ** 2))
        assert speech_db == pytest.approx(-20, abs=2), utterance.id
        heard = np.flatnonzero(power_db > loudest_db - 32)
        silent_s = max(heard[0], len(frames) - 1 - heard[-1]) / 100
        assert silent_s < 0.25, utterance.id


def test_each_recording_lasts_as_long_as_its_text_plausibly_does(bank: Bank) -> None:
    for utterance in bank.utterances:
        letters = sum(unicodedata.category(sign)[0] in "LMN" for sign in utterance.text)
        seconds_per_letter = utterance.seconds / letters
        if utterance.kind == "keyword":
            assert 0.2 < utterance.seconds < 1.2, utterance.id
        else:
            lowest, highest = (0.08, 0.4) if utterance.language in ("ja", "zh") else (0.035, 0.16)
            assert lowest < seconds_per_letter < highest, utterance.id
            assert 0.8 < utterance.seconds < 6, utterance.id


def test_the_same_line_differs_from_voice_to_voice(bank: Bank) -> None:
    first, second, *_ = bank.select(kind="dialogue", sentence="d01", language="en", split="films")
    one, other = bank.audio(first.id), bank.audio(second.id)
    samples = min(len(one), len(other))
    assert abs(np.corrcoef(one[:samples], other[:samples])[0, 1]) < 0.5


def test_what_is_returned_may_be_written_to(bank: Bank) -> None:
    utterance = bank.utterances[0]
    before = bank.audio(utterance.id)
    bank.audio(utterance.id)[:] = 0
    np.testing.assert_array_equal(bank.audio(utterance.id), before)


def test_index_is_what_the_texts_in_tools_say(bank: Bank, repository: Path) -> None:
    texts = repository / "tools" / "speech_bank" / "texts"

    def rows(name: str) -> list[dict[str, str]]:
        with (texts / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    by_all = {(language, row["sentence"]): row[language] for row in rows("dialogue") for language in FILM_LANGUAGES}
    by_all |= {("en", row["command"]): row["text"] for row in rows("commands")}
    by_all |= {("en", row["word"]): row["word"] for row in rows("keywords")}
    by_some = {(row["language"], row["sentence"]): row["text"] for row in rows("langid")}
    said = {(utterance.language, utterance.sentence): utterance.text for utterance in bank.utterances}
    assert said.items() <= (by_all | by_some).items()
    assert by_all.keys() <= said.keys()


def test_bank_is_small_and_holds_no_stray_file(bank: Bank, folder: Path) -> None:
    audio = {path.name for path in folder.glob("*.ogg")}
    assert audio == {utterance.file for utterance in bank.utterances}
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST_BYTES


def test_unknown_names_are_refused_with_their_name(bank: Bank) -> None:
    with pytest.raises(DubaugError, match="no utterance 'dialogue-en-d01-nobody'"):
        bank.audio("dialogue-en-d01-nobody")


def test_missing_or_unsound_bank_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DubaugError, match=r"no voices\.csv"):
        Bank(tmp_path)
    for name in ("voices.csv", "index.csv"):
        shutil.copy(folder / name, tmp_path)
    index = (tmp_path / "index.csv").read_text(encoding="utf-8")
    (tmp_path / "index.csv").write_text(index.replace(",dialogue,", ",monologue,", 1), encoding="utf-8")
    with pytest.raises(DubaugError, match="kind is 'monologue'"):
        Bank(tmp_path)
    header, first, *_ = index.splitlines()
    (tmp_path / "index.csv").write_text(f"{header}\n{first}\n{first}\n", encoding="utf-8")
    with pytest.raises(DubaugError, match="distinct ids"):
        Bank(tmp_path)
