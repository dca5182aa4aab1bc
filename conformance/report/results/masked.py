"""Verdicts without keys: what checks joined, quoted or computed is masked before it is cut, escaped or laid out."""

from __future__ import annotations

from dataclasses import replace

from conformance.model import CheckResult, Finding
from conformance.secrets.masking import Secrets


def mask_verdict(result: CheckResult, secrets: Secrets) -> CheckResult:
    """A verdict with every key masked in its words; its id, its slot and its exchanges stay."""
    return replace(
        result,
        reason=secrets.mask_text(result.reason),
        crash=secrets.mask_text(result.crash),
        findings=tuple(_finding(finding, secrets) for finding in result.findings),
    )


def _finding(finding: Finding, secrets: Secrets) -> Finding:
    mask, location = secrets.mask_text, finding.location
    return replace(
        finding,
        expected=mask(finding.expected),
        actual=mask(finding.actual),
        message=mask(finding.message),
        location=replace(location, name=mask(location.name), pointer=mask(location.pointer)),
    )
