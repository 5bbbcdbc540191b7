"""The JSON schema of configuration files, for editors: `make schema` writes workflow/schemas/config.schema.json."""

import json
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from dubaug.config.model import Experiment
from dubaug.settings import Settings


class _Untitled(GenerateJsonSchema):
    """Editors show a key by its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_text() -> str:
    """Return the schema of config.yaml: any key may be left to the scale; a variant or task may be null."""
    Settings.__pydantic_config__["use_attribute_docstrings"] = True  # only here: reading the sources takes a while
    schema = TypeAdapter(Experiment).json_schema(schema_generator=_Untitled)
    for group in ("variants", "tasks"):
        entries: dict[str, Any] = schema["properties"][group]["patternProperties"]
        for pattern, entry in entries.items():
            entries[pattern] = {"anyOf": [entry, {"type": "null"}]}
    _require_nothing(schema)
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _require_nothing(schema: Any) -> None:
    if isinstance(schema, dict):
        schema.pop("required", None)
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _require_nothing(inner)


if __name__ == "__main__":
    print(schema_text(), end="")
