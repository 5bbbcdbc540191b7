# What the paper states, judged by the results: all variants, suites and checkpoints, and the predictions beside them
# (those of sweeps are written with the results that name them).
rule claims:
    input:
        results=all_results,
        predictions=final_predictions(),
    output:
        json=RESULTS / "claims.json",
        markdown=RESULTS / "claims.md",
    log:
        RESULTS / "logs/claims.log",
    benchmark:
        RESULTS / "benchmarks/claims.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=8000,
        runtime="8h",
    params:
        config=RESOLVED,
        experiment=report_experiment(),
        paper=PAPER,
        scale=PAPER_SCALE,
    shell:
        "dubaug claims --config {params.config} --paper {params.paper} --paper-scale {params.scale}"
        " --results {input.results} --out {output.json} --markdown {output.markdown} 2> {log}"
