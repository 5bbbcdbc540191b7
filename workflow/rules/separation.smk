# Speech removal with Demucs: the primary track of every title (variant `sep`), and whole data sets (Table D6).
rule separate:
    input:
        titles=with_separator(RESULTS / "corpus/titles.csv"),
        alignment=RESULTS / "corpus/alignment.csv",
    output:
        manifest=RESULTS / "separated/batch{batch}.json",
        rejected=RESULTS / "corpus/rejected/separated{batch}.csv",
    log:
        RESULTS / "logs/separate{batch}.log",
    benchmark:
        RESULTS / "benchmarks/separate{batch}.tsv"
    conda:
        "../../envs/separation.yaml"
    threads: SEPARATION_THREADS
    resources:
        mem_mb=16000,
        runtime="24h",
        gpu=SEPARATION_GPUS,
    params:
        config=RESOLVED,
        experiment=separated_digest(),
        batches=EXPERIMENT.clips.batches,
        out_dir=RESULTS / "separated",
    shell:
        "dubaug separate --config {params.config:q} --titles {input.titles:q} --alignment {input.alignment:q}"
        " --batch {wildcards.batch:q} --batches {params.batches:q} --out-dir {params.out_dir:q}"
        " --manifest {output.manifest:q} --rejected {output.rejected:q} 2> {log:q}"


rule separated_index:
    input:
        titles=RESULTS / "corpus/titles.csv",
        manifests=collect(
            RESULTS / "separated/batch{batch}.json",
            batch=range(EXPERIMENT.clips.batches),
        ),
        rejected=collect(
            RESULTS / "corpus/rejected/{stage}{batch}.csv",
            stage=["alignment", "separated"],
            batch=range(EXPERIMENT.clips.batches),
        ),
    output:
        index=RESULTS / "corpus/separated.json",
        rejected=RESULTS / "corpus/rejected_separation.csv",
    log:
        RESULTS / "logs/separated_index.log",
    benchmark:
        RESULTS / "benchmarks/separated_index.tsv"
    conda:
        "../../envs/media.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    shell:
        "dubaug index --titles {input.titles:q} --manifests {input.manifests:q} --rejected {input.rejected:q}"
        " --out {output.index:q} --rejected-out {output.rejected:q} 2> {log:q}"


rule separate_task:
    input:
        task=with_separator(task_path),
    output:
        task=directory(RESULTS / "features/separated/{task}"),
    log:
        RESULTS / "logs/separate_{task}.log",
    benchmark:
        RESULTS / "benchmarks/separate_{task}.tsv"
    conda:
        "../../envs/separation.yaml"
    threads: SEPARATION_THREADS
    resources:
        mem_mb=16000,
        runtime="24h",
        gpu=SEPARATION_GPUS,
    params:
        config=RESOLVED,
        experiment=separated_task_experiment,
    shell:
        "dubaug separate-task --config {params.config:q} --task {wildcards.task:q} --out {output.task:q} 2> {log:q}"
