"""What `conformance list` shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conformance.trial import Trial


def lines(what: str, suites: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Pairs of a name and words about it.

    Args:
        what: `checks`, `scenarios`, `profiles`, `capabilities`, `faults` or `dialects`.
        suites: the user's own suites.
    """
    trial = Trial(extra_suites=suites)
    yield from _LISTS[what](trial)


def _checks(trial: Trial) -> Iterator[tuple[str, str]]:
    trial.fill_checks()
    for row in trial.catalogue.requirements.values():
        how = trial.catalogue.judge_of(row.id)
        whose = f" [{row.profile}]" if row.profile else ""
        yield row.id, f"{row.level.value:<6} {how:<8}{whose} {row.statement}"


def _scenarios(trial: Trial) -> Iterator[tuple[str, str]]:
    for one in trial.scenarios.values():
        yield one.name, one.purpose


def _profiles(trial: Trial) -> Iterator[tuple[str, str]]:
    for one in trial.profiles.values():
        yield one.name, f"{one.title} ({', '.join(one.hosts) or 'by name only'}; {len(one.requirements)} promises)"


def _capabilities(trial: Trial) -> Iterator[tuple[str, str]]:
    for one in trial.capabilities.values():
        yield one.id, f"{one.title}; tried by {one.offer}"


def _faults(_: Trial) -> Iterator[tuple[str, str]]:
    from conformance.reference.faults import FAULTS

    for one in FAULTS.values():
        yield one.name, one.summary


def _dialects(_: Trial) -> Iterator[tuple[str, str]]:
    from conformance.reference.dialects import DIALECTS

    for name in DIALECTS:
        yield name, ""


_LISTS = {
    "checks": _checks,
    "scenarios": _scenarios,
    "profiles": _profiles,
    "capabilities": _capabilities,
    "faults": _faults,
    "dialects": _dialects,
}
