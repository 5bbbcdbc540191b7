# From result files to the paper's tables and figures.
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
        results=result_files(),
    output:
        tables=collect(
            RESULTS / "tables/table{table}{kind}.{form}",
            table=["1", "2", "a1", "a2", "a3", "d6"],
            kind=TABLE_KINDS,
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
    shell:
        "dubaug tables --config {params.config} --paper {params.paper} --paper-scale {params.scale} --tables 1 2 a1 a2 a3 d6"
        " --results {input.results} --out-dir {params.out_dir} 2> {log}"


# Each dub-augmented variant beside its baseline, on the same test items.
rule comparisons:
    input:
        results=result_files(),
        predictions=final_predictions(),
    output:
        csv=RESULTS / "comparisons.csv",
        json=RESULTS / "comparisons.json",
    log:
        RESULTS / "logs/comparisons.log",
    benchmark:
        RESULTS / "benchmarks/comparisons.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=4000,
        runtime="4h",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
    shell:
        "dubaug compare --config {params.config} --results {input.results} --out {output.csv} --json {output.json}"
        " 2> {log}"


# In words stands beside each figure what it shows, for those who cannot see it.
rule figure_c2:
    input:
        results=result_files(suites=["hear"], sweep=True),
    output:
        figure=report(
            collect(
                RESULTS / "figures/{figure}{width}.{form}",
                figure=SWEEP_FIGURES,
                width=["", "_column"],
                form=FIGURE_FORMS,
            ),
            caption="../report/c2.rst",
            category="Figures",
        ),
        data=collect(RESULTS / "figures/{figure}.csv", figure=SWEEP_FIGURES),
        words=collect(RESULTS / "figures/{figure}.txt", figure=SWEEP_FIGURES),
    log:
        RESULTS / "logs/figure_c2.log",
    benchmark:
        RESULTS / "benchmarks/figure_c2.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
        out_dir=RESULTS / "figures",
    shell:
        "dubaug figure-c2 --config {params.config} --results {input.results} --out-dir {params.out_dir} 2> {log}"


rule figure_b1:
    input:
        titles=RESULTS / "corpus/titles.csv",
    output:
        figure=report(
            collect(RESULTS / "figures/b1.{form}", form=FIGURE_FORMS),
            caption="../report/b1.rst",
            category="Figures",
        ),
        data=RESULTS / "figures/b1.csv",
        words=RESULTS / "figures/b1.txt",
    log:
        RESULTS / "logs/figure_b1.log",
    benchmark:
        RESULTS / "benchmarks/figure_b1.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        out_dir=RESULTS / "figures",
    shell:
        "dubaug figure-b1 --titles {input.titles} --out-dir {params.out_dir} 2> {log}"


rule figure_mels:
    input:
        index=RESULTS / "corpus/clips.json",
    output:
        figure=report(
            collect(RESULTS / "figures/mels.{form}", form=FIGURE_FORMS),
            caption="../report/mels.rst",
            category="Figures",
        ),
        data=RESULTS / "figures/mels.csv",
        words=RESULTS / "figures/mels.txt",
    log:
        RESULTS / "logs/figure_mels.log",
    benchmark:
        RESULTS / "benchmarks/figure_mels.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        seed=EXPERIMENT.seeds[0],
        out_dir=RESULTS / "figures",
    shell:
        "dubaug figure-mels --index {input.index} --seed {params.seed} --out-dir {params.out_dir} 2> {log}"
