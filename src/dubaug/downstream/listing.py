"""The survey of the data sets for people (a table, a page) and for programs (CSV, JSON)."""

from collections.abc import Mapping, Sequence
from typing import Any

from dubaug.config import Experiment
from dubaug.downstream.published import Published, published_for
from dubaug.downstream.survey import TaskData
from dubaug.markdown import escape, table_lines
from dubaug.tabular import csv_text

UNKNOWN = "not stated"


def to_mapping(task: TaskData) -> dict[str, Any]:
    """Return a task as plain values; null and empty where nothing is known."""
    known = task.published
    return {
        "task": task.task,
        "label": task.label,
        "suite": task.suite,
        "path": task.path,
        "state": task.state,
        "clips": task.clips,
        "clips_published": known.clips if known else None,
        "splits": dict(task.splits),
        "splits_published": dict(known.splits) if known else {},
        "labels": list(task.labels),
        "labels_published": list(known.labels) if known else [],
        "url": known.url if known else None,
        "get": known.get if known else None,
        "licence": known.licence if known else None,
        "unchecked": list(known.unchecked) if known else [],
        "note": task.note,
    }


def to_csv(tasks: Sequence[TaskData]) -> str:
    """Return one row a task; splits as `train=3|test=1`, labels of several heads as `6/14/4`, lists with `|`."""
    rows = [to_mapping(task) for task in tasks]
    for row in rows:
        for key in ("splits", "splits_published"):
            row[key] = "|".join(f"{part}={count}" for part, count in row[key].items())
        for key in ("labels", "labels_published"):
            row[key] = _heads(row[key])
        row["unchecked"] = "|".join(row["unchecked"])
    return csv_text(list(rows[0]) if rows else [], rows)


def to_text(tasks: Sequence[TaskData]) -> str:
    """Return the table for a terminal: a line a task with what is there, and below it the details."""
    head = ("task", "state", "clips (published)", "labels (published)", "expected at")
    rows = [
        (
            task.label,
            task.state,
            _beside(task.clips, task.published and task.published.clips),
            _beside(_heads(task.labels), task.published and _heads(task.published.labels)),
            task.path,
        )
        for task in tasks
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [_line(head, widths)]
    for task, row in zip(tasks, rows, strict=True):
        lines += [_line(row, widths), *(f"    {line}" for line in _details(task))]
    states = [task.state for task in tasks]
    counted = ", ".join(f"{states.count(state)} {state}" for state in ("found", "incomplete", "missing"))
    return "\n".join([*lines, "", f"{len(tasks)} tasks: {counted}"]) + "\n"


def to_page(experiment: Experiment, prose: str) -> str:
    """Return docs/data.md: `prose`, its marks `{{expected}}` and `{{where}}` replaced by tables.

    Nothing on disk is looked at.
    """
    rows = [(experiment.tasks[name], published_for(name)) for tasks in experiment.suites.values() for name in tasks]
    expected = _markdown(
        ("Task", "Expected at", "Clips", "By split", "Labels", "Licence"),
        [
            (
                escape(task.label),
                f"`{task.path}`",
                str(known.clips) if known and known.clips is not None else UNKNOWN,
                _parts(known.splits) if known else UNKNOWN,
                _heads(known.labels) if known else UNKNOWN,
                (known and known.licence) or UNKNOWN,
            )
            for task, known in rows
        ],
    )
    used = [known for number, (_, known) in enumerate(rows) if known and known not in [k for _, k in rows[:number]]]
    where = _markdown(
        ("Data set", "Where", "What to take", "Who states the numbers"),
        [(data.name, f"<{data.url}>", data.get, _sources(data)) for data in used],
    )
    return prose.replace("{{expected}}", expected).replace("{{where}}", where)


def _details(task: TaskData) -> list[str]:
    """Return the lines below a task's own: its splits, where to get it, what else there is to say."""
    known, lines = task.published, []
    published = known.splits if known else {}
    if parts := dict.fromkeys([*task.splits, *published]):
        of_each = [f"{part} {_beside(task.splits.get(part), published.get(part))}" for part in parts]
        lines.append("splits   " + ", ".join(of_each))
    if known:
        lines.append(f"from     {known.url}")
        doubt = " (not checked)" if "licence" in known.unchecked else ""
        lines.append(f"licence  {known.licence or UNKNOWN}{doubt}")
    if known and task.state == "missing" and not task.note:
        lines.append(f"take     {known.get}")
    if task.note:
        lines.append(f"note     {task.note}")
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _beside(ours: object, theirs: object) -> str:
    return f"{'-' if ours in (None, '') else ours} ({'-' if theirs in (None, '') else theirs})"


def _heads(labels: Sequence[int]) -> str:
    return "/".join(map(str, labels))


def _parts(splits: Mapping[str, int]) -> str:
    return ", ".join(f"{part} {count}" for part, count in splits.items()) or UNKNOWN


def _sources(data: Published) -> str:
    return "; ".join(
        f"{what}: {source}{' (not checked)' if what in data.unchecked else ''}" for what, source in data.sources.items()
    )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(table_lines(head, "-" * len(head), rows))
