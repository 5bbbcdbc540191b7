"""`dubaug pretrain`."""

import argparse
from pathlib import Path


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the stage's command."""
    parser = subparsers.add_parser(
        "pretrain",
        help="train one variant's encoders by contrast between sight and (dubbed) sound",
        description="Train one variant from the clips and keep the weights of the epochs in the configuration. Stopped "
        "by SIGTERM, SIGUSR1 or Ctrl-C it saves and exits with code 75; run again, it continues to the same weights, "
        "as it does after any other death. With several GPUs: torchrun --standalone --nproc-per-node N "
        "--local-addr localhost --signals-to-handle SIGTERM,SIGINT,SIGUSR1 -m dubaug.cli pretrain ... "
        "(torchrun itself then exits with 1)",
    )
    parser.add_argument("--config", type=Path, required=True, help="the resolved configuration, results/config.yaml")
    parser.add_argument("--variant", required=True, help="one of the configuration's variants")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches and views (default: 0)")
    parser.add_argument("--clips", type=Path, help="index of the clips, clips.json; an untrained variant needs none")
    parser.add_argument("--separated", type=Path, help="index of the clips' sound without speech, for such a variant")
    parser.add_argument("--work-dir", type=Path, required=True, help="for checkpoints, metrics and the state")
    parser.add_argument("--out", type=Path, required=True, help="the manifest, pretraining.json, written last")
    parser.add_argument(
        "--start-from",
        type=Path,
        help="manifest of the variant that this one's encoders begin with, for a variant with `start_from`",
    )
    parser.add_argument(
        "--move-aside",
        action="store_true",
        help="a work directory that another configuration or other clips made is renamed to DIR.old-HASH and a new one "
        "begun; without this it is refused, with the keys that differ",
    )
    parser.add_argument(
        "--save-every-s",
        type=float,
        default=600.0,
        help="how much work, in seconds, a sudden death may cost (default: 600); ends of epochs are always saved",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train the variant, or write its untrained weights."""
    from dubaug.config import load
    from dubaug.errors import DubaugError

    experiment = load(options.config)
    if options.variant not in experiment.variants:
        raise DubaugError(f"--variant {options.variant}: the configuration has {', '.join(experiment.variants)}")
    variant = experiment.variants[options.variant]
    if not variant.untrained and options.clips is None:
        raise DubaugError(f"--clips is missing: {options.variant} is trained (dubaug index makes clips.json)")
    if variant.separated != (options.separated is not None):
        wrong = "is missing" if variant.separated else "does not apply"
        raise DubaugError(f"--separated {wrong}: {options.variant} has `separated: {str(variant.separated).lower()}`")
    if (variant.start_from is None) != (options.start_from is None):
        wrong = "does not apply" if variant.start_from is None else "is missing"
        raise DubaugError(f"--start-from {wrong}: {options.variant} has `start_from: {variant.start_from or 'null'}`")

    from dubaug.companion.training import following
    from dubaug.pretrain.run import Run
    from dubaug.pretrain.train import pretrain, save_untrained

    job = Run(
        experiment=experiment,
        variant=options.variant,
        seed=options.seed,
        work_dir=options.work_dir,
        out=options.out,
        move_aside=options.move_aside,
        save_every_s=options.save_every_s,
        start_from=options.start_from,
        follow=following(experiment, options.variant, options.seed, options.work_dir),
    )
    if variant.untrained:
        save_untrained(job)
    else:
        pretrain(job, clips=options.clips, separated=options.separated)
