"""The conda environments hold the lock's versions, and what the package imports."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ENVIRONMENTS = ["media", "separation", "train", "report"]


def _pins(text: str) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;]+)", text, re.MULTILINE):
        pins.setdefault(name.lower(), set()).add(version)
    return pins


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pins_agree_with_the_lock(repository: Path, environment: str) -> None:
    locked = _pins((repository / "requirements.lock").read_text(encoding="utf-8"))
    content = yaml.safe_load((repository / f"envs/{environment}.yaml").read_text(encoding="utf-8"))
    pip = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    for name, versions in _pins("\n".join(pip)).items():
        assert versions <= locked.get(name, set()), f"envs/{environment}.yaml pins {name} {versions}"
    assert all("==" in line for line in pip)
    assert [entry for entry in content["dependencies"] if isinstance(entry, str)] == ["python=3.11", "pip"]
    assert content["channels"] == ["conda-forge", "nodefaults"]
    assert (repository / f"envs/{environment}.post-deploy.sh").is_file()


def test_every_rule_names_an_environment_that_exists(repository: Path) -> None:
    used = set()
    for rules in (repository / "workflow/rules").glob("*.smk"):
        used |= set(re.findall(r'"\.\./\.\./envs/(\w+)\.yaml"', rules.read_text(encoding="utf-8")))
    assert used == set(ENVIRONMENTS)


def test_the_lock_holds_what_the_project_asks_for(repository: Path) -> None:
    locked = _pins((repository / "requirements.lock").read_text(encoding="utf-8"))
    for asked in ["snakemake", "torch", "torchaudio", "pytorchvideo", "mlflow", "pandas", "pyyaml", "demucs"]:
        assert asked in locked


def test_every_environment_has_what_each_command_imports_at_its_start(repository: Path) -> None:
    code = "import sys, dubaug.cli; dubaug.cli.build_parser(); print(*sorted({n.split('.')[0] for n in sys.modules}))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    distributions = packages_distributions()
    needed = {
        distributions[name][0].lower()
        for name in printed.split()
        if name not in sys.stdlib_module_names and name in distributions and name != "dubaug"
    }
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = needed & {re.split("[><=]", line)[0].lower() for line in project["dependencies"]}
    assert {"pydantic", "pyyaml"} <= asked
    for environment in ENVIRONMENTS:
        content = yaml.safe_load((repository / f"envs/{environment}.yaml").read_text(encoding="utf-8"))
        (pip,) = (entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
        assert asked <= set(_pins("\n".join(pip))), environment


def _sections(definition: str) -> dict[str, str]:
    """Return the sections of an Apptainer definition; what stands above the first is its header, called ""."""
    parts = re.split(r"^%(\w+)\n", definition, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


@pytest.fixture
def definition(repository: Path) -> dict[str, str]:
    return _sections((repository / "envs/dubaug.def").read_text(encoding="utf-8"))


@pytest.mark.parametrize("section", ["post", "environment", "runscript", "test"])
def test_the_images_shell_parts_are_shell(definition: dict[str, str], section: str) -> None:
    shell = subprocess.run(["sh", "-n"], input=definition[section], capture_output=True, text=True, check=False)
    assert shell.returncode == 0, shell.stderr


def test_the_image_is_made_of_debian_and_the_lock(definition: dict[str, str], repository: Path) -> None:
    assert "Bootstrap: debootstrap\nOSVersion: bookworm\n" in definition[""], "its Python is 3.11"
    copied = dict(line.split() for line in definition["files"].splitlines() if line.strip())
    assert all((repository / source).exists() for source in copied)
    assert copied["requirements.lock"] in definition["post"]
    installs = [line.split() for line in definition["post"].splitlines() if " pip install " in line]
    assert [words[-1] for words in installs] == [copied["requirements.lock"], "/opt/dubaug"]
    assert "--no-deps" in installs[1], "nothing but what the lock says"
    # pyproject.toml names the readme; without it the package cannot be built.
    assert {"pyproject.toml", "README.md", "src"} <= set(copied)


def test_what_the_image_imports_when_it_is_tested_is_in_the_lock(definition: dict[str, str], repository: Path) -> None:
    names = re.search(r'-c "import ([\w, ]+)"', definition["test"])
    assert names is not None
    locked = _pins((repository / "requirements.lock").read_text(encoding="utf-8"))
    assert set(names[1].split(", ")) <= set(locked)


def test_the_workflow_names_the_image_once(repository: Path) -> None:
    entry = (repository / "Snakefile").read_text(encoding="utf-8")
    assert 'container: "envs/dubaug.sif"' in entry
    assert not any(
        "container" in path.read_text(encoding="utf-8") for path in (repository / "workflow/rules").glob("*")
    )
