"""HTML fragments of other commands, let into the page: known elements and attributes only, balanced, each id once."""

from html import escape
from html.parser import HTMLParser
from pathlib import Path

from markupsafe import Markup

# fmt: off
ELEMENTS = frozenset({
    "figure", "figcaption", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "p",
    "span", "div", "strong", "em", "b", "i", "sub", "sup", "small", "abbr", "code", "br", "ul", "ol", "li",
})
# fmt: on
VOID = frozenset({"br", "col"})
ATTRIBUTES = frozenset(
    {
        "id",
        "class",
        "scope",
        "colspan",
        "rowspan",
        "span",
        "headers",
        "title",
        "lang",
        "abbr",
        "aria-label",
        "translate",
    }
)
SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "head"})
"""Elements whose content goes with them."""
SAID_ONCE = "run"
"""Class of the lines below a table that say what the whole run does otherwise than the paper: the page says it once."""


def read_fragment(path: Path, *, label: str, taken: set[str]) -> Markup:
    """Return the fragment in `path`, cleaned.

    Each table comes to lie in a scrolling region named `label`. `taken` holds the ids of the page so far and gets
    the fragment's; one that is there already is given a number.
    """
    cleaner = _Cleaner(label, taken)
    cleaner.feed(path.read_text(encoding="utf-8"))
    cleaner.close()
    return Markup(cleaner.finish())


class _Cleaner(HTMLParser):
    def __init__(self, label: str, taken: set[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.label, self.taken = label, taken
        self.parts: list[str] = []
        self.open: list[str] = []
        self.silent: list[str] = []
        self.renamed: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT or (tag == "p" and SAID_ONCE in (dict(attrs).get("class") or "").split()):
            self.silent.append(tag)
        if self.silent or tag not in ELEMENTS:
            return
        if tag == "table":
            region = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(self.label)}">'
            self.parts.append(region)
        kept = "".join(
            f' {name}="{escape(self._value(name, value or ""))}"' for name, value in attrs if name in ATTRIBUTES
        )
        self.parts.append(f"<{tag}{kept}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.silent:
            if tag == self.silent[-1]:
                self.silent.pop()
        elif tag in self.open:
            for _ in range(self.open[::-1].index(tag) + 1):
                self._close()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(escape(data, quote=False))

    def finish(self) -> str:
        """Close what is still open; return the fragment."""
        while self.open:
            self._close()
        return "".join(self.parts).strip()

    def _close(self) -> str:
        tag = self.open.pop()
        self.parts.append(f"</{tag}></div>" if tag == "table" else f"</{tag}>")
        return tag

    def _value(self, name: str, value: str) -> str:
        if name == "id":
            return self._free_id(value)
        return " ".join(self.renamed.get(word, word) for word in value.split()) if name == "headers" else value

    def _free_id(self, wanted: str) -> str:
        found, count = wanted, 1
        while found in self.taken:
            count += 1
            found = f"{wanted}-{count}"
        self.taken.add(found)
        self.renamed[wanted] = found
        return found
