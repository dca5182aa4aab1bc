"""Ways in which an endpoint may be wrong, each re-enacting an incompatibility that was seen in the field."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.reference.faults import registry
from conformance.reference.faults import (
    completion,
    errors,
    framing,
    headers,
    limits,
    listing,
    others,
    requests,
    stream,
    streamtools,
    thinking,
    tools,
)
from conformance.reference.faults.registry import Fault, FaultSet, Seam, faults_named

FAULTS: Mapping[str, Fault] = registry.FAULTS
"""Every fault, by name."""

__all__ = ["FAULTS", "Fault", "FaultSet", "Seam", "faults_named"]
