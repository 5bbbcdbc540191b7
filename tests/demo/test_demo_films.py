import csv
import itertools
from fractions import Fraction

import av
import numpy as np
import pytest

from dubaug.cli import main
from dubaug.config import Demo, DemoFilms, save
from dubaug.demo import filmfiles, surround
from dubaug.demo.dialogue import LANGUAGES
from dubaug.demo.filmfiles import settings_of, write_films, write_title
from dubaug.demo.films import scene_background, scene_speech, scene_stems
from dubaug.demo.scenes import KINDS
from dubaug.demo.titles import plan_titles
from dubaug.files import sha256_of
from dubaug.seeding import item_rng

SMALL = Demo(
    directory="unused",
    seed=5,
    films=DemoFilms(titles=3, scenes_per_title=1, scene_s=2.5),
    items_per_class=2,
)


@pytest.fixture(scope="module")
def shipped_titles(demo_experiment):
    return plan_titles(demo_experiment.demo.films, demo_experiment.demo.seed)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Three short films, made by one process."""
    folder = tmp_path_factory.mktemp("films")
    write_films(folder, demo=SMALL, jobs=1)
    return folder


def decoded(path, track):
    """One track's six channels, dynamic range untouched: (6, samples) in FFmpeg's order."""
    with av.open(str(path), options={"drc_scale": "0"}) as container:
        frames = [frame.to_ndarray() for frame in container.decode(container.streams.audio[track])]
    return np.concatenate(frames, axis=1)


def test_every_row_of_table_b4_counts_other_titles(shipped_titles):
    counts = {}
    for size in (1, 2, 3):
        for dubs in itertools.combinations(("es", "fr", "ja"), size):
            counts[dubs] = sum(set(dubs) <= set(title.languages) for title in shipped_titles)
    assert len(shipped_titles) >= 24
    assert len(set(counts.values())) == 7, counts
    assert counts["es", "fr", "ja"] == pytest.approx(2 / 3 * len(shipped_titles), abs=1)


def test_titles_are_as_long_and_varied_as_promised(shipped_titles):
    assert all(title.seconds >= 30 for title in shipped_titles)
    assert len({title.seconds % 3 for title in shipped_titles}) > 3, "real films are no whole number of clips"
    assert len({title.title_id for title in shipped_titles}) == len(shipped_titles)
    assert all(title.languages[0] == "en" for title in shipped_titles)
    assert all(title.original_language in title.languages for title in shipped_titles)
    assert all(1960 <= title.year <= 2022 and title.genres for title in shipped_titles)
    seen = [scene.plan.kind for title in shipped_titles for scene in title.scenes]
    assert {kind: seen.count(kind) for kind in KINDS} == dict.fromkeys(KINDS, 8)


def test_more_titles_leave_the_first_ones_as_they_were():
    films = DemoFilms(titles=4, scenes_per_title=2, scene_s=3.0)
    more = DemoFilms(titles=40, scenes_per_title=2, scene_s=3.0)
    assert plan_titles(films, 7) == plan_titles(more, 7)[:4]
    assert plan_titles(films, 7) != plan_titles(films, 8)
    assert len({title.title_id for title in plan_titles(more, 7)}) == 40


def test_dialogue_fits_is_spread_over_roles_and_not_repeated_soon(shipped_titles):
    for title in shipped_titles:
        said = [line for scene in title.scenes for line in scene.lines]
        assert len(said) >= len(title.scenes)
        assert len({line.role for line in said}) >= 2
        assert len({line.sentence for line in said}) >= 0.9 * min(len(said), 30)
        for scene in title.scenes:
            assert all(0 <= line.start_s < scene.plan.seconds - 1 for line in scene.lines)


def test_all_languages_speak_at_the_same_times(shipped_titles):
    title = shipped_titles[0]
    scene = max(title.scenes, key=lambda scene: len(scene.lines))
    for language in LANGUAGES:
        speech = scene_speech(scene, title.acoustics, title.cast, language=language, sample_rate_hz=16000)[2]
        for line in scene.lines:
            at = round(line.start_s * 16000)
            assert np.abs(speech[max(at - 1600, 0) : at]).max(initial=0) < 1e-3, "silence before the line"
            assert np.sqrt(np.mean(speech[at : at + 16000] ** 2)) > 0.01, "speech after its start"


def test_dubs_differ_in_speech_alone(shipped_titles):
    title = shipped_titles[0]
    scene = next(scene for scene in title.scenes if scene.lines)
    arguments = {"sample_rate_hz": 16000}
    english, french = (
        scene_speech(scene, title.acoustics, title.cast, language=language, **arguments) for language in ("en", "fr")
    )
    assert not np.array_equal(english, french)
    assert not english[3:].any(), "speech is in front"
    once = scene_background(scene, title.acoustics, title.theme, **arguments)
    np.testing.assert_array_equal(once, scene_background(scene, title.acoustics, title.theme, **arguments))
    assert not once[2].any(), "the centre is for speech"
    assert (np.abs(once).max(axis=1)[[0, 1, 3, 4, 5]] > 0).all()
    assert np.abs(once + english).max() < 1.0


def test_stereo_is_ac3s_lo_ro():
    left = (0.4142, 0, 0.2929, 0, 0.2929, 0)  # of L R C LFE Ls Rs
    right = (0, 0.4142, 0.2929, 0, 0, 0.2929)
    np.testing.assert_allclose(surround.stereo(np.eye(6, dtype=np.float32)), [left, right], atol=1e-4)


def test_stems_are_the_same_for_equal_generators_and_the_background_for_all_languages():
    (speech, background), again, dubbed = (
        scene_stems(seconds=3.0, sample_rate_hz=22050, rng=item_rng("stems"), language=language)
        for language in ("en", "en", "ja")
    )
    assert speech.shape == background.shape == (2, 66150)
    np.testing.assert_array_equal(speech, again[0])
    assert not np.array_equal(speech, dubbed[0])
    np.testing.assert_array_equal(background, dubbed[1])


def test_stems_hold_speech_and_background_of_like_level():
    ratios = []
    for number in range(12):
        speech, background = scene_stems(seconds=4.0, sample_rate_hz=16000, rng=item_rng("level", number))
        if speech.any():
            ratios.append(10 * np.log10(np.mean(speech**2) / np.mean(background**2)))
    assert len(ratios) >= 8
    assert -12 < np.median(ratios) < 9


def test_film_has_the_promised_streams(corpus):
    titles = plan_titles(SMALL.films, SMALL.seed)
    assert len({title.languages for title in titles}) == 2, "one of the three lacks a dub"
    for title in titles:
        with av.open(str(corpus / "films" / f"{title.title_id}.mkv")) as container:
            video, audio = container.streams.video[0], container.streams.audio
            assert (video.codec_context.name, video.width, video.height) == ("h264", 320, 180)
            assert video.average_rate == Fraction(24)
            assert [track.language for track in audio] == [filmfiles.ISO_639_2[name] for name in title.languages]
            for number, track in enumerate(audio):
                assert track.codec_context.name == "ac3"
                assert track.codec_context.layout.name == "5.1(side)"
                assert track.rate == 48000
                assert bool(track.disposition & track.disposition.default) == (number == 0)
            assert container.duration / av.time_base == pytest.approx(title.seconds, abs=0.05)
            assert sum(1 for _ in container.decode(video)) == round(title.seconds * 24)


def test_film_sounds_as_it_was_mixed(corpus):
    title = plan_titles(SMALL.films, SMALL.seed)[0]
    (scene,) = title.scenes
    background_CS = scene_background(scene, title.acoustics, title.theme, sample_rate_hz=48000)
    for track, language in enumerate(title.languages):
        speech_CS = scene_speech(scene, title.acoustics, title.cast, language=language, sample_rate_hz=48000)
        heard = decoded(corpus / "films" / f"{title.title_id}.mkv", track)
        mix = background_CS + speech_CS
        assert 0 <= heard.shape[1] - mix.shape[1] < filmfiles.AC3_SAMPLES
        agreement = np.corrcoef(heard[:, : mix.shape[1]], mix)[:6, 6:]
        # AC-3 keeps the fine structure of noise only in part; but each channel is itself and no other one.
        assert (agreement.argmax(axis=1) == np.arange(6)).all(), language
        assert agreement.diagonal().min() > 0.85, agreement.diagonal()
        np.testing.assert_allclose(heard.std(axis=1), mix.std(axis=1), rtol=0.1)


def test_catalogue_lists_the_films(corpus):
    with (corpus / "catalogue.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["title_id", "path", "original_language", "year", "genres"]
    assert len(rows) == 3
    assert all((corpus / row["path"]).is_file() for row in rows)


def test_the_number_of_processes_changes_no_byte(corpus, tmp_path):
    write_films(tmp_path, demo=SMALL, jobs=2)
    for path in sorted(corpus.rglob("*.*")):
        assert sha256_of(path) == sha256_of(tmp_path / path.relative_to(corpus)), path.name


def test_running_again_makes_only_what_is_missing_damaged_or_of_other_settings(tmp_path, monkeypatch):
    films = DemoFilms(titles=4, scenes_per_title=1, scene_s=0.5)
    demo = Demo(directory="unused", seed=6, films=films, items_per_class=2)
    write_films(tmp_path, demo=demo, jobs=1)
    films = sorted((tmp_path / "films").iterdir())
    bytes_before = {path: path.read_bytes() for path in films}
    films[0].unlink()
    films[1].write_bytes(films[1].read_bytes()[:3000])
    with films[1].open("r+b") as file:
        file.write(b"no Matroska")
    write_title(films[2], next(t for t in plan_titles(demo.films, 6) if t.title_id == films[2].stem), "older")
    made = []
    monkeypatch.setattr(filmfiles, "write_title", lambda path, *rest: (made.append(path), write_title(path, *rest)))
    write_films(tmp_path, demo=demo, jobs=1)
    assert sorted(made) == films[:3]
    assert {path: path.read_bytes() for path in films} == bytes_before
    assert settings_of(tmp_path / "catalogue.csv") is None


def test_an_error_leaves_no_part_of_a_film(tmp_path, monkeypatch):
    title = plan_titles(SMALL.films, SMALL.seed)[0]

    def fails(*_):
        raise RuntimeError("the picture fails")
        yield

    monkeypatch.setattr(filmfiles, "graded", fails)
    with pytest.raises(RuntimeError, match="the picture fails"):
        write_title(tmp_path / "film.mkv", title)
    assert not list(tmp_path.iterdir())


def test_command_writes_films_and_says_what_it_needs(make_experiment, paper_experiment, tmp_path, capsys):
    films = {"titles": 1, "scenes_per_title": 1, "scene_s": 3.0}
    save(make_experiment(demo={"films": films}), tmp_path / "config.yaml")
    out = tmp_path / "out"
    assert main(["demo-films", "--config", str(tmp_path / "config.yaml"), "--out", str(out), "--jobs", "1"]) == 0
    assert len(list((out / "films").glob("*.mkv"))) == 1
    assert "1/1 titles" in capsys.readouterr().err
    save(paper_experiment, tmp_path / "paper.yaml")
    assert main(["demo-films", "--config", str(tmp_path / "paper.yaml"), "--out", str(out)]) == 1
    assert "config key `demo` is empty" in capsys.readouterr().err
