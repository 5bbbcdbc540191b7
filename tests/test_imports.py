"""The way data flows is the way modules know of each other: nothing imports what stands right of it."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import dubaug.export

SHARED = (
    "languages", "tracks", "settings", "progress", "errors", "words", "markdown", "hardware", "seeding", "digests",
    "files", "yaml_files", "layout", "standing", "provenance", "tabular", "workers", "metrics", "suites", "config",
    "plotting",
)  # fmt: skip
"""Small pieces that all stages may use."""
STAGES = (
    "statistics", "companion", "demo", "corpus", "media", "alignment", "shards", "separation", "encoders",
    "pretrain", "downstream", "embed", "probe", "tables", "comparisons", "figures", "claims", "report", "export",
    "hear_api", "tracking", "plan", "cli",
)  # fmt: skip
"""In the order of the data's flow, with what runs beside it or looks at all of it at the end. A new package is placed
here: as far left as what it imports allows."""
ORDER = ("dubaug", *SHARED, *STAGES)


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Return, for each module of the package, the modules of the package that it imports anywhere."""
    root = Path(dubaug.__file__).parent
    paths = {_name(path.relative_to(root.parent)): path for path in root.rglob("*.py")}
    return {module: _imported(path, set(paths)) - {module} for module, path in paths.items()}


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imported(path: Path, modules: set[str]) -> set[str]:
    named = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{path}: a relative import"
            whole = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            named |= whole or {node.module}
    return named & modules


def _place(module: str) -> str:
    """Return the package, or the module that stands by itself: `dubaug.probe.run` is in `probe`.

    A stage's section of the configuration, `<package>/settings.py`, stands left of all: `config` is made of them.
    """
    if module.endswith(".settings"):
        return "settings"
    return module.removeprefix("dubaug.").partition(".")[0]


def test_every_package_has_its_place(imports: dict[str, set[str]]) -> None:
    assert len(set(ORDER)) == len(ORDER)
    assert {_place(module) for module in imports} == set(ORDER), "place the new one in STAGES, or among SHARED"


def test_no_module_imports_what_stands_right_of_it(imports: dict[str, set[str]]) -> None:
    at = {place: number for number, place in enumerate(ORDER)}
    back = [
        f"{module} imports {other}"
        for module, others in sorted(imports.items())
        for other in sorted(others)
        if at[_place(other)] > at[_place(module)]
    ]
    assert back == []


def test_modules_do_not_import_each_other_in_a_circle(imports: dict[str, set[str]]) -> None:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def test_export_reads_then_says_then_writes(imports: dict[str, set[str]]) -> None:
    """The package's docstring names its modules by layers; none imports one that is named after it."""
    assert dubaug.export.__doc__ is not None
    named = re.findall(r"`(\w+)`", dubaug.export.__doc__)
    own = {
        module.rpartition(".")[2]: others for module, others in imports.items() if module.startswith("dubaug.export.")
    }
    assert set(named) == set(own)
    for module, others in own.items():
        later = named[named.index(module) :]
        assert not {f"dubaug.export.{name}" for name in later} & others, module
