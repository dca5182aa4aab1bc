"""The words of the project as frozen types: what is sent, what came back, what it is judged by and what was found.

Standard library only, and nothing of ours: every other module may import this one.
"""

from conformance.model.capability import Advertised, CapabilityResult, Observed
from conformance.model.exchange import (
    LIMIT_STATUSES,
    TRANSIENT_STATUSES,
    UNREACHABLE,
    Exchange,
    Facet,
    Leftover,
    Outcome,
    Read,
    Redaction,
    Unrecorded,
    one_by_one,
)
from conformance.model.location import NOWHERE, Location
from conformance.model.recording import (
    Footer,
    Header,
    Omission,
    Recording,
    Skipped,
)
from conformance.model.request import Auth, Headers, Request, StopRule
from conformance.model.requirement import (
    Basis,
    Level,
    Requirement,
    Scope,
    Source,
)
from conformance.model.results import ExchangeSummary, RequirementResult, Results
from conformance.model.verdict import Cause, CheckResult, Finding, Unjudged, Verdict, fold

__all__ = [
    "LIMIT_STATUSES",
    "NOWHERE",
    "TRANSIENT_STATUSES",
    "UNREACHABLE",
    "Advertised",
    "Auth",
    "Basis",
    "CapabilityResult",
    "Cause",
    "CheckResult",
    "Exchange",
    "ExchangeSummary",
    "Facet",
    "Finding",
    "Footer",
    "Header",
    "Headers",
    "Leftover",
    "Level",
    "Location",
    "Observed",
    "Omission",
    "Outcome",
    "Read",
    "Recording",
    "Redaction",
    "Request",
    "Requirement",
    "RequirementResult",
    "Results",
    "Scope",
    "Skipped",
    "Source",
    "StopRule",
    "Unjudged",
    "Unrecorded",
    "Verdict",
    "fold",
    "one_by_one",
]
