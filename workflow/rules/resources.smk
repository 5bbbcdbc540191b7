# How much of the machine a job asks for: a GPU scale (the paper: 4xA100 for pretraining) or a laptop's cores.
# A site changes these with `set-resources` and `set-threads` in its profile (slurm/profile.yaml), not here.
ON_GPU = EXPERIMENT.device == "cuda"
PROBE_GPUS = SEPARATION_GPUS = 1 if ON_GPU else 0
GPU_MODEL = "a100" if ON_GPU else ""
PROBE_THREADS = 8 if ON_GPU else 1
SEPARATION_THREADS = 8 if ON_GPU else 2
FEATURE_THREADS = 32 if ON_GPU else 2
PRETRAIN_GPUS = EXPERIMENT.pretraining.gpus if ON_GPU else 0
# Readers for each GPU; on a laptop one core, so that several variants train side by side.
PRETRAIN_THREADS = max(1, 8 * PRETRAIN_GPUS)
PRETRAIN_MEM_MB = max(4000, 60000 * PRETRAIN_GPUS)
# A job that reaches its wall time saves, and its next try continues.
PRETRAIN_RUNTIME = "60h" if ON_GPU else "4h"
# A batch is made by as many processes as `pretraining.gpus` says, on GPUs or not.
PRETRAIN_LAUNCHER = "dubaug"
if EXPERIMENT.pretraining.gpus > 1:
    # --standalone: a port of its own, so that jobs share a node. --local-addr: where the node's name cannot be resolved,
    # processes would wait for one another for ever. torchrun passes signals on when told to, and kills 30 s later unless
    # told to wait for a state to be saved. Snakemake's variables would give each process a thread for every core of the
    # job (MKL's wins over OMP's).
    PRETRAIN_LAUNCHER = (
        "env OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 TORCH_ELASTIC_SHUTDOWN_TIMEOUT=240 torchrun --standalone"
        f" --local-addr=localhost --nproc-per-node={EXPERIMENT.pretraining.gpus}"
        " --signals-to-handle=SIGTERM,SIGINT,SIGUSR1 -m dubaug.cli"
    ).split()
