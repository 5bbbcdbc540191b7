"""What tables, figures, verdicts and cards show of the configuration, as a hash. Light: the Snakefile imports it."""

from dubaug.config import Experiment, to_mapping
from dubaug.digests import digest
from dubaug.pretrain.experiment import flattened
from dubaug.tables.footer import NOT_SIZES

NOT_SHOWN = ("results_dir", "device", "embed_batch", "ingest.stall_s", "ingest.climbing_paths", "corpus.catalogue",
             "tracking.uri", "tracking.experiment", "tracking.live", *NOT_SIZES)  # fmt: skip
"""Keys that nothing but the report page, which quotes the whole configuration, shows or depends on."""


def drawing_digest(experiment: Experiment) -> str:
    """Return the hash of what is shown besides results: labels, suites, sizes in the footer."""
    return digest({key: value for key, value in flattened(to_mapping(experiment)) if key not in NOT_SHOWN})
