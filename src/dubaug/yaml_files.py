"""YAML as people write it, read strictly: what would silently be lost or taken for something else is an error.

Light: the Snakefile imports it.
"""

import json
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from dubaug.errors import ConfigError

NODES = 100_000
"""Values that a file may have, those that its aliases repeat counted again: what has more was made to be a burden."""
DEPTH = 50


class _Loader(yaml.SafeLoader):
    """PyYAML's reader of plain values; a key that comes twice is an error, and so is a number to the base 8 or 60."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth += 1
        if self.depth > DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=f"more than {DEPTH} levels", problem_mark=mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        lines: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            key, line = self.key_of(key_node), key_node.start_mark.line + 1
            if isinstance(key, Hashable) and key in lines:
                problem = f"the key `{key}` stands on line {lines[key]} already, and one would be lost: make them one"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
            if isinstance(key, Hashable):
                lines[key] = line
        return node

    def key_of(self, node: Any) -> Any:
        """Return a key; `<<` stands for the mappings below it."""
        is_merge = node.tag == "tag:yaml.org,2002:merge"
        return "<<" if is_merge else self.construct_object(node, deep=True)

    def construct_plain_number(self, node: Any) -> float:
        text = node.value.lstrip("+-").replace("_", "")
        is_whole = node.tag.endswith(":int")
        if len(text) > 1000:
            raise yaml.MarkedYAMLError(problem=f"a number of {len(text)} digits", problem_mark=node.start_mark)
        value = (self.construct_yaml_int if is_whole else self.construct_yaml_float)(node)
        if ":" in text or (is_whole and text[0] == "0" and text.isdigit() and text != "0"):
            problem = f"YAML takes {node.value} for {value}: write that, or put it in quotes if it is text"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return value


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_plain_number)


def read_yaml(path: Path) -> Any:
    """Return what a file holds, None for an empty one; JSON is read if its name ends so. Raises `ConfigError`."""
    text = _text(path)
    try:
        if path.suffix == ".json":
            return json.loads(text, object_pairs_hook=_distinct)
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if sum(1 for _ in zip(_nodes(root), range(NODES + 1), strict=False)) > NODES:
            raise yaml.YAMLError(f"more than {NODES} values, or one that contains itself")
        return loader.construct_document(root)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path} is no {'JSON' if path.suffix == '.json' else 'YAML'}: {_told(error)}") from None


def find_line(path: Path, keys: Sequence[Any]) -> tuple[Any, int]:
    """Return the value at `keys` in a file that `read_yaml` has read, and its line; line 0 if there is none."""
    loader, line = _Loader(_text(path)), 0
    node: Any = loader.get_single_node() if path.suffix != ".json" else None
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pairs = [(at, below) for at, below in node.value if loader.key_of(at) == key]
            if not pairs:
                return None, 0
            line, node = pairs[0][0].start_mark.line + 1, pairs[0][1]
        else:
            return None, 0
    return (loader.construct_document(node), line) if line else (None, 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8, for instance with "
            f"`iconv -f latin1 -t utf-8 {path.name}`"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def _nodes(root: Any) -> Iterator[Any]:
    """Go through all values of a document, those of an alias wherever it stands: for ever if one contains itself."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = next((key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number])), None)
    if twice is not None:
        raise ValueError(f"the key `{twice}` stands there twice, and one would be lost: make them one")
    return dict(pairs)


def _told(error: Exception) -> str:
    """Return what is wrong in one line, with its place."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    if r"'\t'" in problem:
        problem += "; indent with spaces, not with tabs"
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem
