"""`dubaug mlflow-sync`."""

import argparse
import os
from pathlib import Path


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's commands."""
    parser = subparsers.add_parser(
        "mlflow-sync",
        help="bring MLflow up to date from a results folder",
        description="Write what a results folder holds (pretraining curves, probe results, tables, figures) into "
        "MLflow. Can be run at any time, also while jobs run; what stands there already is left alone.",
    )
    parser.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    parser.add_argument("--results-dir", type=Path, required=True, help="the folder to read")
    parser.add_argument(
        "--best-effort",
        action="store_true",
        help="an unreachable store is one warning and no error: the files are kept",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Sync, and say in one line what was done and how to look at it."""
    from dubaug.config import load
    from dubaug.errors import DubaugError
    from dubaug.progress import say
    from dubaug.tracking.records import collect
    from dubaug.tracking.sync import sync

    tracking = load(options.config).tracking
    uri = os.environ.get("MLFLOW_TRACKING_URI") or tracking.uri
    try:
        report = sync(
            collect(options.results_dir),
            uri=uri,
            experiment=tracking.experiment,
            state_dir=options.results_dir / ".mlflow",
        )
    except DubaugError as error:
        if not options.best_effort:
            raise
        say(f"mlflow: warning: {error}")
        return
    say(f"mlflow: {report.written} runs written, {report.unchanged} up to date in {uri}")
