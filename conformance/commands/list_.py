"""What `conformance list` shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from conformance.catalogue.suites import Suites
from conformance.commands.console import say
from conformance.errors import ExitCode
from conformance.inputs.python_files import import_file


def list_things(what: str, suites: tuple[Path, ...]) -> int:
    """Print one of the lists, a line each: a name, then words."""
    for name, words in lines(what, suites):
        say(f"{name:<36} {words}".rstrip())
    return ExitCode.CONFORMANT


def lines(what: str, suites: tuple[Path, ...]) -> Iterator[tuple[str, str]]:
    """Pairs of a name and words about it.

    Args:
        what: `checks`, `scenarios`, `profiles`, `capabilities`, `faults` or `dialects`.
        suites: the user's own suites.
    """
    loaded = Suites(suites)
    yield from _LISTS[what](loaded)


def _checks(suites: Suites) -> Iterator[tuple[str, str]]:
    suites.load_checks()
    for row in suites.catalogue.requirements.values():
        how = suites.catalogue.judge_of(row.id)
        whose = f" [{row.profile}]" if row.profile else ""
        yield row.id, f"{row.level.value:<6} {how:<8}{whose} {row.statement}"


def _scenarios(suites: Suites) -> Iterator[tuple[str, str]]:
    for one in suites.scenarios.values():
        yield one.name, one.purpose


def _profiles(suites: Suites) -> Iterator[tuple[str, str]]:
    for one in suites.profiles.values():
        yield one.name, f"{one.title} ({', '.join(one.hosts) or 'by name only'}; {len(one.requirements)} promises)"


def _capabilities(suites: Suites) -> Iterator[tuple[str, str]]:
    for one in suites.capabilities.values():
        yield one.id, f"{one.title}; tried by {one.offer}"


def _faults(suites: Suites) -> Iterator[tuple[str, str]]:
    from conformance.reference.faults import FAULTS
    from conformance.reference.faults.loader import load_user_faults

    load_user_faults(suites.folders[1:], import_file)
    for one in FAULTS.values():
        yield one.name, one.summary


def _dialects(_: Suites) -> Iterator[tuple[str, str]]:
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
