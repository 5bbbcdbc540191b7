"""What sections of the configuration are made of: their base, the kinds of values in them, and the open choices.

A section is a frozen dataclass in `settings.py` of the package that it is for, each field with what it means and its
unit in the docstring below it, and its rule in its type. `dubaug.config` puts the sections together and has pydantic
check them, once, at the border; the JSON schema for editors is made from the same classes.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator, core_schema

from dubaug.tracks import TrackName


def require(holds: bool, key: str, value: Any, expected: str) -> None:
    """Raise, unless a rule `holds`, the error that `key` (relative to what is being checked) is not as `expected`.

    For validators; `dubaug.config.messages` makes a line for people of it.
    """
    if not holds:
        if isinstance(value, str):  # pydantic cannot hand on halves of characters
            value = value.encode(errors="backslashreplace").decode()
        context = {"key": key, "value": value, "expected": expected}
        raise PydanticCustomError("rule", "expected {expected}", context)


def require_known(value: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise, unless all keys of `value` are `known`, the error that names the first that is not."""
    names = sorted(known)
    for key in value:
        if key not in names:
            raise PydanticCustomError("unknown", "known here: {known}", {"key": key, "known": names})


ENTRIES = 250
"""The most that a list may have."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The base of every section: keys that it does not know are errors, numbers are finite, lists are short."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _has_known_keys(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            require_known(value, [field.name for field in fields_of(cls)])
            for key, entries in value.items():  # before each entry is looked at, which may take its time
                short = not isinstance(entries, list | tuple) or len(entries) <= ENTRIES
                require(short, key, entries, f"no more than {ENTRIES} entries")
        return value


def rule(holds: Callable[[Any], Any], expected: str) -> AfterValidator:
    """Return what makes a type narrower: `Annotated[int, rule(is_even, "an even number")]`."""

    def check(value: Any) -> Any:
        require(bool(holds(value)), "", value, expected)
        return value

    return AfterValidator(check)


def _is_distinct(values: tuple[Any, ...]) -> bool:
    return len(set(values)) == len(values)


MANY = 1_000_000
"""The most of whatever is counted or measured, where a key has no narrower bound of its own."""


def between(least: float, most: float) -> Any:
    """Return what bounds a number: `Annotated[int, between(1, 64)]`. A number in quotes is text, and `yes` is none."""
    return Field(strict=True, ge=least, le=most)


Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Count: TypeAlias = Annotated[int, between(0, MANY)]
PositiveInt: TypeAlias = Annotated[int, between(1, MANY)]
NotNegative: TypeAlias = Annotated[float, between(0, MANY)]
Positive: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=MANY)]
Fraction: TypeAlias = Annotated[float, between(0, 1)]
BelowOne: TypeAlias = Annotated[float, Field(strict=True, ge=0, lt=1)]
LearningRate: TypeAlias = Annotated[float, Field(strict=True, gt=0, le=10)]


def _is_line(text: str) -> bool:
    kinds = {unicodedata.category(character) for character in text}
    return text == text.strip() and not kinds & {"Cc", "Cs", "Zl", "Zp"}


def _place(text: str) -> str:
    """Return a path that Snakemake and programs take as it is written. Raises a `rule` error for another one."""
    whole = "a whole path: ~ is a word of shells, and nobody writes it out here"
    require(not text.startswith("~"), "", text, whole)
    require(not text.startswith("-"), "", text, f"a path that is not like an option: ./{text}")
    require(not set(text) & set("{}"), "", text, "a path without { and }, which are wildcards to Snakemake")
    longest = max(len(part.encode()) for part in text.split("/"))
    require(longest <= NAME_MAX, "", text, f"a path whose parts have at most {NAME_MAX} bytes")
    return text


NAME_MAX = 200
"""Bytes of a file's name: file systems allow 255, and temporary names are longer than their file's own."""
Text: TypeAlias = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=1000),
    rule(_is_line, "text of one line, without blanks around it"),
]
Label: TypeAlias = Annotated[Text, Field(max_length=80)]
Place: TypeAlias = Annotated[Text, AfterValidator(_place)]
"""A file or a folder, relative to the working directory or absolute."""
Folder: TypeAlias = Annotated[Place, rule(lambda text: not set(text) & set("*?[]"), "a path without * ? [ ]")]
"""A folder that the workflow writes to."""
Name: TypeAlias = Annotated[
    str, Field(strict=True, pattern="^[A-Za-z0-9_]+$", max_length=64, description="Letters, digits and underscores.")
]
"""Of a variant or a task: part of file names."""

Distinct = rule(_is_distinct, "entries that differ")
Seed: TypeAlias = Annotated[int, between(0, 2**32 - 1)]
Seeds: TypeAlias = Annotated[tuple[Seed, ...], Field(min_length=1, max_length=100), Distinct]
Epoch: TypeAlias = Annotated[int, between(1, 10_000)]
Epochs: TypeAlias = Annotated[tuple[Epoch, ...], Field(min_length=1, max_length=ENTRIES), Distinct]


def _track(text: str) -> str:
    """Return a track's name in its one spelling: `es` for `spa`. Raises a `rule` error if it is none."""
    try:
        return str(TrackName(text))
    except ValueError as error:
        require(False, "", text, f"a track such as es, yue, es-419 or es@synthetic; this is {error}")
        raise


Track: TypeAlias = Annotated[str, Field(strict=True, max_length=64), AfterValidator(_track)]
"""The text of a `dubaug.tracks.TrackName`: a language and, if it is not the film's own sound, an origin."""
Tracks: TypeAlias = Annotated[tuple[Track, ...], Field(max_length=100), Distinct]


@dataclass(frozen=True)
class OneOf:
    """`Annotated[str, OneOf(registry, "a suite")]`: a name in an open list, which is looked up when a value comes."""

    registry: Mapping[str, Any]
    what: str
    advice: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check the text against the registry as it is then."""
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """List the names."""
        return {**handler(schema), "enum": list(self.registry)}

    def _check(self, name: Any) -> Any:
        known = isinstance(name, str) and name in self.registry
        require(known, "", name, f"{self.what}, one of: {', '.join(self.registry)}{self.advice}")
        return name


_adapters: dict[type[Settings], TypeAdapter[Any]] = {}


def _checks(section: type[Settings]) -> TypeAdapter[Any]:
    if section not in _adapters:
        _adapters[section] = TypeAdapter(section)
    return _adapters[section]


@dataclass(frozen=True)
class ByFamily:
    """`Annotated[Settings, ByFamily(families)]`: a section whose key `family` names the class that checks it.

    `families` maps names to subclasses of `Settings`, each with a field `family: Literal["its_name"]`. It is looked up
    when a configuration is read: families may join at any time, and a mapping that imports them late is fine.
    """

    families: Mapping[str, type[Settings]]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Leave the whole check to the family's class."""
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Offer the families that there are."""
        return {"anyOf": [handler(TypeAdapter(family).core_schema) for family in self.families.values()]}

    def _validate(self, value: Any) -> Any:
        if isinstance(value, Settings):
            return value
        require(isinstance(value, Mapping), "", value, "a mapping with the key `family`")
        family = value.get("family")
        if not isinstance(family, str) or family not in self.families:  # all are named, and so imported, only then
            require(False, "family", family, f"one of: {', '.join(self.families)}")
        return _checks(self.families[family]).validate_python(value)


@dataclass(frozen=True)
class ByName:
    """`Annotated[Mapping[str, Settings], ByName(classes)]`: sections of which each name has a class of its own.

    As with `ByFamily`, the classes are looked up when a configuration is read.
    """

    classes: Mapping[str, type[Settings]]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Leave each section to its class."""
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Offer the sections that there are."""
        return handler(self._schema(TypeAdapter))

    def _schema(self, adapter: Callable[[type[Settings]], TypeAdapter[Any]]) -> CoreSchema:
        sections = {name: adapter(section).core_schema for name, section in self.classes.items()}
        return core_schema.typed_dict_schema(
            {name: core_schema.typed_dict_field(section, required=False) for name, section in sections.items()},
            extra_behavior="forbid",
        )

    def _validate(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            require_known(value, self.classes)
        return SchemaValidator(self._schema(_checks)).validate_python(value)
