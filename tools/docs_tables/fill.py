"""Put a finished demo's tables into the README and docs, between their marks: what stands there was measured.

python tools/docs_tables/fill.py results
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from dubaug.claims.file import JudgedClaim, read_claims

REPOSITORY = Path(__file__).resolve().parents[2]
README, CLAIMS = "README.md", "docs/claims.md"


def main() -> None:
    """Fill every block."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="the results folder of `make demo`")
    results = parser.parse_args().results
    judged = (results / "claims.md").read_text(encoding="utf-8")
    fill(README, "demo table", markdown_table((results / "tables/table1.md").read_text(encoding="utf-8")))
    fill(README, "demo claims", compact(read_claims(results / "claims.json").claims))
    fill(CLAIMS, "demo claims with numbers", markdown_table(judged))


def fill(document: str, name: str, text: str) -> None:
    """Replace what stands between the marks `name` and `end of name` in a document."""
    path = REPOSITORY / document
    before, old, after = re.split(
        f"(?<=<!-- {name} -->)\n(.*?)(?=<!-- end of {name} -->)", path.read_text(), flags=re.S
    )
    path.write_text(f"{before}\n\n{text}\n{after}", encoding="utf-8")
    print(f"{document}: {name}, {'as it was' if old.strip() == text.strip() else 'changed'}")


def markdown_table(text: str) -> str:
    """Return the table in a Markdown text, with the reasons for its empty cells."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    reasons = re.findall(r"^<sub>[a-z]: .*</sub>", text, re.MULTILINE)
    return "\n".join([*rows, *([""] if reasons else []), *reasons]) + "\n"


def compact(claims: Sequence[JudgedClaim]) -> str:
    """Return the claims with their verdicts alone."""
    rows = [
        f"| {one.claim} | {one.paper.by_means}{' (slip)' if one.slip else ''} | {one.run.by_means} "
        f"| {one.run.verdict} |"
        for one in claims
    ]
    head = ["| Claim of the paper | its own numbers | the demo, by the means | the demo, by the evidence |"]
    return "\n".join([*head, "|:--|:--|:--|:--|", *rows]) + "\n"


if __name__ == "__main__":
    main()
