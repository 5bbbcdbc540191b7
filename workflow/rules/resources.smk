# How much of the machine a job asks for: a GPU scale (the paper: 4xA100 for pretraining) or a laptop's cores.
# A site changes these with `set-resources` and `set-threads` in its profile (slurm/profile.yaml), not here.
ON_GPU = EXPERIMENT.device == "cuda"
PROBE_GPUS = SEPARATION_GPUS = 1 if ON_GPU else 0
GPU_MODEL = "a100" if ON_GPU else ""
PROBE_THREADS = 8 if ON_GPU else 1
SEPARATION_THREADS = 8 if ON_GPU else 2
FEATURE_THREADS = 32 if ON_GPU else 2
THREADS_PER_GPU = 8


def pretrain_gpus(wildcards):
    """Return the GPUs that a variant trains on: none for the untrained network."""
    trained = ON_GPU and not EXPERIMENT.variants[wildcards.variant].untrained
    return EXPERIMENT.pretraining.gpus if trained else 0


def pretrain_gpu_model(wildcards):
    """Return the GPU model to ask for, where there is any to ask for."""
    return GPU_MODEL if pretrain_gpus(wildcards) else ""


def pretrain_threads(wildcards):
    """Return the trainer's cores: readers for each GPU, or one core, so that a laptop trains several side by side."""
    return max(1, THREADS_PER_GPU * pretrain_gpus(wildcards))


def pretrain_mem_mb(wildcards):
    """Return the trainer's memory."""
    return max(4000, 60000 * pretrain_gpus(wildcards))


def pretrain_runtime(wildcards):
    """Return the trainer's wall time; a job that reaches it saves, and its next try continues."""
    return "60h" if pretrain_gpus(wildcards) else "4h"


def pretrain_launcher(wildcards):
    """Return the command that starts the trainer: torchrun, with a process a GPU, where there are several."""
    gpus = pretrain_gpus(wildcards)
    if gpus <= 1:
        return "dubaug"
    return f"torchrun --standalone --nproc-per-node={gpus} --signals-to-handle=SIGTERM,SIGINT,SIGUSR1 -m dubaug.cli"
