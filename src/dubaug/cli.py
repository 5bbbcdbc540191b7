"""`dubaug STAGE ...`: each rule of the workflow calls one of these; each can be run by hand in the same words."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from dubaug import __version__
from dubaug.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, DubaugError, Interrupted

STAGES = {
    "demo": ("demo-films", "demo-tasks"),
    "corpus": ("catalogue", "select"),
    "alignment": ("align", "alignment"),
    "shards": ("shards", "index", "inspect"),
    "separation": ("separate", "separate-task", "separation-model"),
    "pretrain": ("pretrain",),
    "downstream": ("data", "features"),
    "probe": ("probe", "aggregate"),
    "tables": ("tables",),
    "comparisons": ("compare",),
    "figures": ("figure-c2", "figure-b1", "figure-mels"),
    "claims": ("claims",),
    "report": ("report",),
    "export": ("export", "card"),
    "tracking": ("mlflow-sync", "mlflow-follow"),
    "plan": ("plan",),
}
"""Sub-packages with a `command` module, in the order of the data's flow, and their commands. A `command` module has
`register(subparsers)`, which adds its parsers with `set_defaults(run=function)`; it imports what is heavy (torch,
MLflow) inside those functions, so that `dubaug --help` is quick. A job imports the module of its own command alone."""


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the whole command line, or of the stage that has this command."""
    parser = argparse.ArgumentParser(
        prog="dubaug",
        description="Dub-augmented audiovisual pretraining, from films to tables. "
        "The workflow (snakemake all_tables) calls these commands in order.",
    )
    parser.add_argument("--version", action="version", version=f"dubaug {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    own = [stage for stage, commands in STAGES.items() if command in commands]
    for stage in own or STAGES:
        importlib.import_module(f"dubaug.{stage}.command").register(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. Expected errors are printed without a traceback."""
    words = sys.argv[1:] if arguments is None else arguments
    options = build_parser(words[0] if words else None).parse_args(words)
    try:
        options.run(options)
    except Interrupted as stop:
        print(f"dubaug: stopped early: {stop}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except DubaugError as error:
        print(f"dubaug: error: {error}", file=sys.stderr)
        return EXIT_ERROR
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
