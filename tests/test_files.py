import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dubaug import files
from dubaug.errors import DubaugError
from dubaug.files import atomic_folder, atomic_path, link_or_copy, read_json, sha256_of, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a" / "result.json"
    write_json(path, {"value": 1})

    def fail_half_way() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        fail_half_way()
    assert read_json(path) == {"value": 1}
    assert [entry.name for entry in path.parent.iterdir()] == ["result.json"]


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "Make room"), (errno.EACCES, "Make it writable"), (errno.EROFS, "Make it writable")],
)
def test_what_to_do_about_a_place_depends_on_what_it_lacks(tmp_path: Path, number: int, advice: str) -> None:
    with (
        pytest.raises(DubaugError, match=rf"cannot write {tmp_path}/x: {os.strerror(number)}\. {advice}"),
        atomic_path(tmp_path / "x"),
    ):
        raise OSError(number, "as the system says")


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert not (tmp_path / "x.json").exists()


def test_sha256_is_of_the_bytes(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "abc")
    assert sha256_of(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a" / "model"

    def write(word: str, *, fail: bool = False) -> None:
        with atomic_folder(path) as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / word).write_text(word)
            if fail:
                raise RuntimeError("disk full")

    write("old")
    assert (path / "sub/old").read_text() == "old"
    with pytest.raises(RuntimeError, match="disk full"):
        write("half", fail=True)
    assert [entry.name for entry in (path / "sub").iterdir()] == ["old"]
    write("new")
    assert [entry.name for entry in (path / "sub").iterdir()] == ["new"]
    assert [entry.name for entry in path.parent.iterdir()] == ["model"]


KILLED = """
import os, sys
from pathlib import Path
from dubaug.files import atomic_folder, atomic_path
with atomic_path(Path("a.b.mkv")) as file, atomic_folder(Path("data")) as folder:
    file.touch()
    (folder / "half").touch()
    (folder.with_suffix(".old")).mkdir()
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_left_goes_with_the_next_write_into_the_folder(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False).returncode == -9
    assert len(list(tmp_path.iterdir())) == 3, "a file, a folder, and one that had stepped aside"
    elsewhere, mine = "12-0000beef", f"{os.getpid()}-{files.HERE}"
    kept = [f".data.{elsewhere}.part", f".now.{mine}.part.json", ".git", ".some.part.json", "other"]
    for name in (*kept, f".long ago.{elsewhere}.part.csv"):
        (tmp_path / name).touch()
    os.utime(tmp_path / f".long ago.{elsewhere}.part.csv", (1e9, 1e9))
    write_text(tmp_path / "x.json", "{}")
    assert {path.name for path in tmp_path.iterdir()} == {*kept, "x.json"}


def test_a_folder_that_cannot_step_in_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model"
    path.mkdir()
    (path / "old").touch()
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(errno.ENOSPC, "full")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(DubaugError, match="cannot write"), atomic_folder(path) as folder:
        (folder / "new").touch()
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]
    assert (path / "old").exists()


@pytest.mark.parametrize("links", [True, False])
def test_another_name_of_a_file_takes_the_place_of_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    source, path = tmp_path / "source.arrow", tmp_path / "deep" / "name.arrow"
    source.write_bytes(b"new")
    path.parent.mkdir()
    path.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    for _ in range(2):  # the second time it is that file already
        os.utime(source, (1, 1))
        link_or_copy(source, path)
        assert path.stat().st_mtime > 1e9
        assert path.read_bytes() == b"new"
        assert path.samefile(source) == links
        assert list(path.parent.iterdir()) == [path]
    path.unlink()
    assert source.read_bytes() == b"new"
