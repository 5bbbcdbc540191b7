"""One benchmark result: a JSON object, printed on a line of its own and kept in benchmarks/results/<name>.json; and
what results say of the process."""

import json
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dubaug.hardware import machine

RESULTS = Path(__file__).parent / "results"


def record(
    name: str, *, ratio: float | None, ours: float, peer: float | None, unit: str, **more: Any
) -> dict[str, Any]:
    """Keep and return a result. `ratio` is of ours to the peer's, as measured side by side in this run."""
    result = {
        "name": name,
        "ratio": None if ratio is None else round(ratio, 4),
        "ours": round(ours, 4),
        "peer": None if peer is None else round(peer, 4),
        "unit": unit,
        **more,
        "command": " ".join(["python", *sys.argv]),
        "machine": machine(),
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def peak_gib() -> float:
    """Return the most memory that this program held; Linux counts in `ru_maxrss` what started it too."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 2**20


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return found.stdout.strip()
