"""A claim, and how claims are read from the paper's folder (workflow/resources/paper/claims.yaml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from dubaug.claims.logic import Kind, Quantifier
from dubaug.claims.predicates import (
    BesidePublished,
    BestEpochDiffers,
    EarlySaturation,
    LeastOftenLowest,
    MeanDifference,
    Order,
    Predicate,
    SmallerGap,
)
from dubaug.errors import DubaugError
from dubaug.tabular import read_rows
from dubaug.yaml_files import read_yaml

FILE = "claims.yaml"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What the paper says, with its place there."""

    id: str
    where: str
    claim: str
    predicate: Predicate
    table: str | None
    """The table whose numbers count where the paper's differ from one to the other."""
    slip: str | None
    """Why the paper's own numbers do not bear out what its text says; None where they do."""
    without_numbers: str | None
    """Why the paper's numbers cannot be asked; None where they can."""


def read_claims(folder: Path, epochs: tuple[int, ...]) -> tuple[Claim, ...]:
    """Return the claims; those on checkpoints are of these epochs. Raises `DubaugError` naming claim and key."""
    content = _content(folder)
    forms = _Forms(groups=content["groups"], epochs=epochs, folder=folder)
    claims = tuple(_claim(entry, forms) for entry in content["claims"])
    doubled = {claim.id for claim in claims if sum(other.id == claim.id for other in claims) > 1}
    if doubled:
        raise DubaugError(f"{folder / FILE}: two claims are called {sorted(doubled)[0]}")
    return claims


def read_slips(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the entries under `slips`: where, slip, and a check where numbers show it."""
    return tuple(_content(folder)["slips"])


def _content(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_yaml(folder / FILE)
    return content


def _claim(entry: Mapping[str, Any], forms: "_Forms") -> Claim:
    try:
        ((form, about),) = entry["predicate"].items()
        predicate = getattr(forms, form)(about)
        return Claim(
            id=entry["id"],
            where=entry["where"],
            claim=" ".join(entry["claim"].split()),
            predicate=predicate,
            table=entry.get("table"),
            slip=entry.get("slip"),
            without_numbers=entry.get("without_numbers"),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DubaugError(f"{forms.folder / FILE}: claim {entry.get('id')}: {error!r}") from error


@dataclass(frozen=True, kw_only=True)
class _Forms:
    """Makes predicates from their YAML; a method for each form."""

    groups: Mapping[str, Mapping[str, list[str]]]
    epochs: tuple[int, ...]
    folder: Path

    def order(self, about: Mapping[str, Any]) -> Order:
        relation = _relation(about)
        return Order(
            tasks=self._how_many("tasks", about["tasks"]),
            variants=self._how_many("variants", about["variants"]),
            relation=relation,
            others=self._how_many("variants", about[relation]),
            unfit=self._unfit,
        )

    def mean_difference(self, about: Mapping[str, Any]) -> MeanDifference:
        return MeanDifference(
            tasks=self._names("tasks", about["tasks"]),
            of=self._names("variants", about["of"]),
            less=self._names("variants", about["less"]),
            epochs=tuple(about.get("epochs", ())),
            above=about.get("above"),
            below=about.get("below"),
        )

    def smaller_gap(self, about: Mapping[str, Any]) -> SmallerGap:
        return SmallerGap(
            of=self._names("variants", about["of"]),
            less=self._names("variants", about["less"]),
            tasks=self._names("tasks", about["tasks"]),
            than_on=self._names("tasks", about["than_on"]),
        )

    def least_often_lowest(self, about: Mapping[str, Any]) -> LeastOftenLowest:
        return LeastOftenLowest(
            variant=about["variant"],
            among=self._names("variants", about["among"]),
            tasks=self._names("tasks", about["tasks"]),
            unfit=self._unfit,
        )

    def early_saturation(self, about: Mapping[str, Any]) -> EarlySaturation:
        return EarlySaturation(
            tasks=self._how_many("tasks", about["tasks"]),
            variants=self._names("variants", about["variants"]),
            share=about["share"],
            epochs=self.epochs,
        )

    def best_epoch_differs(self, about: Mapping[str, Any]) -> BestEpochDiffers:
        return BestEpochDiffers(
            tasks=self._names("tasks", about["tasks"]),
            variants=self._names("variants", about["variants"]),
            epochs=self.epochs,
        )

    def beside_published(self, about: Mapping[str, Any]) -> BesidePublished:
        rows = [row for row in read_rows(self.folder / about["file"]) if row["method"] != about["ours"]]
        published = {
            f"{row['method']}:{task}": float(row[column]) for task, column in about["tasks"].items() for row in rows
        }
        relation = _relation(about)
        return BesidePublished(
            rows=self._how_many("rows", {**about[relation], "of": list(published)}),
            published=published,
            variants=self._names("variants", about["variants"]),
            relation=relation,
        )

    @property
    def _unfit(self) -> frozenset[tuple[str, str]]:
        """Return the variants without picture on the tasks that need one."""
        tasks, variants = self._names("tasks", "with_picture"), self._names("variants", "without_video")
        return frozenset((task, variant) for task in tasks for variant in variants)

    def _names(self, kind: str, names: str | list[str]) -> tuple[str, ...]:
        """Return the names in a list, of a group, or the one name."""
        if isinstance(names, list):
            return tuple(names)
        return tuple(self.groups.get(kind, {}).get(names, [names]))

    def _how_many(self, kind: str, about: Mapping[str, Any]) -> Quantifier:
        (word, value), *rest = about.items()
        names = self._names(kind, rest[0][1] if rest else value)
        number = int(value) if word in ("at_least", "exactly") else 0
        exceptions = self._names(kind, value) if word == "all_but" else ()
        if word not in get_args(Kind):
            raise ValueError(f"{word}: expected one of {', '.join(get_args(Kind))}")
        return Quantifier(kind=cast(Kind, word), names=names, number=number, exceptions=exceptions)


def _relation(about: Mapping[str, Any]) -> Literal["above", "below"]:
    return "above" if "above" in about else "below"
