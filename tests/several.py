"""Several processes of torch that train together, forked from one that has imported it: an import takes seconds."""

import multiprocessing
from collections.abc import Callable
from typing import Any

import torch.multiprocessing as mp


def run_in_several(function: Callable[..., None], count: int, *arguments: Any) -> None:
    """Call `function(rank, count, *arguments)` in `count` processes; raise what one of them raises.

    They are no copies of this process: autograd does not work in a fork of a process that has used it.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload(["torch.distributed", "dubaug.pretrain.learner"])
    mp.start_processes(function, (count, *arguments), nprocs=count, start_method="forkserver")
