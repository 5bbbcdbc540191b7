# The paper's figures, each with its data, and in words for those who cannot see it.
rule figure_c2:
    input:
        results=result_files(suites=SWEPT),
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
        "dubaug figure-c2 --config {params.config:q} --results {input.results:q} --out-dir {params.out_dir:q} 2> {log:q}"


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
        "dubaug figure-b1 --titles {input.titles:q} --out-dir {params.out_dir:q} 2> {log:q}"


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
        "dubaug figure-mels --index {input.index:q} --seed {params.seed:q} --out-dir {params.out_dir:q} 2> {log:q}"
