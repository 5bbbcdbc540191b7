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
        "dubaug separate --config {params.config} --titles {input.titles} --alignment {input.alignment}"
        " --batch {wildcards.batch} --batches {params.batches} --out-dir {params.out_dir}"
        " --manifest {output.manifest} --rejected {output.rejected} 2> {log}"


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
        "dubaug index --titles {input.titles} --manifests {input.manifests} --rejected {input.rejected}"
        " --out {output.index} --rejected-out {output.rejected} 2> {log}"


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
        "dubaug separate-task --config {params.config} --task {wildcards.task} --out {output.task} 2> {log}"
