"""Reading what a gate is made of: the list of known failures, and an earlier run's results."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.console import say
from conformance.errors import ExitCode, UserError
from conformance.gate import FailOn, Gate, KnownFailure, KnownFailures, baseline_of
from conformance.model import Results, Verdict
from conformance.report.files import write_file

if TYPE_CHECKING:
    from conformance.yamlfile import Located


def load_known_failures(path: Path, requirements: Collection[str]) -> KnownFailures:
    """Read a list of known failures.

    Raises:
        UserError: it cannot be read, breaks its schema, or names a requirement that does not exist.
    """
    from conformance.explain import did_you_mean
    from conformance.yamlfile import load_checked

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


def make_gate(
    fail_on: str,
    *,
    strict_inconclusive: bool,
    known_failures: Path | None,
    baseline: Path | None,
    requirements: Collection[str],
    today: date,
) -> Gate:
    """The gate that the command line's options describe.

    Raises:
        UserError: a file cannot be used.
    """
    known = load_known_failures(known_failures, requirements) if known_failures else KnownFailures()
    return Gate(FailOn(fail_on), strict_inconclusive, known, _baseline(baseline), today)


def dumps(gate: Gate) -> str:
    """A gate as text, for another process."""
    data = asdict(gate) | {"baseline": None if gate.baseline is None else sorted(gate.baseline)}
    return json.dumps(data | {"flaky": sorted(gate.flaky)}, default=str)


def loads(text: str) -> Gate:
    """The gate that `dumps` wrote."""
    data = json.loads(text)
    rows = data["known"]["entries"]
    entries = tuple(KnownFailure(**{**row, "expires": _date(row["expires"])}) for row in rows)
    baseline = None if data["baseline"] is None else _pairs(data["baseline"])
    return Gate(
        FailOn(data["fail_on"]),
        data["strict_inconclusive"],
        KnownFailures(entries, data["known"]["path"]),
        baseline,
        _date(data["today"]),
        _pairs(data["flaky"]),
    )


def _expiry(located: Located, position: int, text: str | None) -> date | None:
    try:
        return _date(text)
    except ValueError:
        raise located.error(
            f"/{position}/expires", f"`{text}` is no day of the calendar", "Write YYYY-MM-DD."
        ) from None


def _pairs(rows: Iterable[Sequence[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((requirement, model) for requirement, model in rows)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _baseline(path: Path | None) -> frozenset[tuple[str, str]] | None:
    if path is None:
        return None
    from conformance.report.results_json import read_results

    file = path / "results.json" if path.is_dir() else path
    if not file.exists():
        raise UserError(f"{file}: there is no such file", "--baseline takes the results.json of an earlier run.")
    return baseline_of(read_results(file))


def update_known_failures(folder: Path, file: Path, reason: str) -> int:
    """Bring a list of known failures up to date with a report.

    Entries whose requirement passes now are taken out; one that spoke of every model stays for the models that still
    fail. Failures that stop the gate come in. Expired entries stay, and are told: renewing them is a person's decision.

    Raises:
        UserError: the report or the list cannot be read, or the list not written.
    """
    from conformance.report.results_json import read_results
    from conformance.trial import Trial

    results = read_results(folder)
    ids = {*Trial().catalogue.requirements, *(row.requirement.id for row in results.requirements)}
    entries = load_known_failures(file, ids).entries if file.exists() else ()
    kept, new = updated(entries, results, reason)
    write_file(file, _as_yaml([*kept, *new]))
    say(f"{file}: {len(new)} added, {len(entries) - len(kept)} removed, {len(kept)} kept")
    today = datetime.now(UTC).date()
    for entry in (one for one in kept if one.expires is not None and one.expires < today):
        say(f"  {entry.requirement} expired on {entry.expires}: mend it, or give it another date")
    return ExitCode.CONFORMANT


def updated(
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


def _as_yaml(entries: Sequence[KnownFailure]) -> str:
    import yaml

    rows = []
    for entry in entries:
        row = {"requirement": entry.requirement, "reason": entry.reason, "since": entry.since}
        optional = {"model": entry.model, "link": entry.link, "expires": entry.expires and entry.expires.isoformat()}
        rows.append(row | {name: value for name, value in optional.items() if value})
    return yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=100)
