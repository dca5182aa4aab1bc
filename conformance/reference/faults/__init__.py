"""Ways in which an endpoint may be wrong, each re-enacting an incompatibility that was seen in the field."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from conformance.reference.faults.registry import FAULTS as _REGISTERED
from conformance.reference.faults.registry import Fault, FaultSet, Seam, faults_named

for _module in (
    "framing",
    "stream",
    "streamtext",
    "streamtools",
    "calls",
    "thinking",
    "completion",
    "tools",
    "ignored",
    "rejected",
    "sampling",
    "defaults",
    "conversations",
    "errors",
    "headers",
    "browsers",
    "spelling",
    "wording",
    "limits",
    "listing",
    "others",
    "texts",
    "responding",
    "respondstream",
    "respondtalk",
    "legacy",
    "letters",
    "restarts",
    "documents",
    "counts",
    "autocalls",
    "callforms",
    "scores",
):
    import_module(f"{__name__}.{_module}")  # registers its faults

FAULTS: Mapping[str, Fault] = _REGISTERED
"""Every fault, by name."""

__all__ = ["FAULTS", "Fault", "FaultSet", "Seam", "faults_named"]
