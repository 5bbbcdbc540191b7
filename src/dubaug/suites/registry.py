"""Which suites there are: every file beside this one that has a `SUITE`, and those that a configuration names."""

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from dubaug import suites
from dubaug.downstream.layouts import LAYOUTS, Layout
from dubaug.errors import ConfigError
from dubaug.suites.suite import Suite

PAPER = ("hear", "hares", "visual")
"""The paper's, which come first."""

_named: dict[str, Suite] = {}


def known_suites() -> Mapping[str, Suite]:
    """Return all suites by their names: the paper's, then others of the package by name, then those `add`ed."""
    return {**_packaged(), **_named}


def suite_of(name: str) -> Suite:
    """Return the suite called `name`. Raises `ConfigError`."""
    known = known_suites()
    if name not in known:
        raise ConfigError(f"there is no suite {name!r}; there are: {', '.join(known)}")
    return known[name]


def known_layouts() -> Mapping[str, Layout]:
    """Return the forms of data sets that can be read, by the `layout` of a task: the package's, and suites' own."""
    own = {name: layout for suite in known_suites().values() for name, layout in suite.layouts.items()}
    return {**LAYOUTS, **own}


def add(place: str) -> Suite:
    """Make the suite at `place`, `my_module:SUITE`, known and return it; the module may lie in the current folder.

    Raises `ConfigError` if there is no such module or suite, or another one has its name.
    """
    module, colon, name = place.partition(":")
    if not (module and colon and name):
        raise ConfigError(
            f"config key `suite_modules`: got {place!r}, expected module:NAME, for instance my_suite:SUITE"
        )
    here = str(Path.cwd())
    sys.path.append(here)
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"config key `suite_modules`: {place!r} cannot be had from {here}: {error}") from error
    finally:
        sys.path.remove(here)
    if not isinstance(found, Suite):
        raise ConfigError(f"config key `suite_modules`: {place!r} is a {type(found).__name__}, expected a Suite")
    if known_suites().get(found.name, found) != found:
        raise ConfigError(f"config key `suite_modules`: {place!r} is called {found.name!r} as another suite is")
    _named[found.name] = found
    return found


@cache
def _packaged() -> Mapping[str, Suite]:
    modules = [
        importlib.import_module(f"{suites.__name__}.{one.name}") for one in pkgutil.iter_modules(suites.__path__)
    ]
    found = [module.SUITE for module in modules if isinstance(getattr(module, "SUITE", None), Suite)]
    order = sorted(found, key=lambda suite: (suite.name not in PAPER, suite.name))
    by_name = {suite.name: suite for suite in order}
    return {name: by_name[name] for name in (*PAPER, *by_name)}
