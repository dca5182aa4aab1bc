"""The job behind `conformance explain`: one requirement: why it matters, who breaks, what to change, how to run it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

from conformance.catalogue.context import UNNAMED, Context
from conformance.catalogue.coverage import find_showing
from conformance.catalogue.suites import Suites
from conformance.commands.console import say
from conformance.errors import ExitCode, UserError
from conformance.model import Requirement


def explain(requirement: str, suites: tuple[Path, ...] = ()) -> int:
    """Print all that is known of a requirement.

    Raises:
        UserError: there is no such requirement.
    """
    from conformance.inputs.suggestions import did_you_mean

    loaded = Suites(suites)
    loaded.load_checks()
    rows = loaded.catalogue.requirements
    if requirement not in rows:
        words = f"no requirement `{requirement}`{did_you_mean(requirement, rows)}"
        raise UserError(words, "`conformance list checks` shows all ids.")
    for line in _lines(loaded, rows[requirement]):
        say(line)
    return ExitCode.CONFORMANT


def _lines(suites: Suites, row: Requirement) -> Iterator[str]:
    whose = f", a promise of {row.profile}" if row.profile else ""
    yield f"{row.id}  {row.level.value}  ({row.basis.value}{whose}; once per {row.scope.value})"
    yield textwrap.fill(row.statement, 88)
    for name, words in _told(row):
        if words:
            yield textwrap.fill(f"{name}: {words}", 88, subsequent_indent="  ")
    yield f"source: {row.source.title} {row.source.url}".rstrip()
    yield f"judged by: {_judge(suites, row)}"
    if row.excluded is not None:
        return
    scenarios = find_showing(suites.looks([row.id]), suites.scenarios, Context(model=UNNAMED))
    yield textwrap.fill(f"shown by: {', '.join(scenarios) or 'no scenario'}", 88, subsequent_indent="  ")
    profile = f" --profile {row.profile}" if row.profile else ""
    yield f"run only it: conformance run URL --select {row.id}{profile}"
    if scenarios:
        own = [name for name in scenarios if name.split(".")[0] == row.id.split(".")[0]]
        yield f"fire it: conformance try {(own or scenarios)[0]} URL{profile}"


def _told(row: Requirement) -> Iterator[tuple[str, str]]:
    yield "why", row.why
    yield "breaks", ", ".join(row.breaks)
    yield "mend", row.mend
    yield "excluded", row.excluded or ""


def _judge(suites: Suites, row: Requirement) -> str:
    if row.excluded is not None:
        return "nothing: it is known and not judged"
    check = suites.catalogue.checks.get(row.id)
    if check is not None:
        path = Path(inspect.getsourcefile(check.body) or "")
        over = f"over every exchange with the view `{check.view}`" if check.scenario is None else f"on {check.scenario}"
        return f"{check.body.__name__} in {path.parent.name}/{path.name}, {over}"
    views = ", ".join(suites.catalogue.constraints.get(row.id, ()))
    return f"a constraint in the schema of {views}" if views else "nothing"
