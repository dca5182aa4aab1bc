"""What a model may or may not offer: as advertised, and as observed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Advertised(StrEnum):
    """What an endpoint says of a capability."""

    YES = "yes"
    NO = "no"
    SILENT = "silent"


class Observed(StrEnum):
    """What was seen of a capability."""

    WORKS = "works"
    REFUSED = "refused"  # cleanly: 4xx with an error body
    IGNORED = "ignored"  # 200, and the answer shows no trace of it
    BROKEN = "broken"
    INCONCLUSIVE = "inconclusive"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class CapabilityResult:
    """One cell of the matrix advertised × observed."""

    capability: str
    title: str
    model: str
    advertised: Advertised
    observed: Observed
    evidence: tuple[str, ...] = ()  # exchange ids
    note: str = ""
    endpoint: str = ""
