from typing import Any

import pytest
from separation_networks import RATE_HZ

from dubaug.config import Separation


@pytest.fixture
def settings(make_experiment: Any) -> Any:
    """Return a function that makes settings for the small networks: whole segments, a quarter of them shared."""

    def make(**keys: Any) -> Separation:
        given = {"sample_rate_hz": RATE_HZ, "segment_s": None, "overlap": 0.25, "shifts": 0, **keys}
        separation: Separation = make_experiment(variants={"sep": None}, separation=given).separation
        return separation

    return make
