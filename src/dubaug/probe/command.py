"""`dubaug probe` and `dubaug aggregate`."""

import argparse
from pathlib import Path

from dubaug.errors import DubaugError
from dubaug.hardware import choose_device, process_count, usable_cores


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the parsers of this stage."""
    probe = subparsers.add_parser(
        "probe",
        help="evaluate a pretrained network on a suite of tasks",
        description="Embed a suite's recordings with a frozen network, train the suite's probe on the embeddings, and "
        "write the scores as JSON. What is finished stays in the work directory: run again, it goes on from there.",
    )
    probe.add_argument("--config", type=Path, required=True, help="resolved configuration: results/config.yaml")
    probe.add_argument("--suite", required=True, help="whose tasks and protocol")
    probe.add_argument("--pretraining", type=Path, required=True, help="manifest of the network: pretraining.json")
    probe.add_argument("--features", type=Path, required=True, help="manifest of the suite's features")
    probe.add_argument("--work-dir", type=Path, required=True, help="where finished tasks are kept")
    probe.add_argument("--out", type=Path, required=True, help="result of the final checkpoint, JSON")
    probe.add_argument(
        "--sweep", nargs="+", type=_epoch_path, default=[], metavar="EPOCH=PATH", help="results of these epochs as well"
    )
    probe.add_argument(
        "--threads",
        type=process_count,
        default=1,
        help="threads of the tensor operations (default: 1), no more than the cores that the job may use",
    )
    probe.add_argument("--device", choices=("auto", "cpu", "cuda"), help="default: the configuration's `device`")
    probe.set_defaults(run=run_probe)

    aggregate = subparsers.add_parser(
        "aggregate",
        help="join the results of a variant's pretraining seeds",
        description="Join results of one variant, suite and epoch that differ in their pretraining seed: each fold's "
        "mean over the seeds, the deviation over folds (std) and over seeds (std_seeds), and the interval "
        "over seeds and test items, from the predictions beside the results. The points of the sweep that the results "
        "name are joined as well, to the same paths beside OUT.",
    )
    aggregate.add_argument(
        "--results", nargs="+", type=Path, required=True, help="the last checkpoint's result, one a seed"
    )
    aggregate.add_argument("--out", type=Path, required=True, help="the joined result, JSON")
    aggregate.set_defaults(run=run_aggregate)


def run_probe(options: argparse.Namespace) -> None:
    """Evaluate the checkpoints that the flags ask for."""
    import torch

    from dubaug.config import load
    from dubaug.probe.run import probe_suite

    experiment = load(options.config)
    if options.suite not in experiment.suites:
        raise DubaugError(f"--suite {options.suite}: {options.config} has: {', '.join(experiment.suites)}")
    torch.set_num_threads(min(options.threads, usable_cores()))  # more wait for each other
    sweep = dict(options.sweep)
    if len(sweep) < len(options.sweep):
        raise DubaugError("--sweep names an epoch twice")
    probe_suite(
        experiment,
        suite=options.suite,
        pretraining=options.pretraining,
        features=options.features,
        work_dir=options.work_dir,
        out=options.out,
        sweep=sweep,
        device=torch.device(choose_device(options.device or experiment.device)),
    )


def run_aggregate(options: argparse.Namespace) -> None:
    """Join the results of a variant's seeds."""
    from dubaug.probe.aggregate import write_joined

    write_joined(options.results, options.out)


def _epoch_path(text: str) -> tuple[int, Path]:
    epoch, found, path = text.partition("=")
    if not found or not epoch.isdigit() or not path:
        raise argparse.ArgumentTypeError(
            f"got {text!r}, expected EPOCH=PATH, for instance 2=results/efj/epoch02/hear.json"
        )
    return int(epoch), Path(path)
