"""What suites are written with: `@check`, `expect`, and the exceptions by which a check says what it saw.

A check is a pytest function that asks for a view by naming it as an argument, and judges it::

    @check("stream.done.last")
    def test_done_is_the_last_event(framing: Framing) -> None:
        expect(framing.ending, at=Location.end("the end")).equals(Ending.DONE)

It runs over every exchange that has this view and satisfies `when`. It passes by returning, fails by a finding (or a
plain `assert`), and says by `NotApplicable`, `Inconclusive` or `Blocked` that it has nothing to judge.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from conformance.api.views import view_names
from conformance.model import Request

Function = TypeVar("Function", bound=Callable[..., None])
CONTEXT = frozenset({"profile", "offers", "setbacks"})
"""Arguments besides the view: the endpoint's profile, what the matrix of capabilities says, and the answers that broke
and are right when nothing runs beside them."""


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
        names, known = list(inspect.signature(function).parameters), view_names()
        views = [name for name in names if name in known]
        context = [name for name in names if name in CONTEXT]
        strange = [name for name in names if name not in known | CONTEXT]
        if strange or len(views) > 1 or not names:
            listed = ", ".join(sorted(known | CONTEXT))
            raise TypeError(f"{function.__name__} must ask for exactly one view, by these names: {listed}; got {names}")
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
