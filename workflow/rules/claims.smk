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
        titles=RESULTS / "corpus/titles.csv",
    shell:
        "dubaug claims --config {params.config:q} --paper {params.paper:q} --paper-scale {params.scale:q}"
        " --results {input.results:q} --titles {params.titles:q} --out {output.json:q} --markdown {output.markdown:q} 2> {log:q}"
