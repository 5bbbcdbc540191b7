# The generated corpus: films, and a miniature of each downstream data set. Rules exist only where the scale has a demo.
if EXPERIMENT.demo:
    DEMO = Path(EXPERIMENT.demo.directory)

    rule demo_films:
        output:
            catalogue=DEMO / "films/catalogue.csv",
        log:
            RESULTS / "logs/demo_films.log",
        benchmark:
            RESULTS / "benchmarks/demo_films.tsv"
        conda:
            "../../envs/media.yaml"
        threads: 2
        resources:
            mem_mb=4000,
            runtime="30m",
        params:
            config=RESOLVED,
            experiment=films_digest(),
            out=DEMO / "films",
        shell:
            "dubaug demo-films --config {params.config:q} --out {params.out:q} --jobs {threads} 2> {log:q}"

    rule demo_tasks:
        output:
            directory(demo_task_paths()),
        log:
            RESULTS / "logs/demo_tasks.log",
        benchmark:
            RESULTS / "benchmarks/demo_tasks.tsv"
        conda:
            "../../envs/media.yaml"
        threads: 2
        resources:
            mem_mb=4000,
            runtime="30m",
        params:
            config=RESOLVED,
            experiment=demo_tasks_digest(),
            out=DEMO,
            folders=[Path(path).relative_to(DEMO) for path in demo_task_paths()],
        shell:
            "dubaug demo-tasks --config {params.config:q} --out {params.out:q} --folders {params.folders:q}"
            " --jobs {threads} 2> {log:q}"
