"""The exceptions by which a check says what it saw."""

from __future__ import annotations

from conformance.checks.repetition import MOST
from conformance.model import Finding


class Broken(Exception):
    """The requirement is broken here: one or more findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(f"expected {f.expected}, got {f.actual}" for f in findings))
        self.findings = findings


class Doubtful(Broken):
    """It looks broken here, and the model itself may have done it: a failure only where this is the rule.

    `part` says of which part of all conversations, as in `repetition.is_the_rule`.
    """

    def __init__(self, *findings: Finding, part: float = MOST) -> None:
        super().__init__(*findings)
        self.part = part


class Inconclusive(Exception):
    """It was tried and could not be judged: the model did not play along."""


class NotApplicable(Exception):
    """This exchange holds nothing that the requirement is about."""


class NotOffered(NotApplicable):
    """What was asked for was refused, as it may be: the endpoint does not offer it."""


class Blocked(Exception):
    """Another failure leaves nothing to judge.

    `by` is the id of the requirement that tells of it, if one does; `exchange` is where that was seen, if not here.
    """

    def __init__(self, reason: str, by: str = "", exchange: str = "") -> None:
        super().__init__(reason)
        self.by = by
        self.exchange = exchange
