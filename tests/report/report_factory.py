"""Pieces of a results folder, and a checker of HTML that knows nothing of what browsers forgive."""

from html.parser import HTMLParser
from typing import Any

HOSTILE = "<script>alert(\"1\")</script> & 'quoted'"
VOID = frozenset({"meta", "link", "img", "br", "col", "hr", "input"})
COMPARISONS_HEAD = (
    "suite,task,metric,variant_a,variant_b,score_a,score_b,difference,low,high,p,p_holm,n_items,"
    "n_seeds_a,n_seeds_b,better,over,n_units,grouped_by,note"
)
TABLE = (
    '<figure class="table" id="table-1"><table><caption><b>Table 1.</b> Scores &amp; more</caption><thead><tr>'
    '<th scope="col">Task</th><th scope="col">AV</th></tr></thead><tbody><tr><th scope="row">ESC-50</th>'
    '<td class="right best"><strong>.527</strong></td></tr></tbody></table><p class="note">A note.</p>'
    '<p class="note run">Said once elsewhere.</p></figure>'
)


class Page(HTMLParser):
    """What stands in a page. `faults` has what is not balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if len(dict(attrs)) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append((int(tag[1]), ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]} at {self.getpos()}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words.append(data)
        if self._open and self._open[-1] in {"h1", "h2", "h3", "h4"}:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def claim(**keys: Any) -> dict[str, Any]:
    """Return a claim as claims.json has it; `verdicts` are by the evidence, by the means, by the paper's means."""
    evidence, means, paper = keys.pop("verdicts", ("undecided", "holds", "holds"))
    compared = {
        "comparison": "+EFJ above AV on ESC-50", "task": "esc50", "above": "efj", "below": "av", "difference": 0.012,
        "low": -0.01, "high": 0.03, "p": 0.4, "p_holm": 0.4, "over": "items", "grouped_by": ["item"], "note": None,
        "settled": "undecided",
    }  # fmt: skip
    run = {
        "by_means": means, "means_numbers": "8 of 8", "verdict": evidence, "evidence_numbers": "0 of 8 settled",
        "comparisons": [compared],
    }  # fmt: skip
    return {
        "id": "one", "section": "§4", "claim": "Dubs help.", "slip": None, "without_numbers": None, "tasks": ["esc50"],
        "variants": ["av", "efj"], "paper": {"by_means": paper, "numbers": "8 of 8 tasks"}, "run": run,
    } | keys  # fmt: skip
