"""Where MLflow's records go."""

from dataclasses import dataclass

from dubaug.settings import Flag, Settings, Text


@dataclass(frozen=True, kw_only=True)
class Tracking(Settings):
    """Where MLflow's records go. `MLFLOW_TRACKING_URI` in the environment wins over `uri`."""

    uri: Text
    experiment: Text
    """MLflow's word for the group of all runs."""
    live: Flag
    """Whether curves and results come while trainings and Snakemake run, sent by processes beside them; else at the end
    of each call of Snakemake."""
