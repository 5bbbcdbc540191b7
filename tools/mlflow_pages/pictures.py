"""Pictures of MLflow's pages for docs/tracking.md, by headless Chromium, from the store that a `make demo` has filled.

    pip install playwright        # and Debian's chromium
    python tools/mlflow_pages/pictures.py mlflow.db docs/tracking

Writes runs.png (the list of runs with their scores) and curves.png (loss and scores of all variants): the pages whose
addresses `make ui` says.
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

from dubaug.tracking.view import addresses

CHROMIUM = "/usr/bin/chromium"
CLOSED_NETWORK = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SETTLE_MS = 15000
"""Charts are drawn some time after the page says that it is there."""
PAGES = {"runs": ("every run", 700), "curves": ("their curves", 900)}
"""By picture: which address, and how high the window is."""


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
    """Wait until the page is drawn, and close what MLflow opens beside it."""
    page.wait_for_timeout(SETTLE_MS)
    for button in page.get_by_role("button", name="Close", exact=True).all():
        if button.is_visible():
            button.click()
    page.wait_for_timeout(SETTLE_MS)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="the SQLite file")
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--chromium", default=CHROMIUM, help=f"the browser (default {CHROMIUM})")
    options = parser.parse_args()
    options.out_dir.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(f"sqlite:///{options.store.resolve()}")
    experiment = client.get_experiment_by_name("dubaug").experiment_id
    with serving(options.store) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=CLOSED_NETWORK)
        pages = addresses(address, experiment)
        for name, (which, height_px) in PAGES.items():
            page = browser.new_page(viewport={"width": 1300, "height": height_px})
            page.goto(pages[which])
            tidy(page)
            page.screenshot(path=options.out_dir / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
