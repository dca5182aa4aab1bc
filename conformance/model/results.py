"""Everything a report says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.model.capability import CapabilityResult
from conformance.model.exchange import Outcome
from conformance.model.requirement import Requirement
from conformance.model.verdict import CheckResult


@dataclass(frozen=True)
class RequirementResult:
    """A requirement's row and its verdict, as results.json holds them.

    `gate`: how the release gate took it (`pass`, `fail`, `known`, `stale`, `baseline`, `off`). `capabilities`: what
    every request that shows the requirement asks of a model, by name.
    """

    requirement: Requirement
    result: CheckResult
    gate: str = "off"
    note: str = ""
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExchangeSummary:
    """What results.json says of an exchange; its bytes lie in the recording."""

    id: str
    scenario: str
    model: str
    method: str
    url: str
    status: int | None
    outcome: Outcome
    source: str
    seconds: float
    attempt: int = 0
    repeats: str = ""  # the id of the exchange that it asks for again, alone


@dataclass(frozen=True)
class Results:
    """One run's results: everything that a report shows, save the bytes."""

    endpoint: Mapping[str, Any]
    models: tuple[str, ...]
    summary: Mapping[str, Any]
    capabilities: tuple[CapabilityResult, ...]
    requirements: tuple[RequirementResult, ...]
    exchanges: Mapping[str, ExchangeSummary]
    run: Mapping[str, Any] = field(default_factory=dict)
    format: int = 2
