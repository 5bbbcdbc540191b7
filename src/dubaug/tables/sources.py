"""What tables are made from, and why one of their cells has no value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dubaug.config import Experiment
from dubaug.tables.layout import main_variants
from dubaug.tables.render import DASH, Cell, Mark, Span, Table, number
from dubaug.tables.scores import Scores
from dubaug.words import listed

LETTERS = "abcdefghijklmnopqrstuvwxyz"
NO_PICTURE = "audio-only variants have no picture"


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What tables are made from. `paper_dir` holds the published numbers (workflow/resources/paper)."""

    experiment: Experiment
    scores: Scores
    subsets: Path | None
    paper_dir: Path
    footer: tuple[str, ...]

    def seeds(self, variants: Sequence[str]) -> str:
        """Return how many seeds these variants have, `1 to 3 pretraining seeds`; nothing if all have one."""
        counts = sorted({len(self.experiment.seeds_of(variant)) for variant in variants} or {1})
        span = str(counts[-1]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        return f"{span} pretraining seeds" if counts[-1] > 1 else ""

    def over_seeds(self, variants: Sequence[str] | None = None) -> str:
        """Return ` (means over 3 pretraining seeds)`, of the main tables' variants if none are named."""
        baselines, dubbed = main_variants(self.experiment)
        seeds = self.seeds((*baselines, *dubbed) if variants is None else variants)
        return f" (means over {seeds})" if seeds else ""

    def why_none(self, task: str, variant: str) -> str:
        """Return why `variant` has no score on `task`; nothing if it has one."""
        experiment, scores = self.experiment, self.scores
        if (task, variant) in scores.final:
            return ""
        if not any(task in tasks for tasks in experiment.suites.values()):
            return f"{self.experiment.task_label(task)} is in none of the configuration's `suites`"
        suite = experiment.tasks[task].suite
        if suite not in experiment.suites_of(variant):
            return NO_PICTURE
        if task in scores.missing:
            return f"{self.experiment.task_label(task)}: {scores.missing[task]} (`dubaug data` lists every data set)"
        if (suite, variant) not in scores.files:
            return f"not evaluated: the variant's {suite}.json was not given"
        return f"not evaluated: the variant's {suite}.json does not have the task"

    def said_empty(self, table: Table) -> Table:
        """Return the table, with a note on why there is nothing in it if there is not and nobody has said so."""
        if table.rows or table.notes:
            return table
        tasks = [self.experiment.task_label(task) for its in self.experiment.suites.values() for task in its]
        ours = listed([variant.label for variant in self.experiment.variants.values()]) or "no variant"
        note = f"Nothing of this table is in this run, which evaluates {ours} on {listed(tasks) or 'no task'}."
        return replace(table, notes=(("", note),))

    def lacking(self, tasks: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return the note on data sets that were not whole, if there is one."""
        lack = [(self.experiment.task_label(task), self.scores.absent.get(task)) for task in tasks]
        lacking = "; ".join(f"{label} lacks {count:,} of its listed items" for label, count in lack if count)
        return (("", f"Not whole: {lacking}."),) if lacking else ()


@dataclass
class Reasons:
    """Letters for the reasons why cells have no value, in the order in which they come up."""

    letters: dict[str, str] = field(default_factory=dict)

    def cell(self, reason: str) -> Cell:
        """Return a cell without a value, with its reason's letter."""
        if reason not in self.letters:
            i = len(self.letters)
            self.letters[reason] = LETTERS[i % len(LETTERS)] * (1 + i // len(LETTERS))
        return Cell(text=DASH, note=self.letters[reason])

    def score(self, value: float | None, why: str, *, mark: Mark = None, form: Callable[[float], str] = number) -> Cell:
        """Return a value's cell, or without one a dash with the letter of `why`."""
        return self.cell(why) if value is None else Cell(text=form(value), mark=mark)

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """The letters with their reasons."""
        return tuple((letter, f"{reason}.") for reason, letter in self.letters.items())


def variant_spans(baselines: Sequence[str], dubbed: Sequence[str]) -> tuple[Span, ...]:
    """Return the headings over the columns of the main tables' variants."""
    named = (("Baselines (SimCLR)", baselines), ("Dub-Augmented", dubbed))
    return tuple(Span(label=label, columns=len(variants)) for label, variants in named if variants)
