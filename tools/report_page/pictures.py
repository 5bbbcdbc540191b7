"""Looks at the report page in headless Chromium: screenfuls at two widths, light and dark, a print, and three checks.

    pip install playwright        # and Debian's chromium
    python tools/report_page/pictures.py results/report.html /tmp/pictures [--axe axe.min.js]

Writes NN.png for each screenful of laptop_light, laptop_dark, phone_light and phone_dark, and print.pdf. It fails if
the page is wider than the screen, or asks for anything over the network or from disk. With axe-core's script it fails
as well if that finds a violation of WCAG 2.1 A or AA (axe-core is no part of this project: `npm pack axe-core`).
"""

import argparse
import json
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
CLOSED_NETWORK = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SCREENS = {"laptop": (1280, 800), "phone": (360, 740)}
SCHEMES = ("light", "dark")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


def screenfuls(page: Page, folder: Path, height_px: int) -> None:
    """Write a picture of each screenful, from the top to the end."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    whole_px = page.evaluate("document.documentElement.scrollHeight")
    for number, top_px in enumerate(range(0, whole_px, height_px)):
        page.evaluate("top_px => window.scrollTo(0, top_px)", top_px)
        page.screenshot(path=folder / f"{number:02d}.png")


def too_wide(page: Page) -> str:
    """Return by how much the page is wider than its screen, and what sticks out; nothing if it is not."""
    return page.evaluate(
        """() => {
            const shown = document.documentElement.clientWidth, whole = document.documentElement.scrollWidth;
            if (whole <= shown) return "";
            const out = [...document.querySelectorAll("main *")].filter(
                e => e.getBoundingClientRect().right > shown + 1 && !e.closest(".scroll"));
            const named = out.slice(0, 5).map(e => e.outerHTML.slice(0, 100));
            return `${whole} px on a screen of ${shown} px: ` + named.join("; ");
        }"""
    )


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds, one line a rule."""
    page.evaluate(axe)
    found = page.evaluate("tags => axe.run({runOnly: {type: 'tag', values: tags}})", RULES)["violations"]
    return [
        f"{entry['id']} ({entry['impact']}, {len(entry['nodes'])}): {json.dumps(entry['nodes'][0]['target'])}"
        for entry in found
    ]


def main() -> None:
    """Look at the page from all sides; exit with 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--axe", type=Path, help="axe-core's script, axe.min.js")
    options = parser.parse_args()
    address, faults = options.page.resolve().as_uri(), []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CLOSED_NETWORK)
        for screen, (width_px, height_px) in SCREENS.items():
            for scheme in SCHEMES:
                page = browser.new_page(viewport={"width": width_px, "height": height_px}, color_scheme=scheme)
                asked: list[str] = []
                page.on("request", lambda request, asked=asked: asked.append(request.url))
                page.goto(address)
                faults += [
                    f"{screen} {scheme}: asks for {url[:100]}"
                    for url in asked
                    if url != address and not url.startswith("data:")
                ]
                screenfuls(page, options.out_dir / f"{screen}_{scheme}", height_px)
                for state in ("closed", "open"):
                    page.evaluate(
                        "open => document.querySelectorAll('details').forEach(d => d.open = open)", state == "open"
                    )
                    if wide := too_wide(page):
                        faults.append(f"{screen} {scheme}, details {state}: {wide}")
                if options.axe:
                    faults += [
                        f"{screen} {scheme}: {line}"
                        for line in violations(page, options.axe.read_text(encoding="utf-8"))
                    ]
                page.close()
        page = browser.new_page()
        page.goto(address)
        page.pdf(
            path=options.out_dir / "print.pdf",
            format="A4",
            margin=dict.fromkeys(("top", "bottom", "left", "right"), "14mm"),
        )
        browser.close()
    print("\n".join(faults) or "no fault found")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
