# From result files to the paper's tables.
rule table_b4:
    input:
        subsets=RESULTS / "corpus/subsets.csv",
    output:
        tables=collect(
            RESULTS / "tables/tableb4{kind}.{form}",
            kind=TABLE_KINDS,
            form=TABLE_FORMS,
        ),
    log:
        RESULTS / "logs/table_b4.log",
    benchmark:
        RESULTS / "benchmarks/table_b4.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
        paper=PAPER,
        scale=PAPER_SCALE,
        titles=RESULTS / "corpus/titles.csv",
        out_dir=RESULTS / "tables",
    shell:
        "dubaug tables --config {params.config:q} --paper {params.paper:q} --paper-scale {params.scale:q} --tables b4 --subsets {input.subsets:q}"
        " --titles {params.titles:q} --out-dir {params.out_dir:q} 2> {log:q}"


rule table_b5:
    output:
        tables=collect(
            RESULTS / "tables/tableb5{kind}.{form}",
            kind=TABLE_KINDS,
            form=TABLE_FORMS,
        ),
    log:
        RESULTS / "logs/table_b5.log",
    benchmark:
        RESULTS / "benchmarks/table_b5.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
        paper=PAPER,
        scale=PAPER_SCALE,
        out_dir=RESULTS / "tables",
    shell:
        "dubaug tables --config {params.config:q} --paper {params.paper:q} --paper-scale {params.scale:q} --tables b5"
        " --out-dir {params.out_dir:q} 2> {log:q}"


rule result_tables:
    input:
        results=all_results,
    output:
        tables=collect(
            RESULTS / "tables/table{table}{kind}.{form}",
            table=["1", "2", "a1", "a2", "a3", "d6"],
            kind=TABLE_KINDS,
            form=TABLE_FORMS,
        ),
        own=collect(
            RESULTS / "tables/table{table}.{form}",
            table=SUITE_TABLES,
            form=TABLE_FORMS,
        ),
    log:
        RESULTS / "logs/result_tables.log",
    benchmark:
        RESULTS / "benchmarks/result_tables.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
        paper=PAPER,
        scale=PAPER_SCALE,
        titles=RESULTS / "corpus/titles.csv",
        out_dir=RESULTS / "tables",
        own=SUITE_TABLES,
    shell:
        "dubaug tables --config {params.config:q} --paper {params.paper:q} --paper-scale {params.scale:q} --tables 1 2 a1 a2 a3 d6 {params.own:q}"
        " --results {input.results:q} --titles {params.titles:q} --out-dir {params.out_dir:q} 2> {log:q}"
