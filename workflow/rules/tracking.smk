# MLflow is brought up to date from what lies in the results folder: after every run, also a failed one, and on demand.
MLFLOW_SYNC = (
    f"dubaug mlflow-sync --best-effort --config {RESOLVED} --results-dir {RESULTS}"
)


rule mlflow_sync:
    log:
        RESULTS / "logs/mlflow_sync.log",
    conda:
        "../../envs/report.yaml"
    resources:
        mem_mb=2000,
        runtime="1h",
    params:
        config=RESOLVED,
        results_dir=RESULTS,
    shell:
        "dubaug mlflow-sync --config {params.config} --results-dir {params.results_dir} 2> {log}"


onsuccess:
    shell(MLFLOW_SYNC)
    say_where()


onerror:
    shell(MLFLOW_SYNC)
