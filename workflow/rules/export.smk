# A run's encoders as a folder to hand on, with all its scores in the model card: `snakemake results/efj/seed0/export`.
rule export:
    input:
        unpack(export_input),
    output:
        folder=directory(RUN / "export"),
    log:
        RUN / "logs/export.log",
    benchmark:
        RUN / "benchmarks/export.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
        sources=input_flags,
    shell:
        "dubaug export --config {params.config:q} --manifest {input.manifest:q} {params.sources:q}"
        " --out {output.folder:q} --force 2> {log:q}"


# A variant's model card and data card, of all its seeds: `snakemake results/efj/card`.
rule card:
    input:
        unpack(card_input),
    output:
        folder=directory(RESULTS / "{variant}/card"),
    log:
        RESULTS / "{variant}/logs/card.log",
    benchmark:
        RESULTS / "{variant}/benchmarks/card.tsv"
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=4000,
        runtime="30m",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
        sources=input_flags,
    shell:
        "dubaug card --config {params.config:q} --manifest {input.manifest:q} {params.sources:q}"
        " --out-dir {output.folder:q} --force 2> {log:q}"
