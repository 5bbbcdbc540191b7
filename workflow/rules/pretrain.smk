# One job a variant and seed. Checkpoints are no outputs: Snakemake would delete them when a try fails; they stand in a
# work directory, and the manifest, written last, is what later rules ask for.
rule pretrain:
    input:
        unpack(clips_input),
    output:
        manifest=RUN / "pretraining.json",
    log:
        RUN / "logs/pretrain.log",
    benchmark:
        RUN / "benchmarks/pretrain.tsv"
    conda:
        "../../envs/train.yaml"
    threads: pretrain_threads
    resources:
        mem_mb=pretrain_mem_mb,
        runtime=pretrain_runtime,
        gpu=pretrain_gpus,
        gpu_model=pretrain_gpu_model,
    params:
        config=RESOLVED,
        experiment=pretraining_experiment,
        seed=seed_of,
        clips=clips_flags,
        work_dir=subpath(output.manifest, strip_suffix="ing.json"),
        launcher=pretrain_launcher,
    shell:
        "{params.launcher} pretrain --config {params.config} --variant {wildcards.variant} --seed {params.seed}"
        " {params.clips:q} --work-dir {params.work_dir} --out {output.manifest} 2> {log}"
