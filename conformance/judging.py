"""What suites are written with: `@check`, `expect`, and the exceptions by which a check says what it saw.

A check is a pytest function that asks for a view by naming it as an argument, and judges it::

    @check("stream.done.last")
    def test_done_is_the_last_event(framing: Framing) -> None:
        expect(framing.ending, at="the end").equals(Ending.DONE)

It runs over every exchange that has this view and satisfies `when`. It passes by returning, fails by a finding (or a
plain `assert`), and says by `NotApplicable`, `Inconclusive` or `Blocked` that it has nothing to judge.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from conformance.model import Finding, Request
from conformance.wire.answer import kind_of
from conformance.wire.place import NOWHERE, Place
from conformance.wire.views import VIEWS

Function = TypeVar("Function", bound=Callable[..., None])
CONTEXT = frozenset({"profile", "offers"})
"""Arguments besides the view: the endpoint's profile, and what the matrix of capabilities says."""


class Broken(Exception):
    """The requirement is broken here: one or more findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(f"expected {f.expected}, got {f.actual}" for f in findings))
        self.findings = findings


class Inconclusive(Exception):
    """It was tried and could not be judged: the model did not play along."""


class NotApplicable(Exception):
    """This exchange holds nothing that the requirement is about."""


class Blocked(Exception):
    """Another failure leaves nothing to judge; the reason names it."""


@dataclass(frozen=True)
class Check:
    """The judge of one requirement.

    `view` is the name of the view it asks for; `context` the other arguments; without a view in its arguments it runs
    once per slot. `stopped`: it also looks at exchanges that we stopped ourselves. `unusable`: it also looks at answers
    that are no usable answer to what was asked. `shown_by` names scenarios that are enough to show it something, where
    that cannot be told from the view and `when`: only selecting reads it.
    """

    requirement: str
    body: Callable[..., None]
    view: str
    context: tuple[str, ...] = ()
    when: Callable[[Request], bool] | None = None
    scenario: str | None = None
    stopped: bool = False
    unusable: bool = False
    takes_view: bool = True
    shown_by: tuple[str, ...] = ()


def check(
    requirement: str,
    *,
    when: Callable[[Request], bool] | None = None,
    scenario: str | None = None,
    stopped: bool = False,
    unusable: bool = False,
    shown_by: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Make a function the judge of one requirement.

    Raises:
        TypeError: the function asks for no view, for two, or for an argument that is neither view nor context.
    """

    def mark(function: Function) -> Function:
        names = list(inspect.signature(function).parameters)
        views = [name for name in names if name in VIEWS]
        context = [name for name in names if name in CONTEXT]
        strange = [name for name in names if name not in VIEWS | CONTEXT]
        if strange or len(views) > 1 or not names:
            known = ", ".join(sorted(VIEWS | CONTEXT))
            raise TypeError(f"{function.__name__} must ask for exactly one view, by these names: {known}; got {names}")
        view = views[0] if views else "run"
        made = Check(
            requirement, function, view, tuple(context), when, scenario, stopped, unusable, bool(views), shown_by
        )
        function.conformance_check = made  # type: ignore[attr-defined]
        return function

    return mark


def check_of(function: object) -> Check | None:
    """The check that a function was made into, or None."""
    found = getattr(function, "conformance_check", None)
    return found if isinstance(found, Check) else None


def broken(expected: str, actual: str, at: Place | str = NOWHERE, message: str = "", exchange: str = "") -> Broken:
    """A finding in words, to be raised."""
    place = Place(at) if isinstance(at, str) else at
    return Broken(Finding(expected, actual, place.at, exchange, message, place.span))


@dataclass(slots=True)  # not frozen: one is made for every chunk by every check, and freezing triples that
class Expectation:
    """A value about to be judged; every method returns itself or raises `Broken`."""

    value: Any
    at: Place | str = NOWHERE
    what: str = ""

    def _broken(self, expected: str, actual: str | None = None) -> Broken:
        named = f"{self.what}: {expected}" if self.what else expected
        return broken(named, shown(self.value) if actual is None else actual, self.at)

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
            raise self._broken(words or names.get(kind, kind.__name__), f"{kind_of(self.value)}: {shown(self.value)}")
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


def expect(value: Any, at: Place | str = NOWHERE, what: str = "") -> Expectation:
    """Start a judgement: `expect(stream.ending, at="the end").equals(Ending.DONE)`."""
    return Expectation(value, at, what)


class Findings:
    """Collects what several expectations of one check find; see `gather`."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
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
            self.findings += error.findings
            return True
        return False


@contextmanager
def gather(nothing: str = "") -> Iterator[Findings]:
    """Judge many things and report all that is wrong; `nothing` says why there was nothing to judge, if so."""
    found = Findings()
    yield found
    if found.findings:
        raise Broken(*found.findings)
    if not found.judged and nothing:
        raise NotApplicable(nothing)


def expect_each(items: Iterable[tuple[Any, Place | str]], judge: Callable[[Expectation], object], nothing: str) -> None:
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


def unblocked(condition: object, reason: str) -> None:
    """Raise `Blocked` unless the condition holds."""
    if not condition:
        raise Blocked(reason)


def shown(value: Any, limit: int = 200) -> str:
    """A JSON value as people read it: strings quoted, long ones shortened."""
    if isinstance(value, Enum):
        return str(value.value)
    text = _json(value)
    return text if len(text) <= limit else text[:limit] + "…"


def _json(value: Any) -> str:
    import json

    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(value)
