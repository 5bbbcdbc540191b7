"""`dubaug mlflow-sync`, `dubaug mlflow-follow`."""

import argparse
import sys
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
    parser.add_argument(
        "--models",
        action="store_true",
        help="also put each network's last checkpoint into the model registry (some seconds each)",
    )
    parser.add_argument(
        "--watch",
        type=float,
        metavar="SECONDS",
        help="look that often whether results have changed, and sync when they have, until standard input ends "
        "(Snakemake starts it)",
    )
    parser.set_defaults(run=run)

    parser = subparsers.add_parser(
        "mlflow-follow",
        help="send a training's curves to MLflow while it runs (`dubaug pretrain` starts it)",
        description="Follow a training's files and send them to MLflow as they grow, with samples of the machine, "
        "until standard input ends. A store that is down, slow or full is one warning.",
    )
    parser.add_argument("--work-dir", type=Path, required=True, help="the training's work directory")
    parser.add_argument("--variant", required=True, help="what is trained")
    parser.add_argument("--seed", type=int, required=True, help="its seed")
    parser.add_argument("--uri", required=True, help="the MLflow store's address")
    parser.add_argument("--experiment", required=True, help="the experiment's name there")
    parser.add_argument("--state-dir", type=Path, required=True, help="folder for a lock, common to a results folder")
    parser.set_defaults(run=follow)


def run(options: argparse.Namespace) -> None:
    """Sync, and say in one line what was done and how to look at it."""
    from dubaug.companion.training import STATE, address
    from dubaug.config import load
    from dubaug.errors import DubaugError
    from dubaug.progress import log_line
    from dubaug.tracking.records import collect
    from dubaug.tracking.sync import sync, syncing_alone
    from dubaug.tracking.view import addresses

    tracking = load(options.config).tracking
    uri, state_dir = address(tracking), options.results_dir / STATE
    if options.watch is not None:
        from dubaug.tracking.watch import watch

        pipe = sys.stdin.fileno()
        watch(options.results_dir, uri=uri, experiment=tracking.experiment, look_every_s=options.watch, until=pipe)
        return
    new = None
    try:
        report = sync(collect(options.results_dir), uri=uri, experiment=tracking.experiment, state_dir=state_dir)
        if options.models:
            from dubaug.tracking.models import register
            from dubaug.tracking.store import Store

            with syncing_alone(state_dir):
                new = register(Store(uri, tracking.experiment, state_dir=state_dir), options.results_dir)
    except DubaugError as error:
        if not options.best_effort:
            raise
        log_line(f"mlflow: warning: {error}")
        return
    registered = "" if new is None else f", {new} models registered"
    log_line(f"mlflow: {report.written} runs written, {report.unchanged} up to date{registered} in {uri}")
    for what, where in addresses(uri, report.experiment_id).items():
        log_line(f"{what + ':':<17}{where}")


def follow(options: argparse.Namespace) -> None:
    """Follow a training until standard input ends."""
    from dubaug.tracking.follow import Follower

    Follower(
        options.work_dir,
        variant=options.variant,
        seed=options.seed,
        uri=options.uri,
        experiment=options.experiment,
        state_dir=options.state_dir,
    ).follow(sys.stdin.fileno())
