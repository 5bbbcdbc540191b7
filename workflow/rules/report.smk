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
        "dubaug report --config {params.config:q} --claims {input.claims:q} --tables {params.tables:q}"
        " --figures {params.figures:q} --titles {input.titles:q} --subsets {input.subsets:q}"
        " --rejected {input.rejected:q} {params.rejected:q} --alignment {input.alignment:q} --alignment-figure {params.alignment_figure:q} --comparisons {input.comparisons:q}"
        " --manifests {input.manifests:q} --metrics {params.metrics:q} --results {input.results:q}"
        " --benchmarks {params.benchmarks:q} --paper-scale {params.scale:q} --out {output.page:q} 2> {log:q}"
