import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from dubaug.cli import STAGES, build_parser, main
from dubaug.errors import EXIT_ERROR

COMMANDS = [command for commands in STAGES.values() for command in commands]


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


def test_each_command_is_in_its_stage_and_found_by_its_name() -> None:
    for stage, commands in STAGES.items():
        parser = argparse.ArgumentParser()
        subparsers = parser.add_subparsers()
        importlib.import_module(f"dubaug.{stage}.command").register(subparsers)
        assert tuple(subparsers.choices) == commands


def test_a_wrong_command_is_told_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["aggregat"])
    printed = capsys.readouterr().err
    assert all(command in printed for command in COMMANDS)


def test_a_command_of_one_seed_imports_no_numbers() -> None:
    """It is the job that there are most of."""
    heavy = ("numpy", "scipy", "pyarrow", "dubaug.config")
    code = "import sys, dubaug.cli, dubaug.probe.aggregate; dubaug.cli.build_parser('aggregate');"
    code += f" print([m for m in {heavy} if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
