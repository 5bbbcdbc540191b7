# Downstream data sets, decoded once: windows of frames and log-mels that all checkpoints share.
rule features:
    input:
        data=task_paths,
        separated=separated_tasks,
    output:
        manifest=RESULTS / "features/{suite}.json",
    log:
        RESULTS / "logs/features_{suite}.log",
    benchmark:
        RESULTS / "benchmarks/features_{suite}.tsv"
    conda:
        "../../envs/media.yaml"
    threads: FEATURE_THREADS
    resources:
        mem_mb=16000,
        runtime="24h",
    params:
        config=RESOLVED,
        experiment=features_experiment,
        work_dir=RESULTS / "features",
        separated=separated_flags,
        missing=missing_flags,
    shell:
        "dubaug features --config {params.config:q} --suite {wildcards.suite:q} --work-dir {params.work_dir:q}"
        " {params.separated:q} {params.missing:q} --out {output.manifest:q} --jobs {threads} 2> {log:q}"
