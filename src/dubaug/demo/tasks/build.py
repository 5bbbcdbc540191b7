"""Write the miniatures: each folder whole or not at all, its files made by several processes."""

import multiprocessing
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dubaug.config import Demo
from dubaug.demo.generator import generator_sha256
from dubaug.demo.tasks import hares, hear, hear_speech, visual
from dubaug.demo.tasks.plan import FilePlan, Miniature, Render
from dubaug.errors import DubaugError
from dubaug.files import read_json, write_json
from dubaug.hardware import usable_cores
from dubaug.progress import Progress, log_line
from dubaug.seeding import item_rng

MINIATURES: Mapping[str, Miniature] = {
    **hear.MINIATURES,
    **hear_speech.MINIATURES,
    **hares.MINIATURES,
    **visual.MINIATURES,
}
"""By the name of the task that the data set serves."""

STAMP = ".dubaug-demo.json"
"""In each folder: the settings that it was made with. Loaders do not look at it."""

CHUNK = 4
"""Files a job: enough to outweigh the passing to and fro, few enough to keep both cores busy to the end."""


def build_tasks(
    directory: Path,
    *,
    demo: Demo,
    suites: set[str] | None = None,
    folders: set[str] | None = None,
    jobs: int | None = None,
) -> None:
    """Write the miniatures of `suites`, or those called `folders` (default: all), under `directory`.

    `jobs` is the number of processes (default: all cores).

    The bytes depend on `demo.seed` and `demo.items_per_class` alone. A folder that was made with the same settings
    by the same generator is left as it is. Raises `DubaugError` for an unknown suite, or a folder in the way that
    was not generated.
    """
    in_suites = dict.fromkeys(mini.suite for mini in MINIATURES.values())
    unknown = (suites or set()) - set(in_suites)
    if unknown:
        raise DubaugError(f"no miniature is of a suite {sorted(unknown)[0]!r}; they are of: {', '.join(in_suites)}")
    known = {mini.folder for mini in MINIATURES.values()}
    if folders is not None and folders - known:
        raise DubaugError(
            f"no miniature is called {sorted(folders - known)[0]!r}; there are: {', '.join(sorted(known))}"
        )
    wanted = {
        name: mini
        for name, mini in MINIATURES.items()
        if (suites is None or mini.suite in suites) and (folders is None or mini.folder in folders)
    }
    stamps = {name: _stamp(name, demo) for name in wanted}
    missing = [name for name, mini in wanted.items() if not _is_current(directory / mini.folder, stamps[name])]
    if not missing:
        log_line(f"demo tasks: all {len(wanted)} data sets are up to date in {directory}")
        return
    plans = {name: wanted[name].plan(demo) for name in missing}
    progress = Progress(
        f"demo tasks ({len(missing)} data sets)", sum(len(plan.media) for plan in plans.values()), "files"
    )
    with _processes(jobs or usable_cores()) as pool:
        for name in missing:
            with _whole_folder(directory / wanted[name].folder) as folder:
                _write_texts(folder, plans[name])
                for count in _write_media(folder, wanted[name].source or name, plans[name], demo.seed, pool):
                    progress.advance(count, note=name)
                write_json(folder / STAMP, stamps[name])


@dataclass(frozen=True, kw_only=True)
class _Job:
    """Some files of one data set, for one process."""

    folder: Path
    source: str
    seed: int
    files: tuple[tuple[str, Render], ...]


def _write_job(job: _Job) -> int:
    for relative, render in job.files:
        render(job.folder / relative, item_rng(job.seed, "tasks", job.source, relative))
    return len(job.files)


def _write_media(
    folder: Path, source: str, plan: FilePlan, seed: int, pool: ProcessPoolExecutor | None
) -> Iterator[int]:
    """Make the plan's sounds and videos; yield how many are done, as they are."""
    for parent in {(folder / relative).parent for relative in plan.media}:
        parent.mkdir(parents=True, exist_ok=True)
    files = tuple(plan.media.items())
    jobs = [
        _Job(folder=folder, source=source, seed=seed, files=files[start : start + CHUNK])
        for start in range(0, len(files), CHUNK)
    ]
    if pool is None:
        yield from map(_write_job, jobs)
        return
    for future in as_completed([pool.submit(_write_job, job) for job in jobs]):
        yield future.result()


def _write_texts(folder: Path, plan: FilePlan) -> None:
    for relative, text in plan.texts.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())  # bytes: some published lists end their lines with CR LF


@contextmanager
def _processes(jobs: int) -> Iterator[ProcessPoolExecutor | None]:
    """Yield a pool of `jobs` fresh processes, or none for one job (a debugger then sees everything)."""
    if jobs <= 1:
        yield None
        return
    # spawn: a forked copy of a process that has threads (torch, BLAS) may hang.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@contextmanager
def _whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`; on success it takes its place, on error it is removed."""
    in_the_way = folder.is_dir() and any(folder.iterdir()) and not (folder / STAMP).is_file()
    if in_the_way:
        raise DubaugError(
            f"{folder} is in the way: it was not generated by this command (it has no {STAMP}). "
            "Move it away, or choose another demo.directory."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        if folder.exists():
            folder.replace(old)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _stamp(task: str, demo: Demo) -> dict[str, str | int]:
    return {
        "task": task,
        "seed": demo.seed,
        "items_per_class": demo.items_per_class,
        "generator": generator_sha256(tasks=True),
    }


def _is_current(folder: Path, stamp: Mapping[str, str | int]) -> bool:
    path = folder / STAMP
    return path.is_file() and read_json(path) == dict(stamp)
