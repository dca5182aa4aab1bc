"""Findings that differ in nothing but where they stand, made one: twenty events without a member are one finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from conformance.model import Finding
from conformance.model.location import Kind

MAX_PLACES = 19
"""Places that one finding keeps beside the first; the rest is counted."""

_STEP = re.compile(r"/\d+(?=/|\Z)")


def join_alike(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, those of one kind and one exchange as one that stands at the first place and knows the others.

    What differs from event to event in a value, such as an id that changes, is no other kind of finding: the first
    value is told.
    """
    found: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        found.setdefault(_kind_of(finding), []).append(finding)
    return tuple(_joined(same) for same in found.values())


def _kind_of(finding: Finding) -> tuple[object, ...]:
    place = finding.location
    where = (place.kind, "" if place.kind is Kind.LISTING else place.name, _STEP.sub("/#", place.pointer))
    value = "" if place.kind is Kind.EVENT else finding.actual
    return finding.exchange, finding.expected, value, finding.message, where


def _joined(same: list[Finding]) -> Finding:
    places = [one for finding in same[1:] for one in (finding.location, *finding.also)]
    others = tuple(one for one in dict.fromkeys(places) if one != same[0].location)
    return replace(same[0], also=others[:MAX_PLACES], places=1 + len(others)) if others else same[0]
