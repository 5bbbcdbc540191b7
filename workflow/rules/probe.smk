# Frozen encoders, probed: one job a variant, seed and suite. Where the suite is swept it goes through all kept checkpoints
# at once: the points of the sweep stand in folders beside the result, which names them. They are as many as the variant
# keeps checkpoints, and a rule has the same outputs for all, so that they are no outputs of these rules.
for suite in EXPERIMENT.suites:

    rule:
        name:
            f"probe_{suite}"
        input:
            pretraining=RUN / "pretraining.json",
            features=RESULTS / f"features/{suite}.json",
        output:
            result=RUN / f"{suite}.json",
            predictions=predictions_files(suite),
        log:
            RUN / f"logs/probe_{suite}.log",
        benchmark:
            RUN / f"benchmarks/probe_{suite}.tsv"
        wildcard_constraints:
            run=one_of(runs_of(evaluated_on(suite))),
        conda:
            "../../envs/train.yaml"
        threads: PROBE_THREADS
        resources:
            mem_mb=16000,
            runtime="12h",
            gpu=PROBE_GPUS,
        params:
            config=RESOLVED,
            experiment=probe_experiment(suite),
            suite=suite,
            work_dir=subpath(output.result, ancestor=1),
            sweep=sweep_flags(suite),
        shell:
            "dubaug probe --config {params.config:q} --suite {params.suite:q} --pretraining {input.pretraining:q}"
            " --features {input.features:q} --work-dir {params.work_dir:q}/probe --out {output.result:q}"
            " {params.sweep:q} --threads {threads} 2> {log:q}"


# A variant's result is that of all its seeds, also of one; the points of their sweeps are joined with it.
rule aggregate:
    input:
        results=seeds_results,
        predictions=seeds_predictions,
    output:
        result=RESULTS / "{variant}/{suite}.json",
    log:
        RESULTS / "{variant}/logs/aggregate_{suite}.log",
    benchmark:
        RESULTS / "{variant}/benchmarks/aggregate_{suite}.tsv"
    wildcard_constraints:
        variant=variants_with_suites(),
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="1h",
    shell:
        "dubaug aggregate --results {input.results:q} --out {output.result:q} 2> {log:q}"


# A point by its name, `snakemake results/efj/epoch02/hear.json`: who makes the result that names it has made the point.
rule sweep_point:
    input:
        final_of_point,
    output:
        RESULTS / "{point}/{suite}.json",
    wildcard_constraints:
        point=one_of(sweep_points()),
        suite=one_of(SWEPT),
