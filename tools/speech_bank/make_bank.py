"""Make the demo's speech bank: `python make_bank.py --kokoro-js kokoro-js-1.2.1.tgz --cache CACHE --out BANK`.

Everything said is in `texts/`, everyone who speaks in `voices.toml`. Each utterance is synthesised once into the cache
(FLAC, named by a hash of what determines it), so the run can be stopped and started again; then they are packed.
"""

import argparse
import csv
import hashlib
import json
import sys
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from engines import SAMPLE_RATE_HZ, Espeak, Kokoro
from levels import even_out

HERE = Path(__file__).parent
GAP_S = 0.12
"""Silence between two utterances of a file, so that the codec does not smear one into the next."""
OPUS_LEVEL = 0.945
"""libsndfile's compression level for Opus: about 20 kbit/s."""
SPEEDS = {"ja": 1.15, "hi": 1.15, "zh": 1.1}
"""Kokoro speaks these slowly; the other languages are said at 1."""
ESPEAK_WORDS_PER_MINUTE = 150
LANGID_SENTENCES_PER_VOICE = 3
KINDS = ("dialogue", "keyword", "command", "langid")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One utterance to be made."""

    voice: str
    language: str
    kind: str
    sentence: str
    text: str
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Unique in the bank."""
        return f"{self.kind}-{self.language}-{self.sentence}-{self.voice}"


def table(name: str) -> list[dict[str, str]]:
    """Read one of the text tables."""
    with (HERE / "texts" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines_of(voice: dict[str, Any], number: int) -> list[Line]:
    """Return all that a voice says. `number` shifts its choice among the language identification sentences."""
    name, lines = voice["id"], []
    for language in voice.get("dialogue", []):
        for row in table("dialogue"):
            if row["split"] == voice["split"]:
                lines.append(
                    Line(
                        voice=name,
                        language=language,
                        kind="dialogue",
                        sentence=row["sentence"],
                        text=row[language],
                    )
                )
    if voice.get("keyword"):
        for row in table("keywords"):
            word, labels = row["word"], {"target": row["target"]}
            lines.append(Line(voice=name, language="en", kind="keyword", sentence=word, text=word, labels=labels))
    if voice.get("command"):
        for row in table("commands"):
            labels = {key: row[key] for key in ("action", "object", "location")}
            lines.append(
                Line(
                    voice=name, language="en", kind="command", sentence=row["command"], text=row["text"], labels=labels
                )
            )
    for language in voice.get("langid", []):
        rows = [row for row in table("langid") if row["language"] == language]
        for step in range(LANGID_SENTENCES_PER_VOICE):
            row = rows[(number + step) % len(rows)]
            lines.append(Line(voice=name, language=language, kind="langid", sentence=row["sentence"], text=row["text"]))
    return lines


class Speaker:
    """Both engines behind one call, with a cache on disk."""

    def __init__(self, kokoro_js: Path, cache: Path, threads: int) -> None:
        """Nothing is loaded before it is needed: a full cache needs no engine."""
        self._kokoro_js, self._cache, self._threads = kokoro_js, cache, threads
        self._kokoro: Kokoro | None = None
        self._espeak: Espeak | None = None

    def recipe(self, voice: dict[str, Any], line: Line) -> dict[str, Any]:
        """Return all that determines the recording."""
        text = line.text
        if line.kind in ("keyword", "command"):
            text = text[0].upper() + text[1:] + "."
        recipe: dict[str, Any] = {"text": text, "language": line.language}
        if "kokoro" in voice:
            return recipe | {"kokoro": voice["kokoro"], "speed": SPEEDS.get(line.language, 1.0)}
        return recipe | {"espeak": voice["espeak"], "pitch": voice["pitch"], "wpm": ESPEAK_WORDS_PER_MINUTE}

    def path(self, recipe: dict[str, Any]) -> Path:
        """Return the recording's place in the cache."""
        data = json.dumps(recipe, sort_keys=True, ensure_ascii=False).encode()
        return self._cache / f"{hashlib.sha256(data).hexdigest()[:20]}.flac"

    def speak(self, recipe: dict[str, Any]) -> None:
        """Synthesise into the cache, unless it is there."""
        path = self.path(recipe)
        if path.exists():
            return
        if "kokoro" in recipe:
            self._kokoro = self._kokoro or Kokoro(self._kokoro_js, self._threads)
            audio = self._kokoro.speak(recipe["text"], recipe["language"], recipe["kokoro"], recipe["speed"])
        else:
            self._espeak = self._espeak or Espeak()
            audio = self._espeak.speak(
                recipe["text"],
                recipe["language"],
                recipe["espeak"],
                words_per_minute=recipe["wpm"],
                pitch=recipe["pitch"],
            )
        temporary = path.with_suffix(".part.flac")
        soundfile.write(temporary, np.clip(audio, -1, 1), SAMPLE_RATE_HZ, subtype="PCM_16")
        temporary.replace(path)


def pack(lines: list[Line], voices: dict[str, dict[str, Any]], speaker: Speaker, out: Path) -> None:
    """Write one Opus file a language and voice, and the two tables, into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.ogg"):
        old.unlink()
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(f"{line.language}-{line.voice}.ogg", []).append(line)
    gap = np.zeros(round(GAP_S * SAMPLE_RATE_HZ), np.float32)
    rows = []
    for name, group in groups.items():
        parts, offset = [gap], len(gap)
        for line in group:
            recording, rate_hz = soundfile.read(speaker.path(speaker.recipe(voices[line.voice], line)), dtype="float32")
            audio = even_out(recording, rate_hz)
            parts += [audio, gap]
            row = asdict(line) | {"labels": "|".join(f"{key}={value}" for key, value in line.labels.items())}
            rows.append(
                {"id": line.id}
                | row
                | {"sample_rate_hz": rate_hz, "file": name, "offset": offset, "samples": len(audio)}
            )
            offset += len(audio) + len(gap)
        soundfile.write(
            out / name,
            np.concatenate(parts),
            SAMPLE_RATE_HZ,
            format="OGG",
            subtype="OPUS",
            compression_level=OPUS_LEVEL,
        )
    write_table(out / "index.csv", rows)
    spoken = {line.voice for line in lines}
    write_table(
        out / "voices.csv",
        [
            {
                "voice": voice["id"],
                "split": voice["split"],
                "sex": voice["sex"],
                "engine": "kokoro" if "kokoro" in voice else "espeak",
                "source": (
                    " + ".join(f"{weight:g} {name}" for name, weight in voice["kokoro"].items())
                    if "kokoro" in voice
                    else f"variant {voice['espeak']}, pitch {voice['pitch']}"
                ),
            }
            for voice in voices.values()
            if voice["id"] in spoken
        ],
    )
    size = sum(path.stat().st_size for path in out.glob("*.ogg"))
    seconds = sum(row["samples"] for row in rows) / SAMPLE_RATE_HZ
    print(f"{len(rows)} utterances, {seconds / 60:.1f} minutes, {size / 1e6:.2f} MB")


def write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write dictionaries of the same keys as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Synthesise what the cache lacks, then pack."""
    parser = argparse.ArgumentParser(description="Make the demo's speech bank.")
    parser.add_argument("--kokoro-js", type=Path, required=True, help="kokoro-js-1.2.1.tgz, from `npm pack kokoro-js`")
    parser.add_argument("--cache", type=Path, required=True, help="folder for single recordings (kept between runs)")
    parser.add_argument("--out", type=Path, required=True, help="the bank: src/dubaug/demo/bank")
    parser.add_argument("--threads", type=int, default=2, help="threads of Kokoro")
    parser.add_argument("--only-cached", action="store_true", help="pack what the cache holds, synthesise nothing")
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    with (HERE / "voices.toml").open("rb") as file:
        voices = {voice["id"]: voice for voice in tomllib.load(file)["voice"]}
    speaker = Speaker(arguments.kokoro_js, arguments.cache, arguments.threads)
    lines = [line for number, voice in enumerate(voices.values()) for line in lines_of(voice, number)]
    if arguments.only_cached:
        lines = [line for line in lines if speaker.path(speaker.recipe(voices[line.voice], line)).exists()]
    else:
        for number, line in enumerate(lines, 1):
            speaker.speak(speaker.recipe(voices[line.voice], line))
            if number % 25 == 0 or number == len(lines):
                print(f"{number}/{len(lines)} utterances", file=sys.stderr, flush=True)
    pack(lines, voices, speaker, arguments.out)


if __name__ == "__main__":
    main()
