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
        out_dir=RESULTS / "tables",
    shell:
        "dubaug tables --config {params.config} --paper {params.paper} --paper-scale {params.scale} --tables b4 --subsets {input.subsets}"
        " --out-dir {params.out_dir} 2> {log}"


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
        "dubaug tables --config {params.config} --paper {params.paper} --paper-scale {params.scale} --tables b5"
        " --out-dir {params.out_dir} 2> {log}"


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
        out_dir=RESULTS / "tables",
        own=SUITE_TABLES,
    shell:
        "dubaug tables --config {params.config} --paper {params.paper} --paper-scale {params.scale} --tables 1 2 a1 a2 a3 d6 {params.own}"
        " --results {input.results} --out-dir {params.out_dir} 2> {log}"
