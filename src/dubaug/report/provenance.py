"""What made the results: commits, versions and licences."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup, escape

from dubaug.probe.results import Result, read_result

PACKAGE = "dubaug"
LONGEST_LICENCE = 100
"""Some packages give the licence's whole text where its name belongs."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """One installed package; `licence` is what its own metadata say, empty if nothing."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """What the result files say of themselves: how many, of which tasks, and how many hold what a commit computed."""

    n_files: int
    tasks: tuple[str, ...]
    commits: tuple[tuple[str, int], ...]


def read_results(paths: Sequence[Path]) -> Results | None:
    """Return what the result files that are there say; None if none is."""
    results = [read_result(path) for path in paths if path.is_file()]
    if not results:
        return None
    commits = Counter(commit for result in results for commit in _commits(result))
    tasks = dict.fromkeys(task for result in results for task in result.tasks)
    return Results(
        n_files=len(results),
        tasks=tuple(tasks),
        commits=tuple(sorted(commits.items(), key=lambda entry: (-entry[1], entry[0]))),
    )


def _commits(result: Result) -> set[str]:
    """Return the commits that computed a result's tasks, each seed's own where there are several; empty if unknown."""
    return {one.git_commit or "" for task in result.tasks.values() for one in task.members}


def packages() -> list[Package]:
    """Return this package, and what it asks for, as far as it is installed here, by name."""
    names = {re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in requires(PACKAGE) or [] if "extra ==" not in line}
    found = []
    for name in (PACKAGE, *sorted(names, key=str.lower)):
        try:
            metadata = distribution(name).metadata
        except PackageNotFoundError:
            continue
        classified = [
            line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or [] if "License ::" in line
        ]
        given = (metadata.get_all(field) for field in ("License-Expression", "License"))
        stated = next((values[0].strip() for values in given if values), "")
        licence = stated if 0 < len(stated) <= LONGEST_LICENCE else "; ".join(classified)
        found.append(Package(name=name, version=metadata["Version"], licence=licence))
    return found


def demo_licences() -> Markup:
    """Return what the speech bank's own page says of its sources and their licences, as HTML."""
    text = files("dubaug.demo").joinpath("bank/README.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    (body,) = [part.partition("\n")[2] for part in section if part.startswith("Provenance and licence\n")]
    return plain_markdown(body)


def plain_markdown(text: str) -> Markup:
    """Return paragraphs and lists of one level, with `code` and **bold**, as HTML."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("- "):
            items = re.split(r"^- ", block, flags=re.MULTILINE)[1:]
            parts.append(f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>")
        else:
            parts.append(f"<p>{_inline(block)}</p>")
    return Markup("\n".join(parts))


def _inline(text: str) -> str:
    escaped = str(escape(" ".join(text.split())))
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", re.sub(r"`(.+?)`", r"<code>\1</code>", escaped))
