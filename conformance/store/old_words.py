"""What files written before causes were data say in words; nothing else may read a reason."""

from __future__ import annotations

from conformance.model import Cause

_BEGINNINGS = {
    "blocked": Cause.BLOCKED,
    "over budget": Cause.OVER_BUDGET,
    "unreachable": Cause.UNREACHABLE,
    "endpoint died": Cause.UNREACHABLE,
    "unselected": Cause.UNSELECTED,
    "no exchange is about this": Cause.NOTHING_SEEN,
    "the recording does not hold": Cause.FACET_LOST,
    "harness crash": Cause.CRASHED,
    "`": Cause.NOT_OFFERED,  # `tools` was refused: …
}


def cause_of(words: str) -> Cause | None:
    """The cause that the words of an old file stand for, or None."""
    lowered = words.lower()
    return next((cause for beginning, cause in _BEGINNINGS.items() if lowered.startswith(beginning)), None)


def blocker_of(words: str, known: frozenset[str]) -> str:
    """The requirement that an old reason `blocked by ID …` names, where there is one of that id."""
    rest = words.removeprefix("blocked by ").split(" ", 1)[0]
    return rest if rest != words and rest in known else ""
