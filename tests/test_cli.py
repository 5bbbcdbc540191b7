import subprocess
import sys
from pathlib import Path

import pytest

from dubaug.cli import STAGES, build_parser, main
from dubaug.errors import EXIT_ERROR

COMMANDS = [
    "demo-films", "demo-tasks", "catalogue", "select", "shards", "index", "inspect", "separate", "separate-task",
    "pretrain", "features", "probe", "aggregate", "tables", "figure-c2", "export", "mlflow-sync", "plan",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        build_parser().parse_args([command, "--help"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 5


def test_help_is_quick_since_it_imports_nothing_heavy() -> None:
    heavy = ("torch", "mlflow", "pandas", "matplotlib")
    code = f"import sys, dubaug.cli; dubaug.cli.build_parser(); print([m for m in {heavy} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_expected_errors_are_one_line_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "config.yaml"
    code = main(["mlflow-sync", "--config", str(missing), "--results-dir", str(tmp_path)])
    printed = capsys.readouterr().err
    assert code == EXIT_ERROR
    assert "dubaug: error: no resolved configuration" in printed
    assert "Traceback" not in printed


def test_stages_are_sub_packages(repository: Path) -> None:
    for stage in STAGES:
        assert (repository / "src/dubaug" / stage / "command.py").is_file()
