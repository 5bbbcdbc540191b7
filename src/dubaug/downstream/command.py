"""`dubaug features`: downstream data sets to windows of log-mels and frames."""

import argparse
import os
from pathlib import Path

from dubaug.config.model import SUITES
from dubaug.errors import DubaugError


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "features",
        help="decode a suite's data sets into windows that all checkpoints share",
        description="Decode every recording of a suite's data sets once: 3 s windows as log-mels and, for video, "
        "frames. Data sets that have not changed since the last time are taken from the work directory. Data that "
        "are not whole are an error that names task, split and file; a data set is never evaluated in part.",
    )
    parser.add_argument("--config", type=Path, required=True, help="the resolved configuration (results/config.yaml)")
    parser.add_argument("--suite", choices=SUITES, required=True, help="whose tasks")
    parser.add_argument("--work-dir", type=Path, required=True, help="folder for the shards, shared by all suites")
    parser.add_argument("--out", type=Path, required=True, help="manifest to write (JSON)")
    parser.add_argument(
        "--separated-task",
        metavar="NAME=DIR",
        action="append",
        default=[],
        help="folder of a task's data set with speech removed (`dubaug separate-task`); may be repeated",
    )
    parser.add_argument(
        "--missing", nargs="+", metavar="TASK", default=[], help="tasks to leave out because their data are not there"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="decoding threads (default: all cores)")
    parser.set_defaults(run=run_features)


def run_features(options: argparse.Namespace) -> None:
    """Run `dubaug features`."""
    from dubaug.config import load

    experiment = load(options.config)
    separated = dict(_name_and_folder(text) for text in options.separated_task)
    if options.jobs < 1:
        raise DubaugError(f"--jobs must be at least 1; got {options.jobs}")

    import torch

    from dubaug.downstream.features import extract_suite

    torch.set_num_threads(1)  # the threads decode side by side; each spectrogram is too small to be shared
    extract_suite(
        experiment,
        options.suite,
        work_dir=options.work_dir,
        manifest=options.out,
        separated=separated,
        jobs=options.jobs,
        missing=options.missing,
    )


def _name_and_folder(text: str) -> tuple[str, Path]:
    name, equals, folder = text.partition("=")
    if not (name and equals and folder):
        raise DubaugError(f"--separated-task {text}: expected NAME=DIR")
    return name, Path(folder)
