"""`snakemake`, asking SLURM every two seconds. The executor asks less and less often, up to every three minutes, and
has no setting for that: a test of a few jobs would wait for most of its time."""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

if __name__ == "__main__":
    RemoteExecutor.next_seconds_between_status_checks = property(lambda self: 2.0, lambda self, seconds: None)
    main(sys.argv[1:])
