"""The sound of the demo's films, whole and in its true stems; `filmfiles` puts it into files with the picture."""

import numpy as np

from dubaug.demo import scenes, surround
from dubaug.demo.dialogue import LANGUAGES, cast_roles, shuffled_sentences, speak, write_lines
from dubaug.demo.music import Theme, make_theme, play
from dubaug.demo.plans import make_plan
from dubaug.demo.scenes import KINDS
from dubaug.demo.surround import Acoustics, make_acoustics
from dubaug.demo.titles import Scene


def scene_background(scene: Scene, acoustics: Acoustics, theme: Theme, *, sample_rate_hz: int) -> np.ndarray:
    """Return all that is heard in a scene but speech, the same for each language: float32 (6, samples)."""
    bed_CS = scenes.sound_of(scene.plan, sample_rate_hz=sample_rate_hz)
    music_CS = None
    if scene.music:
        rng = scene.plan.rng("music")
        music_CS = play(theme, seconds=scene.plan.seconds, sample_rate_hz=sample_rate_hz, rng=rng)
    return surround.background(
        bed_CS, music_CS, acoustics, sample_rate_hz=sample_rate_hz, rng=scene.plan.rng("background")
    )


def scene_speech(
    scene: Scene, acoustics: Acoustics, cast: tuple[int, ...], *, language: str, sample_rate_hz: int
) -> np.ndarray:
    """Return the dialogue of a scene in one language: float32 (6, samples)."""
    said = speak(scene.lines, language=language, cast=cast, seconds=scene.plan.seconds, sample_rate_hz=sample_rate_hz)
    return surround.speech(said, acoustics, sample_rate_hz=sample_rate_hz, rng=scene.plan.rng("speech"))


def scene_stems(
    *, seconds: float, sample_rate_hz: int, rng: np.random.Generator, language: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the true stereo stems of a new scene in a new title, speech and background, whose sum is the film's mix.

    Both are float32 (2, samples), as a film's downmix has them.

    Its kind is drawn, and where it is not given its language. The speech bank's voices for films speak.
    """
    language = str(rng.choice(LANGUAGES)) if language is None else language
    plan = make_plan(str(rng.choice(KINDS)), seconds=seconds, rng=rng)
    cast = cast_roles(rng)
    lines = write_lines(seconds=seconds, rng=rng, cast=cast, sentences=shuffled_sentences(rng))
    scene = Scene(plan=plan, lines=lines, music=bool(rng.random() < 0.35))
    acoustics, theme = make_acoustics(rng), make_theme(rng)
    speech_CS = scene_speech(scene, acoustics, cast, language=language, sample_rate_hz=sample_rate_hz)
    background_CS = scene_background(scene, acoustics, theme, sample_rate_hz=sample_rate_hz)
    return surround.stereo(speech_CS), surround.stereo(background_CS)
