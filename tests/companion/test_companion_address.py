"""SQLite on a network disk is told from SQLite on the machine's own."""

from pathlib import Path

import pytest

from dubaug.companion import address


def test_network_disks_are_not_written_to_by_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/sda1 / ext4 rw 0 0\nsystemd-1 {tmp_path} autofs rw 0 0\nserver:/home {tmp_path} nfs4 rw 0 0\n"
        f"/dev/sdb {tmp_path}/local xfs rw 0 0\n"
    )
    monkeypatch.setattr(address, "MOUNTS", mounts)
    assert "network disk (nfs4)" in (address.unfit(f"sqlite:///{tmp_path}/mlflow.db") or "")
    assert address.unfit(f"sqlite:///{tmp_path}/local/mlflow.db") is None
    assert address.unfit("http://127.0.0.1:5000") is None
    assert address.sqlite_file("sqlite:///mlflow.db?timeout=5") == Path("mlflow.db")
