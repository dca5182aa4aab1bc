"""What was asked for again with nothing beside it, and what that says of the first answer.

Where the repetition is right, that is the finding, and everything else is judged on the repetition. Where it is broken
too, it is judged like any other answer. Either way the first run is set aside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from conformance.api.breakage import Breakage, breakage_of, is_due_again
from conformance.model import LIMIT_STATUSES, Exchange

_Run = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Setback:
    """An answer that broke, and is right when nothing runs beside it.

    `again` is None where it was not asked for again, since others of its kind were right.
    """

    kind: Breakage
    first: Exchange
    again: Exchange | None = None


@dataclass(frozen=True)
class SecondTries:
    """What became of the broken answers of a recording.

    `aside` holds the ids of the exchanges that no requirement is judged by; `unrepeated` those of them whose run broke
    and has no repetition to be judged by: with None where our own machine was away, else with how it broke.
    """

    setbacks: tuple[Setback, ...] = ()
    aside: frozenset[str] = frozenset()
    unrepeated: Mapping[str, Breakage | None] = field(default_factory=dict)


def find_second_tries(exchanges: Sequence[Exchange]) -> SecondTries:
    """What became of the broken answers among the exchanges of one recording."""
    if not any(one.repeats or one.stood_still for one in exchanges):  # as in every healthy run
        return SecondTries()
    again = _last_by_run(one for one in exchanges if one.repeats)
    first = _last_by_run(one for one in exchanges if not one.repeats)
    repeated = [back for key, steps in again.items() for back in _setbacks(first.get(key, {}), steps)]
    right = {back.kind for back in repeated}
    untried: dict[_Run, list[tuple[Exchange, Breakage | None]]] = {}
    for key, steps in first.items():
        if key not in again and (broken := _untried(steps.values(), right)):
            untried[key] = broken
    late = {key for key, steps in again.items() if any(map(_is_ours, steps.values()))}
    aside = {one.id for one in exchanges if _is_aside(one, again.keys(), untried.keys() | late)}
    rest = [Setback(kind, one) for broken in untried.values() for one, kind in broken if kind is not None]
    ours = {one.id: None for key in late for one in again[key].values() if _is_ours(one)}
    for one in exchanges:
        one.let_go()  # was read to the end to see how it broke
    return SecondTries(
        tuple(sorted([*repeated, *rest], key=lambda back: back.first.started_at)),
        frozenset(aside),
        ours | {one.id: broken[0][1] for key, broken in untried.items() for one in first[key].values()},
    )


def _is_aside(one: Exchange, again: Iterable[_Run], untried: Iterable[_Run]) -> bool:
    key = _run_of(one)
    return key in untried or (not one.repeats and key in again)


def _run_of(one: Exchange) -> _Run:
    return one.scenario, one.model, one.sample


def _last_by_run(exchanges: Iterable[Exchange]) -> dict[_Run, dict[int, Exchange]]:
    """The last attempt of each step of each run of a scenario."""
    found: dict[_Run, dict[int, Exchange]] = {}
    for one in exchanges:
        if one.scenario:
            found.setdefault(_run_of(one), {})[one.step] = one
    return found


def _is_ours(one: Exchange) -> bool:
    return one.stood_still and breakage_of(one) is not None


def _setbacks(first: Mapping[int, Exchange], again: Mapping[int, Exchange]) -> list[Setback]:
    """The steps that broke and are right now; none where our own machine was away the first time."""
    last = again[max(again)]
    pairs = [(one, again.get(step, last)) for step, one in first.items() if not one.stood_still]
    return [Setback(kind, one, then) for one, then in pairs if (kind := breakage_of(one)) and _is_answered(then)]


def _is_answered(one: Exchange) -> bool:
    return one.status is not None and one.status not in LIMIT_STATUSES and breakage_of(one) is None


def _untried(
    exchanges: Iterable[Exchange], right: Collection[Breakage | None]
) -> list[tuple[Exchange, Breakage | None]]:
    """What broke and may well be right alone: by our own pause, or as others did that were."""
    due = [(one, breakage_of(one)) for one in exchanges if is_due_again(one)]
    return [(one, None if one.stood_still else kind) for one, kind in due if one.stood_still or kind in right]
