"""The sound of the demo's films, whole and in its true stems; `filmfiles` puts it into files with the picture."""

from dataclasses import dataclass

import numpy as np

from dubaug.demo import scenes, surround
from dubaug.demo.dialogue import LANGUAGES, cast_roles, speak, write_lines
from dubaug.demo.music import Theme, make_theme, play
from dubaug.demo.plans import make_plan
from dubaug.demo.scenes import KINDS
from dubaug.demo.surround import Acoustics, make_acoustics
from dubaug.demo.titles import Scene
from dubaug.demo.voices import load_bank
from dubaug.errors import DubaugError


@dataclass(frozen=True, kw_only=True)
class Stems:
    """A mix in two parts, whose sum it is: float32, both of one shape, channels first."""

    speech: np.ndarray
    background: np.ndarray

    @property
    def mix(self) -> np.ndarray:
        """The sum of both."""
        mix_CS: np.ndarray = self.speech + self.background
        return mix_CS


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
    *,
    seconds: float,
    sample_rate_hz: int,
    rng: np.random.Generator,
    language: str | None = None,
    kind: str | None = None,
) -> Stems:
    """Return the true stereo stems of a new scene in a new title: (2, samples) each, as a film's downmix has them.

    What is not given is drawn: the kind from `scenes.KINDS`, the language from the four of the films. The speech
    bank's voices for films speak. Raises `DubaugError` for a language that the films do not have.
    """
    language = str(rng.choice(LANGUAGES)) if language is None else language
    if language not in LANGUAGES:
        raise DubaugError(f"the demo's films have no {language!r}; they have {', '.join(LANGUAGES)}")
    bank = load_bank()
    plan = make_plan(str(rng.choice(KINDS)) if kind is None else kind, seconds=seconds, rng=rng)
    cast = cast_roles(rng, 3, bank)
    sentences = [str(sentence) for sentence in rng.permutation(bank.sentences("films"))]
    lines = write_lines(seconds=seconds, rng=rng, cast=cast, sentences=sentences)
    scene = Scene(plan=plan, lines=lines, music=bool(rng.random() < 0.35))
    acoustics, theme = make_acoustics(rng), make_theme(rng)
    speech_CS = scene_speech(scene, acoustics, cast, language=language, sample_rate_hz=sample_rate_hz)
    background_CS = scene_background(scene, acoustics, theme, sample_rate_hz=sample_rate_hz)
    return Stems(speech=surround.stereo(speech_CS), background=surround.stereo(background_CS))


def speech_over(seconds: float, language: str, rng: np.random.Generator, *, sample_rate_hz: int) -> np.ndarray:
    """Return dialogue of some voices in `language`, float32 (samples,), at the speech bank's loudness."""
    bank = load_bank()
    cast = cast_roles(rng, 3, bank)
    sentences = [str(sentence) for sentence in rng.permutation(bank.sentences("films"))]
    lines = write_lines(seconds=seconds, rng=rng, cast=cast, sentences=sentences)
    return speak(lines, language=language, cast=cast, seconds=seconds, sample_rate_hz=sample_rate_hz)
