# How each dub lies beside the primary track, and which are moved or rejected. Each job takes a batch of titles.
rule align:
    input:
        titles=RESULTS / "corpus/titles.csv",
    output:
        part=RESULTS / "corpus/alignment/batch{batch}.csv",
        rejected=RESULTS / "corpus/rejected/alignment{batch}.csv",
    log:
        RESULTS / "logs/align{batch}.log",
    benchmark:
        RESULTS / "benchmarks/align{batch}.tsv"
    conda:
        "../../envs/media.yaml"
    threads: 2
    resources:
        mem_mb=8000,
        runtime="4h",
    params:
        config=RESOLVED,
        experiment=alignment_digest(),
        batches=EXPERIMENT.clips.batches,
    shell:
        "dubaug align --config {params.config:q} --titles {input.titles:q}"
        " --batch {wildcards.batch:q} --batches {params.batches:q}"
        " --out {output.part:q} --rejected {output.rejected:q} --jobs {threads} 2> {log:q}"


rule alignment:
    input:
        parts=collect(
            RESULTS / "corpus/alignment/batch{batch}.csv",
            batch=range(EXPERIMENT.clips.batches),
        ),
    output:
        alignment=RESULTS / "corpus/alignment.csv",
    log:
        RESULTS / "logs/alignment.log",
    benchmark:
        RESULTS / "benchmarks/alignment.tsv"
    conda:
        "../../envs/media.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    shell:
        "dubaug alignment --parts {input.parts:q} --out {output.alignment:q} 2> {log:q}"


rule alignment_figure:
    input:
        alignment=RESULTS / "corpus/alignment.csv",
    output:
        figure=report(
            collect(RESULTS / "corpus/alignment.{form}", form=FIGURE_FORMS),
            caption="../report/alignment.rst",
            category="Figures",
        ),
        words=RESULTS / "corpus/alignment.txt",
    log:
        RESULTS / "logs/alignment_figure.log",
    benchmark:
        RESULTS / "benchmarks/alignment_figure.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        config=RESOLVED,
        experiment=alignment_digest(),
    shell:
        "dubaug alignment --config {params.config:q} --parts {input.alignment:q} --figure {output.figure:q} {output.words:q} 2> {log:q}"
