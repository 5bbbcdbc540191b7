"""Pictures of MLflow's pages for docs/tracking.md, by headless Chromium, from the store that a `make demo` has filled.

    pip install playwright        # and Debian's chromium
    python tools/mlflow_pages/pictures.py mlflow.db docs/tracking

Writes runs.png (the list of runs), curves.png (a training's curves), compare.png (all variants' scores over the kept
epochs) and artifacts.png (Figure C2 among the artifacts).
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow.tracking import MlflowClient
from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
CLOSED_NETWORK = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SETTLE_MS = 5000
"""Charts are drawn some time after the page says that it is there."""
VARIANT = "efj"
COLUMNS = ("esc50/top1_acc", "fsd50k/mAP", "libricount/top1_acc", "vggsound/top1_acc")
UNWANTED = ("Dataset", "Source", "Models")
SEARCHED = {"curves": "loss|retrieval|alignment|uniformity", "compare": "esc50/"}
"""What is typed into the field above the charts."""


@contextmanager
def serving(store: Path) -> Iterator[str]:
    """Serve the store's pages on a free port of this machine; yield their address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["ui", "--backend-store-uri", f"sqlite:///{store.resolve()}", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    server = subprocess.Popen([sys.executable, "-m", "mlflow", *words, "--workers", "1"], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(address, timeout=5).close()
                break
            except OSError:
                time.sleep(1)
        yield address
    finally:
        server.terminate()
        server.wait()


def tidy(page: Page) -> None:
    """Wait until the page is drawn, and close what does not belong to this project's use of it."""
    page.wait_for_timeout(SETTLE_MS)
    for button in page.get_by_role("button", name="Close").all():
        button.click()
    page.wait_for_timeout(SETTLE_MS)


def choose_columns(page: Page) -> None:
    """Have the list of runs show some scores in place of what it shows by itself."""
    page.get_by_text("Columns", exact=True).first.click()
    for name in (*UNWANTED, *COLUMNS):
        page.get_by_placeholder("Search columns").fill(name)
        page.wait_for_timeout(2000)
        page.get_by_role("dialog").get_by_text(name, exact=True).last.click()
    page.keyboard.press("Escape")
    page.wait_for_timeout(SETTLE_MS)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="the SQLite file")
    parser.add_argument("out_dir", type=Path)
    options = parser.parse_args()
    options.out_dir.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(f"sqlite:///{options.store.resolve()}")
    experiment = client.get_experiment_by_name("dubaug").experiment_id
    runs = {run.info.run_name: run.info.run_id for run in client.search_runs([experiment], max_results=1000)}
    base = f"/#/experiments/{experiment}/runs"
    pages = {
        "runs": f"{base}?workflowType=machine_learning",
        "curves": f"{base}/{runs[f'{VARIANT} seed 0']}/model-metrics?workflowType=machine_learning",
        "compare": f"{base}?compareRunsMode=CHART&workflowType=machine_learning",
        "artifacts": f"{base}/{runs['tables and figures']}/artifacts/figures/c2.png?workflowType=machine_learning",
    }
    with serving(options.store) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CLOSED_NETWORK)
        page = browser.new_page(viewport={"width": 1300, "height": 700})
        for name, path in pages.items():
            page.goto(address + path)
            tidy(page)
            if name == "runs":
                choose_columns(page)
            if name in SEARCHED:
                page.get_by_placeholder("Search metric charts").fill(SEARCHED[name])
                page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=options.out_dir / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
