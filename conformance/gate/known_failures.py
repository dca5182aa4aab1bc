"""The list of known failures: read, and brought up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.gate.gate import KnownFailure, KnownFailures
from conformance.model import Results, Verdict

if TYPE_CHECKING:
    from conformance.inputs.yaml_reader import Located


def load_known_failures(path: Path, requirements: Collection[str]) -> KnownFailures:
    """Read a list of known failures.

    Raises:
        UserError: it cannot be read, breaks its schema, or names a requirement that does not exist.
    """
    from conformance.inputs.suggestions import did_you_mean
    from conformance.inputs.yaml_reader import load_checked

    located = load_checked(path, "harness/known-failures.schema.json")
    entries = []
    for position, row in enumerate(located.data or []):
        if row["requirement"] not in requirements:
            words = f"no requirement `{row['requirement']}`{did_you_mean(row['requirement'], requirements)}"
            raise located.error(f"/{position}/requirement", words, "`conformance list checks` shows all ids.")
        entries.append(
            KnownFailure(
                row["requirement"],
                row["reason"],
                str(row.get("since", "")),
                row.get("model"),
                row.get("link", ""),
                _expiry(located, position, row.get("expires")),
            )
        )
    return KnownFailures(tuple(entries), str(path))


def _expiry(located: Located, position: int, text: str | None) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        raise located.error(
            f"/{position}/expires", f"`{text}` is no day of the calendar", "Write YYYY-MM-DD."
        ) from None


def parse_date(text: str | None) -> date | None:
    """A day written as YYYY-MM-DD, or None."""
    return date.fromisoformat(text) if text else None


def update_entries(
    entries: Iterable[KnownFailure], results: Results, reason: str
) -> tuple[list[KnownFailure], list[KnownFailure]]:
    """What of a list is kept after a run, and what comes in with `reason`."""
    rows = results.requirements
    passing = [(row.requirement.id, row.result.model) for row in rows if row.result.verdict is Verdict.PASS]
    stale = [one for one in entries if any(one.covers(*pair) for pair in passing)]
    kept = [one for one in entries if one not in stale]
    listed, before = KnownFailures(tuple(kept)), KnownFailures(tuple(stale))
    since = str(results.run.get("created", ""))[:10] or datetime.now(UTC).date().isoformat()
    new = []
    for row in (row for row in rows if row.result.verdict is Verdict.FAIL):
        id_, model = row.requirement.id, row.result.model
        narrowed = before.find(id_, model)
        if listed.find(id_, model) is None and (narrowed or row.gate == "fail"):
            entry = narrowed or KnownFailure(id_, reason, since)
            new.append(replace(entry, model=model or None))
    return kept, list(dict.fromkeys(new))


def to_yaml(entries: Sequence[KnownFailure]) -> str:
    """The entries as a file that people keep."""
    import yaml

    rows = []
    for entry in entries:
        row = {"requirement": entry.requirement, "reason": entry.reason, "since": entry.since}
        optional = {"model": entry.model, "link": entry.link, "expires": entry.expires and entry.expires.isoformat()}
        rows.append(row | {name: value for name, value in optional.items() if value})
    return yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=100)
