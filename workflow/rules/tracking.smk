# MLflow is brought up to date from what lies in the results folder: by a process beside this one as results come, at the
# end, also of a failed run, and on demand (then with networks in the model registry, which takes some seconds each).
MLFLOW_SYNC = (
    "dubaug mlflow-sync --best-effort --config {RESOLVED:q} --results-dir {RESULTS:q}"
)
WATCHER = Watcher(EXPERIMENT, RESOLVED)


rule mlflow_sync:
    log:
        RESULTS / "logs/mlflow_sync.log",
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=4000,
        runtime="1h",
    params:
        config=RESOLVED,
        results_dir=RESULTS,
    shell:
        "dubaug mlflow-sync --config {params.config:q} --results-dir {params.results_dir:q}"
        " --models 2> {log:q}"


# Snakemake calls these in its main process alone, and not in dry runs.
onstart:
    check_place()
    try:
        save(EXPERIMENT, RESOLVED)
    except (DubaugError, OSError) as error:
        raise WorkflowError(f"config key `results_dir`: {error}")
    WATCHER.start()


onsuccess:
    WATCHER.stop()
    say_where()
    shell(MLFLOW_SYNC)


onerror:
    WATCHER.stop()
    shell(MLFLOW_SYNC)
