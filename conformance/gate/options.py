"""The gate that options describe, and its way to another process."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date

from conformance.catalogue.suites import Suites
from conformance.gate.baseline import load_baseline
from conformance.gate.gate import FailOn, Gate, KnownFailure, KnownFailures
from conformance.gate.known_failures import load_known_failures, parse_date
from conformance.inputs.options import GateOptions


def make_gate(options: GateOptions, suites: Suites, today: date) -> Gate:
    """The gate that options describe; the suites say which requirements there are.

    Raises:
        UserError: a file cannot be used.
    """
    file = options.known_failures
    known = load_known_failures(file, suites.catalogue.requirements) if file else KnownFailures()
    return Gate(FailOn(options.fail_on), options.strict_inconclusive, known, load_baseline(options.baseline), today)


def dump_gate(gate: Gate) -> str:
    """A gate as text, for another process."""
    data = asdict(gate) | {"baseline": None if gate.baseline is None else sorted(gate.baseline)}
    return json.dumps(data | {"flaky": sorted(gate.flaky)}, default=str)


def load_gate(text: str) -> Gate:
    """The gate that `dumps` wrote."""
    data = json.loads(text)
    rows = data["known"]["entries"]
    entries = tuple(KnownFailure(**{**row, "expires": parse_date(row["expires"])}) for row in rows)
    baseline = None if data["baseline"] is None else _pairs(data["baseline"])
    return Gate(
        FailOn(data["fail_on"]),
        data["strict_inconclusive"],
        KnownFailures(entries, data["known"]["path"]),
        baseline,
        parse_date(data["today"]),
        _pairs(data["flaky"]),
    )


def _pairs(rows: Iterable[Sequence[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((requirement, model) for requirement, model in rows)
