"""Findings about values that a recorder wrote in place of the endpoint's: none of them is the endpoint's fault."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.model import Exchange, Finding
from conformance.model.location import Kind, Location
from conformance.recording.foreign.scrubbing import is_scrubbed_member
from conformance.wire import sse

LOST = "the recording holds a stand-in for this value"


def drop_stand_ins(findings: Iterable[Finding], exchanges: Mapping[str, Exchange], usual: str) -> tuple[Finding, ...]:
    """The findings but those about a scrubbed value; `usual` is the exchange of those that name none."""
    return tuple(one for one in findings if not _is_about_stand_in(one, exchanges.get(one.exchange or usual)))


def _is_about_stand_in(finding: Finding, exchange: Exchange | None) -> bool:
    if exchange is None or not exchange.foreign:
        return False
    found, steps = _document(finding.location, exchange), _steps(finding.location)
    for step in steps:
        found = _into(found, step)
    return bool(steps) and is_scrubbed_member(steps[-1], found)


def _document(location: Location, exchange: Exchange) -> Any:
    """The JSON value in which the location's pointer begins."""
    if location.kind is Kind.EVENT and location.index:
        events = exchange.once("events of a stand-in", lambda: sse.parse_events(exchange.content).events)
        return _json(events[location.index - 1].data) if location.index <= len(events) else None
    if location.kind is Kind.LISTING:
        body = _json(exchange.content)
        entries = body.get("data") if isinstance(body, dict) else None
        rows = entries if isinstance(entries, list) else []
        return next((row for row in rows if isinstance(row, dict) and row.get("id") == location.name), None)
    return _json(exchange.content) if location.kind is Kind.POINTER else None


def _steps(location: Location) -> list[str]:
    parts = location.pointer.removeprefix("/").split("/") if location.pointer else []
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _into(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdecimal() and len(step) < 10 and int(step) < len(value):
        return value[int(step)]
    return None


def _json(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
