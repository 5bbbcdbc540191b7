"""Which suites there are: every file beside this one that has a `SUITE`, and those that a configuration names.

The lists here are read anew whenever they are asked: a suite may join at any time. Light: the Snakefile imports it.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from pydantic import AfterValidator, Field

from dubaug import suites
from dubaug.errors import DubaugError
from dubaug.settings import Settings, require
from dubaug.suites.layouts import PACKAGED, Layout
from dubaug.suites.suite import Suite

if TYPE_CHECKING:
    from dubaug.metrics.metric import Metric

T = TypeVar("T")

PAPER = ("hear", "hares", "visual")
"""The paper's, which come first."""

_named: dict[str, Suite] = {}


class _Open(Mapping[str, T]):
    """A mapping that is made when it is asked."""

    def __init__(self, make: Callable[[], Mapping[str, T]]) -> None:
        self._make = make

    def __getitem__(self, name: str) -> T:
        return self._make()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._make())

    def __len__(self) -> int:
        return len(self._make())


@cache
def _packaged() -> Mapping[str, Suite]:
    names = [f"{suites.__name__}.{module.name}" for module in pkgutil.iter_modules(suites.__path__)]
    found = [getattr(importlib.import_module(name), "SUITE", None) for name in names]
    by_name = {suite.name: suite for suite in found if isinstance(suite, Suite)}
    return {name: by_name[name] for name in (*PAPER, *sorted(by_name))}


SUITES: Mapping[str, Suite] = _Open(lambda: {**_packaged(), **_named})
"""All suites by their names: the paper's, then others of the package, then those that a configuration has named."""
PROTOCOLS: Mapping[str, type[Settings]] = _Open(
    lambda: {name: suite.protocol.settings for name, suite in SUITES.items()}
)
"""What checks `probe.<suite>` of the configuration."""
LAYOUTS: Mapping[str, Layout] = _Open(
    lambda: {**PACKAGED, **{name: layout for suite in SUITES.values() for name, layout in suite.layouts.items()}}
)
"""The forms of data sets that can be read, by the `layout` of a task: the package's, and the suites' own."""


def metric(name: str) -> "Metric":
    """Return the metric called `name`, of the package or of a suite. Raises `DubaugError` for one that nobody knows."""
    from dubaug.metrics.packaged import PACKAGED as METRICS  # NumPy, which the Snakefile does without

    if name in METRICS:
        return METRICS[name]
    own = {one.name: one for suite in SUITES.values() for one in suite.metrics}
    if name not in own:
        raise DubaugError(f"unknown metric {name!r}; known: {', '.join([*METRICS, *own])}")
    return own[name]


def add(place: str) -> str:
    """Make the suite at `place`, `my_module:SUITE`, known; the module may lie in the current folder. Return `place`.

    Raises a `rule` error if there is no such module or suite, or another suite has its name.
    """
    module, _, name = place.partition(":")
    require(bool(module and name), "", place, "module:NAME, such as my_suite:SUITE")
    here = str(Path.cwd())
    sys.path.append(here)
    found: Any = None
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:  # whatever the module does
        says = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        require(False, "", place, f"a module that can be imported, from {here} too ({says})")
    finally:
        sys.path.remove(here)
    require(isinstance(found, Suite), "", place, f"a Suite; {name} of {module} is {found!r}")
    require(SUITES.get(found.name, found) is found, "", place, f"a suite of another name than {found.name!r}")
    _named[found.name] = found
    return place


SuiteModule: TypeAlias = Annotated[str, Field(strict=True), AfterValidator(add)]
