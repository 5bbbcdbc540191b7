from pathlib import Path

from dubaug.config import Experiment
from dubaug.report.scale import other_settings


def test_what_the_demo_makes_smaller_is_listed(demo_experiment: Experiment, repository: Path) -> None:
    settings = other_settings(demo_experiment, repository / "workflow/config/paper.yaml")
    assert settings is not None
    found = {setting.key: (setting.here, setting.paper) for setting in settings}
    assert found["pretraining.epochs"] == ("8", "10")
    assert found["pretraining.checkpoints"] == ("2, 4, 8", "2, 4, 6, 8, 10")
    assert found["pretraining.compile"] == ("no", "yes")
    assert found["separation.segment_s"] == ("6.0", "none")
    assert "pretraining.temperature" not in found
    assert "pretraining.loader_workers" not in found, "no result depends on it"


def test_without_the_papers_file_nothing_is_compared(demo_experiment: Experiment, tmp_path: Path) -> None:
    assert other_settings(demo_experiment, tmp_path / "paper.yaml") is None
    assert other_settings(demo_experiment, None) is None
