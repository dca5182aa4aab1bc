"""`conformance known-failures update`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from conformance.commands.console import say
from conformance.errors import ExitCode
from conformance.gate.known_failures import load_known_failures, to_yaml, update_entries
from conformance.store.atomic import write_file


def update_known_failures(folder: Path, file: Path, reason: str) -> int:
    """Bring a list of known failures up to date with a report.

    Entries whose requirement passes now are taken out; one that spoke of every model stays for the models that still
    fail. Failures that stop the gate come in. Expired entries stay, and are told: renewing them is a person's decision.

    Raises:
        UserError: the report or the list cannot be read, or the list not written.
    """
    from conformance.catalogue.suites import Suites
    from conformance.store.results_file import read_results

    results = read_results(folder)
    ids = {*Suites().catalogue.requirements, *(row.requirement.id for row in results.requirements)}
    entries = load_known_failures(file, ids).entries if file.exists() else ()
    kept, new = update_entries(entries, results, reason)
    write_file(file, to_yaml([*kept, *new]))
    say(f"{file}: {len(new)} added, {len(entries) - len(kept)} removed, {len(kept)} kept")
    today = datetime.now(UTC).date()
    for entry in (one for one in kept if one.expires is not None and one.expires < today):
        say(f"  {entry.requirement} expired on {entry.expires}: mend it, or give it another date")
    return ExitCode.CONFORMANT
