"""Errors that are meant for people, and the exit codes that scripts rely on."""

import traceback

from dubaug.progress import log_line

EXIT_OK = 0
EXIT_ERROR = 1
"""Bad input or configuration: the message says what, where and what to do."""
EXIT_INTERRUPTED = 75
"""Stopped by a signal with the state saved: run the same command again to continue (EX_TEMPFAIL)."""


class DubaugError(Exception):
    """Something a person can mend. The message says what was wrong, where, and what to do.

    `dubaug` prints the message without a traceback and exits with `EXIT_ERROR`.
    """


class ConfigError(DubaugError):
    """A value of the configuration is wrong. The message names the key, the value, and what would be right."""


class MediaError(DubaugError):
    """A media file cannot be used. `reason` is for the reject list, `advice` says what its owner can do."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(f"{reason} ({advice})")
        self.reason = reason
        self.advice = advice

    def __reduce__(self) -> tuple[type["MediaError"], tuple[str, str]]:
        return MediaError, (self.reason, self.advice)


class Interrupted(DubaugError):  # noqa: N818 - not an error, an early end
    """A signal asked for an early end and the state is saved."""


def first_fault(error: Exception) -> str:
    """Return what is wrong in words of one line: of the many things that pydantic finds, the first and where."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    context, words = first.get("ctx", {}), first["msg"].replace("tuple", "list").replace("Tuple", "list")  # for people
    where = ".".join(map(str, (*first["loc"], *filter(None, [context.get("key")])))) or "top level"
    got = "" if first["type"] == "missing" else f"got {context.get('value', first['input'])!r}, "
    return f"{where}: {got}{words[0].lower()}{words[1:]}"


def unexpected(error: Exception) -> MediaError:
    """Print the traceback of an error that nobody foresaw; return it as one that costs its file, and not the run."""
    log_line("".join(traceback.format_exception(error)))
    reason = f"unexpected {type(error).__name__}: {error}"
    return MediaError(reason, "report it to the authors of this program, with the film")
