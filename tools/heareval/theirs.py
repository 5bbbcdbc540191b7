"""heareval's own predictions of embeddings that lie in a folder of its form. compare.py runs this in its environment.

    python theirs.py FOLDER SEED [WEIGHTS]

heareval seeds everything with 42; here torch (initial weights, dropout) is seeded with SEED after that, while Python's
own generator shuffles the grid as always. WEIGHTS is a folder of `<split>-<rank>.npz` with the weights and biases to
start from, in the order of the layers, `rank` being the place in the shuffled grid.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from heareval.predictions import runner, task_predictions


def seed_torch(seed):
    """Let heareval's seeding end with a seed of torch's own."""
    seed_everything = task_predictions.seed_everything

    def seeded(of_all, **options):
        seed_everything(of_all, **options)
        torch.manual_seed(seed)

    task_predictions.seed_everything = seeded


def start_from(weights):
    """Let each network start from the weights of its split and grid point."""
    grid = []

    class Given(task_predictions.FullyConnectedPrediction):
        made = 0

        def __init__(self, nfeatures, nlabels, prediction_type, conf):
            super().__init__(nfeatures, nlabels, prediction_type, conf)
            if not any(conf is other for other in grid):  # the search, on the first split; the others get its winner
                grid.append(conf)
            split = max(0, Given.made - len(grid) + 1)
            Given.made += 1
            rank = next(place for place, other in enumerate(grid) if other is conf)
            arrays = np.load(weights / f"{split}-{rank}.npz")
            linears = [module for module in self.modules() if isinstance(module, torch.nn.Linear)]
            with torch.no_grad():
                for layer, linear in enumerate(linears):
                    linear.weight.copy_(torch.from_numpy(arrays[f"weight{layer}"]))
                    linear.bias.copy_(torch.from_numpy(arrays[f"bias{layer}"]))

    task_predictions.FullyConnectedPrediction = Given


if __name__ == "__main__":
    torch.set_num_threads(1)
    seed_torch(int(sys.argv[2]))
    if len(sys.argv) > 3:
        start_from(Path(sys.argv[3]))
    runner.runner.main([sys.argv[1], "--gpus", "null"], standalone_mode=False)
