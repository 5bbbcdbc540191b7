# Each dub-augmented variant beside its baseline, on the same test items.
rule comparisons:
    input:
        results=all_results,
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
        "dubaug compare --config {params.config:q} --results {input.results:q} --out {output.csv:q} --json {output.json:q}"
        " 2> {log:q}"
