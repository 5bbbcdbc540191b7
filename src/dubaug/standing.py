"""What stands until its successor is whole: outputs of a rule that is run again, and what Snakemake knows of them.

Snakemake 9.27 deletes a job's outputs before it starts and after it has failed, and notes the parameters and inputs of
a failed job as those of a finished one: where what is made from its outputs is still there, the next call has nothing
to do, and results of another configuration are taken for this one's. (Its flag `update` leaves outputs alone, but
notes the same; on a cluster it restores them more often than it has copied them, and deletes them then.)

Here every command writes each output whole or not at all. So nothing needs to be deleted, and a failed job is as
one that was killed: what is there is incomplete, which `rerun-incomplete` in the profiles makes again.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from snakemake.jobs import Job
from snakemake.persistence import PersistenceBase


@cache
def keep_what_stands() -> None:
    """Have this process's Snakemake leave outputs to the commands, and note nothing of a job that has failed."""
    failed: set[Job] = set()
    postprocess, finished = Job.postprocess, PersistenceBase.finished

    async def remove_logs(self: Job) -> None:
        for path in self.log:
            await path.remove(remove_non_empty_dir=False)

    async def remove_nothing(self: Job, skip_outputs: Sequence[Any]) -> None:
        pass

    async def noting_failures(self: Job, *args: Any, error: bool = False, **words: Any) -> None:
        (failed.add if error else failed.discard)(self)
        await postprocess(self, *args, error=error, **words)

    async def unless_failed(self: PersistenceBase, job: Job) -> None:
        if job in failed:
            self.started(job)  # so that what is there counts as incomplete
        else:
            await finished(self, job)

    Job.remove_existing_output, Job.cleanup, Job.postprocess = remove_logs, remove_nothing, noting_failures
    PersistenceBase.finished = unless_failed
