"""A site: a copy of the repository, its own slurm/profile.yaml, an experiment of a few minutes, and snakemake there."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workflow_copy import copy_workflow

EXPERIMENT: dict[str, Any] = {
    "demo": {"films": {"titles": 8, "scenes_per_title": 3, "scene_s": 3.0}, "items_per_class": 4},
    "clips": {"frames": 4, "frame_height": 40},
    "mel": {"n_fft": 2048, "hop_length": 4096, "n_mels": 48},
    "encoders": {
        "embedding_dim": 32,
        "video": {"crop": 32, "width_factor": 0.5, "depth_factor": 0.5, "stem_width": 8, "head_width": 32},
        "audio": {"stem_width": 4},
    },
    "augmentation": {"height_min": 36, "height_max": 40},
    "pretraining": {"epochs": 10, "checkpoints": [2, 4, 6, 8, 10], "gpus": 4, "clips_per_gpu": 2, "clips_per_title": 2},
    "suites": {"hear": ["esc50"], "hares": [], "visual": ["vggsound"]},
    "probe": {"hear": {"hidden": 16, "max_epochs": 6}, "visual": {"epochs": 3}},
}
"""Over the demo's values, over the paper's scale, which the profile says. Four processes make up a batch."""
VARIANTS = dict.fromkeys(("sep", "es", "fr", "ja", "a", "a_efj"))
"""Left out: av, efj and rp stay."""
EDITS = {
    '# slurm_partition: "cpu"': 'slurm_partition: "cpu"',
    '# slurm_partition: "gpu"': 'slurm_partition: "gpu"',
    # The test's networks compute on CPUs, for which the rules ask for no GPU: what they would ask for is said here.
    '    gpu_model: "a100"': '    gpu: 4\n    gpu_model: "a100"',
    "&probe": "&probe\n    gpu: 1",
    # This machine claims more cores than it has.
    "catalogue: 8": "catalogue: 2",
    "align: 4": "align: 2",
    "shards: 4": "shards: 2",
    "status-checks: 60": "status-checks: 2",
}
"""What this site changes in slurm/profile.yaml."""


@dataclass(frozen=True)
class Site:
    """A folder to run snakemake in."""

    folder: Path

    @property
    def results(self) -> Path:
        """Where the workflow puts its results."""
        return self.folder / "results"

    def copy(self, folder: Path, *without: str) -> "Site":
        """Return a copy of this site as it is now, without those of its results."""
        shutil.copytree(self.folder, folder, symlinks=True)
        shutil.rmtree(folder / ".snakemake/slurm_logs", ignore_errors=True)
        for name in without:
            path = folder / "results" / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return Site(folder)

    def start(self, *words: str, patient: bool = False) -> subprocess.Popen[bytes]:
        """Start `snakemake --profile slurm`; what it says goes to `said.txt`. Patient, it is the command as it is."""
        bin_dir = Path(sys.executable).parent
        environment = {**os.environ, "PATH": f"{bin_dir}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("MLFLOW_TRACKING_URI", None)
        program = [bin_dir / "snakemake"] if patient else [sys.executable, Path(__file__).with_name("impatient.py")]
        with (self.folder / "said.txt").open("wb") as said:
            return subprocess.Popen(
                [*program, "--profile", "slurm", *words],
                cwd=self.folder,
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                # Background processes, such as a CI's, are begun deaf to Ctrl-C, and hand that on.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def said(self) -> str:
        """Return what the last snakemake said, and SLURM's logs of jobs that failed."""
        logs = sorted(self.folder.glob(".snakemake/slurm_logs/**/*.log"))
        texts = [(self.folder / "said.txt").read_text(errors="replace")]
        texts += [f"{log}:\n{log.read_text(errors='replace')[-3000:]}" for log in logs]
        return "\n".join(texts)

    def snakemake(self, *words: str, timeout_s: float = 3000.0) -> int:
        """Run `snakemake --profile slurm` to its end and return its exit code."""
        return self.start(*words).wait(timeout=timeout_s)


def small_site(repository: Path, folder: Path) -> Site:
    """Return a site whose `overlay.yaml` is the small experiment and whose profile it has edited."""
    copy_workflow(repository, folder)
    overlay = yaml.safe_load((folder / "workflow/config/demo.yaml").read_text(encoding="utf-8"))
    for key, value in EXPERIMENT.items():
        _lay_over(overlay, key, value)
    overlay["variants"] = VARIANTS
    overlay["suites"] = EXPERIMENT["suites"]
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    edit_profile(folder, EDITS)
    return Site(folder)


def edit_profile(folder: Path, edits: dict[str, str]) -> None:
    """Replace texts in the site's profile, each of which has to be there."""
    profile = folder / "slurm/profile.yaml"
    text = profile.read_text(encoding="utf-8")
    for old, new in edits.items():
        assert old in text, f"{old!r} is not in {profile}"
        text = text.replace(old, new)
    profile.write_text(text, encoding="utf-8")


def _lay_over(mapping: dict[str, Any], key: str, value: Any) -> None:
    if isinstance(value, dict) and isinstance(mapping.get(key), dict):
        for inner, item in value.items():
            _lay_over(mapping[key], inner, item)
    else:
        mapping[key] = value
