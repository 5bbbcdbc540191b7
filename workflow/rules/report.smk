# Everything on one page: results/report.html needs no other file, and shows what is there.
SHOWN_TABLES = [path for path in TABLES if path.endswith(".html")]
SHOWN_FIGURES = collect(
    RESULTS / "figures/{figure}.png", figure=[*DRAWN_SWEEPS, "b1", "mels"]
)
PAGE = RESULTS / "report.html"


rule report_page:
    input:
        claims=RESULTS / "claims.json",
        tables=TABLES,
        figures=FIGURES,
        comparisons=RESULTS / "comparisons.csv",
        titles=RESULTS / "corpus/titles.csv",
        subsets=RESULTS / "corpus/subsets.csv",
        rejected=RESULTS / "corpus/rejected.csv",
        alignment=RESULTS / "corpus/alignment.csv",
        manifests=collect(RESULTS / "{run}/pretraining.json", run=RUNS),
        results=all_results,
    output:
        page=PAGE,
    log:
        RESULTS / "logs/report_page.log",
    benchmark:
        RESULTS / "benchmarks/report_page.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="10m",
    params:
        config=RESOLVED,
        experiment=whole_configuration(),
        scale=PAPER_SCALE,
        rejected=RESULTS / "corpus/rejected_separation.csv",
        tables=SHOWN_TABLES,
        figures=SHOWN_FIGURES,
        alignment_figure=RESULTS / "corpus/alignment.png",
        metrics=collect(RESULTS / "{run}/pretrain/metrics.jsonl", run=RUNS),
        benchmarks=[
            RESULTS / "benchmarks",
            *collect(RESULTS / "{home}/benchmarks", home=[*VARIANTS, *RUNS]),
        ],
    shell:
        "dubaug report --config {params.config} --claims {input.claims} --tables {params.tables}"
        " --figures {params.figures} --titles {input.titles} --subsets {input.subsets}"
        " --rejected {input.rejected} {params.rejected} --alignment {input.alignment} --alignment-figure {params.alignment_figure} --comparisons {input.comparisons}"
        " --manifests {input.manifests} --metrics {params.metrics} --results {input.results}"
        " --benchmarks {params.benchmarks} --paper-scale {params.scale} --out {output.page} 2> {log}"
