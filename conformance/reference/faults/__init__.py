"""Ways in which an endpoint may be wrong, each re-enacting an incompatibility that was seen in the field.

This is the door for `suites/<area>/faults*.py`: they import what a fault is written with from here, and nothing else
of ours. Faults are read from those files when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.reference.api.problems import ApiError
from conformance.reference.engine.tokens import tokenize
from conformance.reference.faults import edits, registry, rows
from conformance.reference.faults.registry import CHAT, Apply, Fault, FaultSet, Seam, When, fault
from conformance.reference.model_list import MODELS
from conformance.reference.server.call import Call, Json, ServedEnding, ServedReply

FAULTS: Mapping[str, Fault]
"""Every fault, by name; loaded by the first look at it."""

__all__ = [
    "CHAT",
    "FAULTS",
    "MODELS",
    "ApiError",
    "Apply",
    "Call",
    "Fault",
    "FaultSet",
    "Json",
    "Seam",
    "ServedEnding",
    "ServedReply",
    "When",
    "edits",
    "fault",
    "faults_named",
    "rows",
    "tokenize",
]


def faults_named(names: Iterable[str]) -> FaultSet:
    """The faults of those names; nothing is loaded for no name.

    Raises:
        UserError: one is unknown; the hint names the nearest.
    """
    wanted = list(names)
    return registry.faults_named(wanted, _load() if wanted else {})


def __getattr__(name: str) -> Any:
    if name == "FAULTS":
        return _load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _load() -> Mapping[str, Fault]:
    from conformance.reference.faults.loader import load_faults

    load_faults()
    return registry.FAULTS
