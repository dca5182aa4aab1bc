"""Which scenarios the selected checks need: those they name, and a small set that shows the rest something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from conformance.api.registry import ERROR
from conformance.api.views import applies
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import Lane, Scenario
from conformance.model import Exchange, Request


class CheckInfo(Protocol):
    """What is asked of a check; `judging.Check` is one."""

    @property
    def requirement(self) -> str:
        """The requirement that it judges."""
        ...

    @property
    def scenario(self) -> str | None:
        """The scenario that it names."""
        ...

    @property
    def shown_by(self) -> tuple[str, ...]:
        """Scenarios that are enough to show it something."""
        ...

    @property
    def view(self) -> str:
        """The name of the view that it judges."""
        ...

    @property
    def when(self) -> Callable[[Request], bool] | None:
        """Which requests it is about."""
        ...

    @property
    def stopped(self) -> bool:
        """Whether it also looks at exchanges that we stopped ourselves."""
        ...


def cover(checks: Iterable[CheckInfo], scenarios: Mapping[str, Scenario], context: Context) -> set[str]:
    """The names of scenarios that show every check at least one exchange, if any scenario can.

    A check that names scenarios needs these. A check over a whole run needs every scenario whose request it is about.
    For the others a small set is chosen greedily: what shows most checks, and among equals what needs no capability.
    """
    requests = {name: one.build(context) for name, one in scenarios.items() if one.opt_in is None}
    chosen: set[str] = set()
    open_: list[frozenset[str]] = []
    for check in checks:
        named = {*check.shown_by, *([check.scenario] if check.scenario else [])}
        if named:
            chosen.update(named & set(scenarios))
        elif check.view == "run":
            chosen.update(_fitting(check, requests, scenarios))
        else:
            open_.append(_reliable(_fitting(check, requests, scenarios), scenarios))
    return chosen | _greedy([options for options in open_ if options], scenarios, chosen)


def find_showing(checks: Iterable[CheckInfo], scenarios: Mapping[str, Scenario], context: Context) -> list[str]:
    """The names of all scenarios that show any of the checks an exchange, in their order."""
    return _shown(checks, scenarios, {name: one.build(context) for name, one in scenarios.items()})


def find_shown(
    checks: Iterable[CheckInfo], scenarios: Mapping[str, Scenario], requests: Mapping[str, Request]
) -> list[str]:
    """As `find_showing`, given the first request of each scenario; what checks name themselves comes first.

    A check of a whole run that names some hangs on these alone, though it looks at everything.
    """
    checks = list(checks)
    named = {name for one in checks for name in one.shown_by}
    others = [one for one in checks if one.view != "run" or not one.shown_by]
    names = [*(name for name in scenarios if name in named), *_shown(others, scenarios, requests)]
    return list(dict.fromkeys(names))


def _shown(
    checks: Iterable[CheckInfo], scenarios: Mapping[str, Scenario], requests: Mapping[str, Request]
) -> list[str]:
    found: set[str] = set()
    for check in checks:
        found.update([check.scenario] if check.scenario else _fitting(check, requests, scenarios))
    return [name for name in scenarios if name in found]


def tags(checks: Iterable[CheckInfo], scenarios: Mapping[str, Scenario], context: Context) -> dict[str, frozenset[str]]:
    """What `cap:` and `opt:` select each requirement by: what all scenarios that show it have in common."""
    requests = {name: one.build(context) for name, one in scenarios.items()}
    found: dict[str, frozenset[str]] = {}
    for check in checks:
        named = [check.scenario] if check.scenario else _fitting(check, requests, scenarios)
        sets = [_tags_of(scenarios[name]) for name in named if name in scenarios]
        found[check.requirement] = frozenset.intersection(*sets) if sets else frozenset()
    return found


def _tags_of(one: Scenario) -> frozenset[str]:
    capabilities = {*one.needs, *([one.offers] if one.offers else [])}
    opted = {one.opt_in, one.name} if one.opt_in else set()
    return frozenset({f"cap:{word}" for word in capabilities} | {f"opt:{word}" for word in opted})


def _fitting(check: CheckInfo, requests: Mapping[str, Request], scenarios: Mapping[str, Scenario]) -> list[str]:
    return [name for name, request in requests.items() if _shows(check, request, scenarios[name])]


def _shows(check: CheckInfo, request: Request, one: Scenario) -> bool:
    if request.stop is not None and not check.stopped:
        return False
    if check.when is not None and not check.when(request):
        return False
    return _has_view(check.view, request, one)


def _has_view(view: str, request: Request, one: Scenario) -> bool:
    """Whether the exchange of a request will have the view, if it goes as expected."""
    if view in {"run", "transcript"}:
        return view == "run" or one.function is not None
    status = 400 if request.expects == ERROR else 200
    return applies(Exchange("", request, "", status=status), view)


def _reliable(names: Sequence[str], scenarios: Mapping[str, Scenario]) -> frozenset[str]:
    """Of several scenarios only those that no missing capability can hide, if there are any."""
    sure = [
        name for name in names if not (scenarios[name].needs or scenarios[name].offers or scenarios[name].refusable)
    ]
    return frozenset(sure or names)


def _greedy(wanted: list[frozenset[str]], scenarios: Mapping[str, Scenario], chosen: Iterable[str]) -> set[str]:
    left = [options for options in wanted if options.isdisjoint(chosen)]
    picked: set[str] = set()
    while left:
        names = sorted({name for options in left for name in options})
        best = min(names, key=lambda name: _rank(name, left, scenarios[name]))
        picked.add(best)
        left = [options for options in left if best not in options]
    return picked


def _rank(name: str, left: Iterable[frozenset[str]], one: Scenario) -> tuple[int, int, bool, int, str]:
    shown = sum(name in options for options in left)
    return -shown, len(one.needs), one.lane is not Lane.SHARED, one.samples * one.requests[1], name
