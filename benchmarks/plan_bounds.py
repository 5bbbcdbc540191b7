"""What a GPU's data sheet allows in pretraining at the paper's scale: bounds for `dubaug plan`, nothing measured.

    python benchmarks/plan_bounds.py        # writes results/plan_bounds.json

FLOPs and bytes of forward and backward, layer by layer, as `roofline.py` counts them, over an A100's ceilings; AdamW
once a step. Each kind of variant (two tracks, one, no picture) has a bound of its own. Nothing is computed: the
networks stand on the meta device.
"""

import torch
from record import RESULTS
from roofline import ADAMW_BYTES, work_of
from scales import experiment_at

from dubaug.config import Experiment
from dubaug.plan.amounts import Amounts, FilmAmounts
from dubaug.plan.jobs import PlannedJob
from dubaug.plan.rates import Rate, record
from dubaug.plan.work import work_of as job_work
from dubaug.pretrain.heads import ContrastiveModel, views_of

FLOPS_S, BYTES_S = 312e12, 2.0e12
"""An A100's data sheet: dense bfloat16 on tensor cores, memory of the 80 GB model."""
FREE = ("augmentation", "pretraining")
"""Settings that change how near a step comes to the bound, and not the bound (a batch of 26 is assumed for AdamW)."""
NOWHERE = Amounts(corpus=FilmAmounts(), windows={}, items={})


def bound_s(experiment: Experiment, name: str) -> float:
    """Return the least seconds of one GPU a clip."""
    variant, clips = experiment.variants[name], experiment.pretraining.clips_per_gpu
    window, encoders = experiment.window_of(name), experiment.encoders
    with torch.device("meta"):
        model = ContrastiveModel(encoders, views=views_of(variant), window=window, seed=0)
        video_BCTHW = torch.empty(clips, *encoders.video.clip_shape(window))
        names = [view for view in views_of(variant) if view != "video"]
        mels_BCTF = {view: torch.empty(clips, *encoders.audio.clip_shape(window)) for view in names}
        layers = work_of(model, video_BCTHW if variant.video else None, mels_BCTF, torch.bfloat16)
    step_s = sum(max(flops / FLOPS_S, moved / BYTES_S) for block in layers.values() for flops, moved in block)
    step_s += sum(parameter.numel() for parameter in model.parameters()) * ADAMW_BYTES / BYTES_S
    return step_s / clips


def main() -> None:
    """Write a bound for each kind of variant."""
    experiment = experiment_at("paper")
    bounds: dict[str, Rate] = {}
    for name, variant in experiment.variants.items():
        if variant.untrained:
            continue
        job = PlannedJob(
            rule="pretrain",
            wildcards={"run": name},
            threads=1,
            gpus=1,
            inputs=(),
            outputs=(),
            benchmark=None,
            command=True,
        )
        work = job_work(job, experiment, NOWHERE)
        settings = {name: value for name, value in work.settings.items() if name not in FREE}
        bounds.setdefault(
            repr(settings),
            Rate(
                rule="pretrain",
                quantity="seconds",
                unit=work.unit,
                settings=settings,
                a_unit=bound_s(experiment, name),
                basis="bound",
                source="",
                amount=None,
            ),
        )
        print(f"{name:8s} {1 / bound_s(experiment, name):.0f} clips/s")
    record(RESULTS / "plan_bounds.json", list(bounds.values()), machine="A100, by its data sheet")


if __name__ == "__main__":
    main()
