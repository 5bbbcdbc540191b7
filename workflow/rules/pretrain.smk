# One job a variant and seed. Checkpoints are no outputs, since which there are is the configuration's; they stand in a
# work directory, and the manifest, written last, is what later rules ask for. `--move-aside`: by the time that this
# runs, Snakemake has decided that results of another configuration are to be made anew.
rule pretrain:
    input:
        unpack(clips_input),
    output:
        manifest=RUN / "pretraining.json",
    log:
        RUN / "logs/pretrain.log",
    benchmark:
        RUN / "benchmarks/pretrain.tsv"
    wildcard_constraints:
        run=one_of(runs_of(TRAINED)),
    conda:
        "../../envs/train.yaml"
    threads: PRETRAIN_THREADS
    resources:
        mem_mb=PRETRAIN_MEM_MB,
        runtime=PRETRAIN_RUNTIME,
        gpu=PRETRAIN_GPUS,
        gpu_model=GPU_MODEL,
        # torchrun --standalone is of one node; SLURM may give `--gpus=4` as 2 + 2.
        nodes=1,
    params:
        config=RESOLVED,
        experiment=pretraining_experiment,
        variant=variant_of,
        seed=seed_of,
        kept=kept_epochs,
        clips=input_flags,
        work_dir=subpath(output.manifest, strip_suffix="ing.json"),
        launcher=PRETRAIN_LAUNCHER,
    shell:
        "{params.launcher:q} pretrain --config {params.config:q} --variant {params.variant:q} --seed {params.seed:q}"
        " {params.clips:q} --work-dir {params.work_dir:q} --move-aside --out {output.manifest:q}"
        " 2> {log:q}"


# Networks with random weights (RP): a checkpoint of epoch 0, without data and without a GPU.
rule random_weights:
    output:
        manifest=RUN / "pretraining.json",
    log:
        RUN / "logs/pretrain.log",
    benchmark:
        RUN / "benchmarks/pretrain.tsv"
    wildcard_constraints:
        run=one_of(runs_of(UNTRAINED)),
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        config=RESOLVED,
        experiment=pretraining_experiment,
        variant=variant_of,
        seed=seed_of,
        work_dir=subpath(output.manifest, strip_suffix="ing.json"),
    shell:
        "dubaug pretrain --config {params.config:q} --variant {params.variant:q} --seed {params.seed:q}"
        " --work-dir {params.work_dir:q} --move-aside --out {output.manifest:q}"
        " 2> {log:q}"
