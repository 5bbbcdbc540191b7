"""CITATION.cff and CHANGELOG.md say what pyproject.toml says."""

import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import dubaug

PERSON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["family-names", "given-names"],
    "properties": {key: {"type": "string"} for key in ("family-names", "given-names", "orcid", "affiliation")},
}
ENTITY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {key: {"type": "string"} for key in ("name", "website", "email")},
}
AUTHORS = {"type": "array", "minItems": 1, "items": {"anyOf": [PERSON, ENTITY]}}
TEXTS = {key: {"type": "string", "minLength": 1} for key in ("title", "abstract", "license", "url", "version")}
REFERENCE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["authors", "title", "type"],
    "properties": {
        **TEXTS,
        "authors": AUTHORS,
        "type": {"enum": ["article", "software", "data", "conference-paper", "generic"]},
        "year": {"type": "integer"},
        "journal": {"type": "string"},
        "notes": {"type": "string"},
    },
}
CFF_1_2_0 = {
    "type": "object",
    "additionalProperties": False,
    "required": ["authors", "cff-version", "message", "title"],
    "properties": {
        **TEXTS,
        "cff-version": {"const": "1.2.0"},
        "message": {"type": "string", "minLength": 1},
        "type": {"enum": ["software", "dataset"]},
        "authors": AUTHORS,
        "keywords": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
        "date-released": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "repository-code": {"type": "string", "pattern": "^https://"},
        "references": {"type": "array", "items": REFERENCE},
        "preferred-citation": REFERENCE,
    },
}
"""The part of CFF 1.2.0's schema that is used here: what is required, and of what type."""


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    text = (repository / "pyproject.toml").read_text(encoding="utf-8")
    values: dict[str, Any] = tomllib.loads(text)["project"]
    return values


@pytest.fixture(scope="module")
def citation(repository: Path) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((repository / "CITATION.cff").read_text(encoding="utf-8"))
    return values


def test_the_citation_is_valid_cff(citation: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(CFF_1_2_0).validate(citation)
    for key in CFF_1_2_0["required"]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({name: value for name, value in citation.items() if name != key}, CFF_1_2_0)


def test_the_citation_is_of_this_software(citation: dict[str, Any], project: dict[str, Any]) -> None:
    assert (citation["title"], citation["version"]) == (project["name"], project["version"])
    assert citation["license"] == project["license"]
    assert citation["version"] == dubaug.__version__
    assert citation["authors"] == [{"name": "The dubaug authors"}]


def test_the_paper_is_a_reference_and_its_authors_are_not_the_softwares(citation: dict[str, Any]) -> None:
    assert "preferred-citation" not in citation
    (paper,) = citation["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Singh", "Wu", "Orife", "Kalayeh"]
    assert (paper["year"], paper["url"]) == (2023, "https://arxiv.org/abs/2304.05600")


def test_the_changelog_begins_with_this_version(repository: Path, project: dict[str, Any]) -> None:
    text = (repository / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\] - (Unreleased|\d{4}-\d{2}-\d{2})$", text, re.MULTILINE)
    assert headings[0][0] == project["version"]
    assert len(headings) == len(re.findall("^## ", text, re.MULTILINE)), "every heading is a version and its date"
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
