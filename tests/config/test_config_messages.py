"""What is wrong with a configuration is told with its place."""

from pathlib import Path

import pytest

from dubaug.config import resolve, resolve_files
from dubaug.errors import ConfigError


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


def _message(repository: Path, mine: Path, text: str) -> list[str]:
    mine.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        resolve_files([repository / "config.yaml", mine], repository / "workflow")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        ("seeds: [0]\npretraining:\n  temperature: 0\n", "`pretraining.temperature`: got 0, expected more than 0", 3),
        ("seeds: [0]\nclips: {frame_hight: 3}\n", "`clips.frame_hight` is unknown (did you mean frame_height?);", 2),
        ("\ntasks:\n  mine: {suite: hear}\n", "`tasks.mine.path` is required, and not given", 3),
        ("probe: {hear:\n {batch_size: 1}}\n", "`probe.hear.batch_size`: got 1, expected at least 2", 2),
        ("device: gpu\n", "`device`: got 'gpu', expected one of: auto, cpu, cuda", 1),
        ("\nscale: papper\n", "`scale`: got 'papper', expected one of: demo, paper", 2),
        ("seeds:\n- 0\n- -1\n", "`seeds.1`: got -1, expected at least 0", 3),
        ("\nvariants: {x: {secondary: [es], start_from: ef}}\n", "`variants.x.start_from`: got 'ef', expected a tr", 2),
        (
            "corpus:\n  secondary:\n  - jp\n",
            "`corpus.secondary.0`: got 'jp', expected a track such as es, yue, es-419 or "
            "es@synthetic; this is no language; did you mean ja (Japanese)?",
            3,
        ),
        (
            "variants: {x: {secondary: [spanich]}}\n",
            "`variants.x.secondary.0`: got 'spanich', expected a track such as "
            "es, yue, es-419 or es@synthetic; this is no language; did you mean es (Spanish)?",
            1,
        ),
        (
            "variants: {x: {secondary: [es@synthetic]}}\n",
            "`variants.x.secondary`: got 'es@synthetic', expected a track "
            "of corpus.primary or corpus.secondary (en, es, fr, ja)",
            1,
        ),
        ("corpus: {secondary: [es, spa]}\n", "`corpus.secondary`: got ['es', 'es'], expected entries that differ", 1),
        ("variants: {a b: {secondary: [es]}}\n", "`variants.a b`: got 'a b', expected letters, digits and under", 1),
        ('seeds: ["0"]\n', "`seeds.0`: got '0', which YAML reads as text; write it bare, without quotes: 0", 1),
        ("embed_batch: '2'\n", "`embed_batch`: got '2', which YAML reads as text; write it bare, without quotes: 2", 1),
        ("clips: {duration_s: 3e0}\n", "`clips.duration_s`: got '3e0', which YAML reads as text; write it bare, wi", 1),
        ("seeds: []\n", "`seeds`: got [], expected 1 or more entries", 1),
        ("demo: []\n", "`demo`: got [], expected keys with values", 1),
        ("variants: {es: {epochs: 0}}\n", "`variants.es.epochs`: got 0, expected at least 1", 1),
        ("clips: {\n duration_s: .nan}\n", "`clips.duration_s`: got nan, expected a finite number", 2),
        ("corpus: {primary: no}\n", "`corpus.primary`: got False, expected text; YAML takes a bare no, off and", 1),
        ("corpus: {primary: xx}\n", "`corpus.primary`: got 'xx', expected a track such as", 1),
        ("corpus: {secondary: [es, no]}\n", "`corpus.secondary.1`: got False, expected text; YAML takes a bare", 1),
        ("variants: {\n no: {secondary: [es]}}\n", "`variants.False`: got False, expected text; YAML takes", 2),
        ("variants: {es: {label: 1999}}\n", '`variants.es.label`: got 1999, expected text; quote it: "1999"', 1),
        ("variants: {es: {label: 2024-01-01}}\n", "`variants.es.label`: got 2024-01-01, expected text; quote it", 1),
        ('variants: {"x\\n": {secondary: [es], label: X}}\n', "`variants.x\\n`: got 'x\\n', expected letters", 1),
        (f"device: {1000 * 'x'}\n", f"`device`: got '{79 * 'x'}... (1002 characters), expected one of: auto", 1),
        (f"{1000 * 'x'}: 1\n", f"`{80 * 'x'}... (1000 characters)` is unknown;", 1),
    ],
)
def test_the_file_and_the_line_are_named(repository: Path, mine: Path, text: str, told: str, line: int) -> None:
    first, *others = _message(repository, mine, text)
    assert f"config key {told}" in first
    assert first.endswith(f"({mine}, line {line})")
    assert not others


def test_a_fault_between_the_users_value_and_the_scales_is_placed_where_its_value_stands(
    repository: Path, mine: Path
) -> None:
    (line,) = _message(repository, mine, "encoders: {video: {crop: 64}}\n")
    assert "config key `augmentation.height_min`: got 40, expected at least encoders.video.crop (64)" in line
    number = (repository / "workflow/config/demo.yaml").read_text(encoding="utf-8").split("height_min")[0].count("\n")
    assert line.endswith(f"workflow/config/demo.yaml, line {number + 1})")


def test_a_value_of_the_command_line_has_no_file(repository: Path) -> None:
    files = [repository / "config.yaml"]
    keys = {"seeds": [3, 3], "corpus": {"primary": "en", "secondary": []}, "variants": {}}
    with pytest.raises(ConfigError, match=r"`seeds`: got \[3, 3\], expected entries that differ$"):
        resolve(keys, repository / "workflow", files=files)


@pytest.mark.parametrize(("text", "told"), [("clips: [\n", "is no YAML: "), ("- 1\n", "holds no keys with values: ")])
def test_what_holds_no_keys_is_told(repository: Path, mine: Path, text: str, told: str) -> None:
    assert f"{mine} {told}" in _message(repository, mine, text)[0]


def test_several_faults_are_told_at_once_but_no_more_than_five(repository: Path, mine: Path) -> None:
    text = "clips: {frames: 0, batches: 0}\nmel: {n_fft: 0, floor: 0}\nencoders: {audio: {depth: 51}}\n"
    assert len(_message(repository, mine, text)) == 5
    assert _message(repository, mine, text + "embed_batch: 0\nseeds: []\n")[5:] == ["... and 2 more"]
