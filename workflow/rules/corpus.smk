# Which titles there are, which can be read to their end, and which have all tracks (Table B4).
rule catalogue:
    input:
        catalogue=films_input,
    output:
        catalogue=RESULTS / "corpus/catalogue.csv",
        rejected=RESULTS / "corpus/rejected/catalogue.csv",
    log:
        RESULTS / "logs/catalogue.log",
    benchmark:
        RESULTS / "benchmarks/catalogue.tsv"
    conda:
        "../../envs/media.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime="8h",
    params:
        config=RESOLVED,
        experiment=corpus_digest(),
    shell:
        "dubaug catalogue --config {params.config:q} --catalogue {input.catalogue:q}"
        " --out {output.catalogue:q} --rejected {output.rejected:q} --jobs {threads} 2> {log:q}"


rule select:
    input:
        catalogue=RESULTS / "corpus/catalogue.csv",
    output:
        titles=RESULTS / "corpus/titles.csv",
        subsets=RESULTS / "corpus/subsets.csv",
    log:
        RESULTS / "logs/select.log",
    benchmark:
        RESULTS / "benchmarks/select.tsv"
    conda:
        "../../envs/media.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        config=RESOLVED,
        experiment=corpus_digest(),
    shell:
        "dubaug select --config {params.config:q} --catalogue {input.catalogue:q}"
        " --titles {output.titles:q} --subsets {output.subsets:q} 2> {log:q}"
