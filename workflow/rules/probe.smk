# Frozen encoders, probed: one job a variant, seed and suite; for HEAR it goes through all kept checkpoints.
# Variants that keep other epochs (a 20-epoch run, the untrained network) have other outputs, hence a rule a schedule.
for schedule, members in sweep_schedules().items():

    rule:
        name:
            f"probe_hear_{schedule}"
        input:
            pretraining=RUN / "pretraining.json",
            features=RESULTS / "features/hear.json",
        output:
            result=RUN / "hear.json",
            sweep=sweep_files(members[0]),
            predictions=predictions_files("hear", members[0]),
        log:
            RUN / "logs/probe_hear.log",
        benchmark:
            RUN / "benchmarks/probe_hear.tsv"
        wildcard_constraints:
            run=one_of(runs_of(members)),
        conda:
            "../../envs/train.yaml"
        threads: PROBE_THREADS
        resources:
            mem_mb=16000,
            runtime="12h",
            gpu=PROBE_GPUS,
        params:
            config=RESOLVED,
            experiment=probe_experiment("hear"),
            suite="hear",
            work_dir=subpath(output.result, ancestor=1),
            sweep=sweep_flags,
        shell:
            "dubaug probe --config {params.config} --suite {params.suite} --pretraining {input.pretraining}"
            " --features {input.features} --work-dir {params.work_dir}/probe --out {output.result}"
            " {params.sweep:q} --threads {threads} 2> {log}"


# Suites that are probed at the last checkpoint alone, each for the variants that it fits.
for suite, members in last_checkpoint_suites().items():

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
            run=one_of(runs_of(members)),
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
        shell:
            "dubaug probe --config {params.config} --suite {params.suite} --pretraining {input.pretraining}"
            " --features {input.features} --work-dir {params.work_dir}/probe --out {output.result}"
            " --threads {threads} 2> {log}"


if MANY_SEEDS:

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
            variant=one_of(MANY_SEEDS),
        conda:
            "../../envs/report.yaml"
        resources:
            mem_mb=2000,
            runtime="1h",
        shell:
            "dubaug aggregate --results {input.results} --out {output.result} 2> {log}"

    use rule aggregate as aggregate_sweep with:
        output:
            result=RESULTS / "{variant}/epoch{epoch}/{suite}.json",
        log:
            RESULTS / "{variant}/logs/aggregate_{suite}_epoch{epoch}.log",
        benchmark:
            RESULTS / "{variant}/benchmarks/aggregate_{suite}_epoch{epoch}.tsv"
