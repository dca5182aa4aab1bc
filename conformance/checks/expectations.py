"""What a check says of a value: `expect`, `gather`, and the words of a finding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from conformance.checks.outcomes import Blocked, Broken, Doubtful, Inconclusive, NotApplicable
from conformance.checks.repetition import MOST
from conformance.checks.wording import describe, name_value
from conformance.model import Finding
from conformance.model.location import NOWHERE, Kind, Location
from conformance.text import quote


def broken(expected: str, actual: str, at: Location = NOWHERE, message: str = "", exchange: str = "") -> Broken:
    """A finding in words, to be raised.

    Raises:
        TypeError: `at` is no Location; words are made of it, and not the other way round.
    """
    if not isinstance(at, Location):
        raise TypeError(f"`at` is {at!r}; give a Location, such as Location.status() or Location.at(pointer)")
    return Broken(Finding(expected, actual, at, exchange, message))


def doubtful(
    expected: str,
    actual: str,
    at: Location = NOWHERE,
    *,
    certain: object = False,
    part: float = MOST,
    exchange: str = "",
) -> Broken:
    """A finding that the model may have made itself: it fails where it repeats, and leaves one or a few answers open.

    Args:
        expected: what should stand there.
        actual: what stands there.
        at: where.
        certain: what the server says elsewhere leaves no doubt that it is the server's doing: a finding like any other.
        part: of all conversations that must show it, as in `repetition.is_the_rule`.
        exchange: the exchange that it is about, if it is not the one that is judged.
    """
    found = broken(expected, actual, at, exchange=exchange)
    return found if certain else Doubtful(*found.findings, part=part)


@dataclass(slots=True)  # not frozen: one is made for every chunk by every check, and freezing triples that
class Expectation:
    """A value about to be judged; every method returns itself or raises `Broken`."""

    value: Any
    at: Location = NOWHERE
    what: str = ""

    def _broken(self, expected: str, actual: str | None = None) -> Broken:
        named = f"{self.what}: {expected}" if self.what else expected
        if actual is None:  # a header has no null: it is not there
            actual = "it is missing" if self.value is None and self.at.kind is Kind.HEADER else _alone(self.value)
        return broken(named, actual, self.at)

    def equals(self, wanted: Any) -> Expectation:
        """The value is `wanted`, of the same type."""
        if type(self.value) is not type(wanted) or self.value != wanted:
            raise self._broken(shown(wanted))
        return self

    def is_in(self, wanted: Collection[Any], words: str = "") -> Expectation:
        """The value is one of `wanted`."""
        if not any(type(self.value) is type(one) and self.value == one for one in wanted):
            names = [shown(one) for one in wanted]  # a set has no order of its own, and reports are the same each time
            names = sorted(names) if isinstance(wanted, AbstractSet) else names
            raise self._broken(words or "one of " + ", ".join(names))
        return self

    def is_true(self, expected: str, actual: str | None = None) -> Expectation:
        """The value is true; `expected` and `actual` say in words what that means."""
        if not self.value:
            raise self._broken(expected, actual)
        return self

    def is_a(self, kind: type, words: str = "") -> Expectation:
        """The value is of a JSON type; a boolean is no number."""
        if not isinstance(self.value, kind) or (kind is not bool and isinstance(self.value, bool)):
            names = {str: "a string", int: "an integer", dict: "an object", list: "an array", bool: "a boolean"}
            raise self._broken(words or names.get(kind, kind.__name__), describe(self.value))
        return self

    def has(self, *names: str) -> Expectation:
        """The value is an object with these members, null or not."""
        self.is_a(dict)
        missing = [name for name in names if name not in self.value]
        if missing:
            raise self._broken(f"members {', '.join(names)}", f"no {', '.join(missing)}")
        return self

    def at_most(self, limit: float, words: str = "") -> Expectation:
        """The value is a number not above `limit`."""
        if not self.value <= limit:
            raise self._broken(words or f"at most {limit}")
        return self


def expect(value: Any, at: Location = NOWHERE, what: str = "") -> Expectation:
    """Start a judgement: `expect(stream.ending, at=Location.end("the end")).equals(Ending.DONE)`."""
    return Expectation(value, at, what)


class Findings:
    """Collects what several expectations of one check find; see `gather`."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.doubts: list[Doubtful] = []
        self.judged = 0

    def each(self) -> Findings:
        """Run one expectation, as a context; keep its findings and go on."""
        self.judged += 1
        return self

    def __enter__(self) -> None:
        """Enter the context of one expectation."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Keep what was broken; all else goes on its way."""
        if isinstance(error, Broken):
            if isinstance(error, Doubtful):
                self.doubts.append(error)
            else:
                self.findings += error.findings
            return True
        return False


@contextmanager
def gather(nothing: str = "") -> Iterator[Findings]:
    """Judge many things and report all that is wrong; `nothing` says why there was nothing to judge, if so."""
    found = Findings()
    yield found
    doubts = [finding for one in found.doubts for finding in one.findings]
    if found.findings:
        raise Broken(*found.findings, *doubts)
    if doubts:
        raise Doubtful(*doubts, part=max(one.part for one in found.doubts))
    if not found.judged and nothing:
        raise NotApplicable(nothing)


def expect_each(items: Iterable[tuple[Any, Location]], judge: Callable[[Expectation], object], nothing: str) -> None:
    """Judge every (value, place); all that is wrong is reported, and nothing to judge is not applicable."""
    with gather(nothing) as found:
        for value, place in items:
            with found.each():
                judge(expect(value, place))


def applicable(condition: object, reason: str) -> None:
    """Raise `NotApplicable` unless the condition holds."""
    if not condition:
        raise NotApplicable(reason)


def conclusive(condition: object, reason: str) -> None:
    """Raise `Inconclusive` unless the condition holds: what depends on the model's wit."""
    if not condition:
        raise Inconclusive(reason)


def unblocked(condition: object, reason: str, by: str = "") -> None:
    """Raise `Blocked` unless the condition holds; `by` is the requirement whose failure is in the way."""
    if not condition:
        raise Blocked(reason, by)


def _alone(value: Any) -> str:
    return shown(value) if isinstance(value, Enum) else name_value(value)


def shown(value: Any, limit: int = 200) -> str:
    """A JSON value as people read it: strings quoted, long ones shortened."""
    if isinstance(value, Enum):
        return str(value.value)
    return quote(value, limit)
