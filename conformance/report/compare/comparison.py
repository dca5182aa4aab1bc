"""What a comparison holds: columns, rows, scores, and what turned between two columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.model import (
    CapabilityResult,
    Level,
    Observed,
    Requirement,
    Verdict,
)

PROMISES = "promises"
"""The score of what providers promise on their own."""


@dataclass(frozen=True)
class Column:
    """One endpoint and model of one run; `folder` is its bundle as links name it, `number` counts from 1."""

    number: int
    endpoint: str
    model: str
    label: str
    url: str
    created: str
    suites: str
    folder: str
    run: str  # what tells the runs apart: the label, or else the time

    @property
    def title(self) -> str:
        """A name for people."""
        return f"{self.endpoint} · {self.model}" if self.model else self.endpoint


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column says of one requirement; `comparable` is False where its run lacks it or words it otherwise."""

    verdict: Verdict | None
    expected: str = ""
    actual: str = ""
    reason: str = ""
    comparable: bool = True

    @property
    def word(self) -> str:
        """The verdict in words."""
        if self.verdict is None:
            return "not in this run"
        word = self.verdict.value.replace("_", " ")
        return word if self.comparable else f"{word}, by another wording"


@dataclass(frozen=True)
class ComparedRow:
    """One requirement over all columns."""

    requirement: Requirement
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether the columns that judged it disagree."""
        decided = {cell.verdict for cell in self.cells if cell.verdict in {Verdict.PASS, Verdict.FAIL}}
        return len(decided) > 1

    @property
    def comparable(self) -> bool:
        """Whether every column has it, in the same words and at the same level."""
        return all(cell.comparable for cell in self.cells)

    @property
    def fails(self) -> int:
        """How many columns fail it."""
        return sum(cell.verdict is Verdict.FAIL for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Score:
    """Passed and judged requirements of one column."""

    passed: int
    judged: int

    @property
    def words(self) -> str:
        """`12/13`, or a dot where nothing was judged."""
        return f"{self.passed}/{self.judged}" if self.judged else "·"


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that turned between two columns: `regressed` or `fixed`."""

    requirement: Requirement
    kind: str
    before: Column
    after: Column
    actual: str = ""

    @property
    def same_suites(self) -> bool:
        """Whether both were judged by one version of the suites; else the turn may be the suites' own."""
        return self.before.suites == self.after.suites

    @property
    def words(self) -> str:
        """What happened, for people."""
        return self.kind if self.same_suites else f"{self.kind} (the suites changed too)"


@dataclass(frozen=True, slots=True)
class CapabilityChange:
    """A capability that a gateway shows otherwise than its upstream."""

    title: str
    before: Column
    after: Column
    was: Observed
    now: Observed


@dataclass(frozen=True)
class Comparison:
    """Everything that compare.html, .json and .md show."""

    columns: tuple[Column, ...]
    rows: tuple[ComparedRow, ...]
    scores: dict[str, tuple[Score, ...]]  # `MUST`, `promises`, `area streaming`, … → one score for each column
    capabilities: dict[str, tuple[CapabilityResult | None, ...]]  # by title
    timings: dict[str, tuple[str, ...]]
    gateway: tuple[Change, ...] = ()
    gateway_capabilities: tuple[CapabilityChange, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def differences(self) -> tuple[ComparedRow, ...]:
        """The rows on which the columns disagree, the weightiest first."""
        weight = list(Level)
        rows = [row for row in self.rows if row.differs]
        return tuple(
            sorted(rows, key=lambda row: (weight.index(row.requirement.level), -row.fails, row.requirement.id))
        )

    @property
    def alike(self) -> tuple[ComparedRow, ...]:
        """All other rows, in the catalogue's order."""
        return tuple(row for row in self.rows if not row.differs)
