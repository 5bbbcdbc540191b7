"""YAML is read strictly: nothing of it is lost or taken for something else without a word."""

import time
from pathlib import Path

import pytest

from dubaug.errors import ConfigError
from dubaug.yaml_files import NODES, find_line, read_yaml


def _told(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    begun = time.process_time()
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert time.process_time() - begun < 5
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key `a` stands on line 1 already, and one would be lost: make them one (line 3,"),
        ("a:\n  b: {c: 1, c: 1}\n", "the key `c` stands on line 2 already"),
        ("yes: 1\non: 2\n", "the key `True` stands on line 1 already"),
        ("<<: {a: 1}\n<<: {b: 1}\n", "the key `<<` stands on line 1 already"),
        ("seeds: [1:30]\n", "YAML takes 1:30 for 90: write that, or put it in quotes if it is text (line 1, column 9)"),
        ("seconds: 1:30.5\n", "YAML takes 1:30.5 for 90.5"),
        ("seed: -010\n", "YAML takes -010 for -8"),
        ("a:\n\t- 1\n", "indent with spaces, not with tabs (line 2, column 1)"),
        ("a: caf\xe9\n".encode("latin1"), "is not UTF-8 (byte 6): save it as UTF-8"),
        ("a: " + 1000 * "[", "more than 50 levels"),
        ("a: &a [*a]\n", f"more than {NODES} values, or one that contains itself"),
        ("a: &a {b: *a}\n", "or one that contains itself"),
        ("a: &a [1,1,1,1]\n" + "".join(f"a{i}: &{'b' * i} [{8 * ('*' + 'b' * (i - 1) + ',')}]\n" for i in range(2, 12))
         .replace("*b,", "*a,"), "or one that contains itself"),
        ("a: " + 5000 * "9", "a number of 5000 digits"),
        ("a: 2024-99-99\n", "month must be in 1..12"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor for the tag"),
        ("a: 1\n---\nb: 2\n", "another document"),
        ("? [a]\n: b\n", "unhashable"),
        ("a: \0", "is no YAML: "),
    ],
)  # fmt: skip
def test_what_is_lost_or_hides_something_is_told_with_its_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert told in _told(tmp_path / "a.yaml", text)


def test_json_is_read_as_strictly(tmp_path: Path) -> None:
    assert "the key `a` stands there twice" in _told(tmp_path / "a.json", '{"b": {"a": 1, "a": 2}}')
    assert "is no JSON" in _told(tmp_path / "a.json", "a: 1")
    (tmp_path / "b.json").write_text('{\n\t"a": 1e5}')
    assert read_yaml(tmp_path / "b.json") == {"a": 1e5}
    assert find_line(tmp_path / "b.json", ["a"]) == (None, 0)


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory"):
        read_yaml(tmp_path)


def test_what_is_well_written_is_read_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    text = (
        "\ufeffbase: &base {x: 0, y: 0x10}\nmine:\n  <<: *base\n  x: 1_000\n  no: '010'\nlist:\n- 1.5\n- {z: 0.5e-3}\n"
    )
    path.write_text(text, encoding="utf-8")
    assert read_yaml(path) == {
        "base": {"x": 0, "y": 16},
        "mine": {"x": 1000, "y": 16, False: "010"},
        "list": [1.5, {"z": 0.0005}],
    }
    assert find_line(path, ["mine", "x"]) == (1000, 4)
    assert find_line(path, ["mine", False]) == ("010", 5)
    assert find_line(path, ["list", 1, "z"]) == (0.0005, 8)
    for keys in ([], ["nowhere"], ["list", 2], ["list", "x"], ["mine", "x", "deeper"]):
        assert find_line(path, keys) == (None, 0)
    path.write_text("a: {b: {c: &c {<<: &d {x: 0}, x: 1}}}\ne: {<<: *c, x: 2}\n")
    assert read_yaml(path) == {"a": {"b": {"c": {"x": 1}}}, "e": {"x": 2}}, "what is merged may be replaced"
    path.write_text("# nothing\n")
    assert read_yaml(path) is None
