"""`dubaug demo-films`, `dubaug demo-tasks`: make the demo corpus."""

import argparse
from pathlib import Path
from typing import Any

from dubaug import config
from dubaug.config import Demo
from dubaug.errors import DubaugError
from dubaug.hardware import process_count, usable_cores


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both commands."""
    films = _add(
        subparsers,
        "demo-films",
        "generate the demo's dubbed films and their catalogue",
        "Write OUT/catalogue.csv and OUT/films/*.mkv as the configuration's `demo` section says. Films that are there "
        "already and were made from the same settings are left as they are.",
    )
    films.set_defaults(run=_run_films)
    tasks = _add(
        subparsers,
        "demo-tasks",
        "generate a miniature of each downstream data set",
        "Write a miniature of each of the 15 downstream data sets under OUT, in the real one's layout. Folders that "
        "are there already and were made from the same settings are left as they are.",
    )
    tasks.add_argument("--suites", nargs="+", metavar="SUITE", default=[], help="only these suites (default: all)")
    tasks.add_argument(
        "--folders", nargs="+", metavar="FOLDER", default=[], help="only these folders under OUT (default: all)"
    )
    tasks.set_defaults(run=_run_tasks)


def _add(subparsers: Any, name: str, short: str, long: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=short, description=long)
    parser.add_argument("--config", type=Path, required=True, help="resolved configuration (results/config.yaml)")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--jobs", type=process_count, default=usable_cores(), help="processes (default: one a core)")
    return parser


def _demo(path: Path) -> Demo:
    demo = config.load(path).demo
    if demo is None:
        raise DubaugError(f"config key `demo` is empty in {path}: only the demo scale generates its data")
    return demo


def _run_films(options: argparse.Namespace) -> None:
    from dubaug.demo.filmfiles import write_films

    write_films(options.out, demo=_demo(options.config), jobs=options.jobs)


def _run_tasks(options: argparse.Namespace) -> None:
    from dubaug.demo.tasks.build import build_tasks

    demo = _demo(options.config)
    build_tasks(options.out, demo=demo, jobs=options.jobs, suites=options.suites, folders=options.folders)
