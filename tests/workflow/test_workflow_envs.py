"""The conda environments hold the lock's versions, and what the package imports."""

import re
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
