"""What people ask for: the options that the command line and the pytest plugin share, with their types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TargetOptions:
    """Whom to ask: a URL, or a config that names endpoints.

    `api_key_env` is the NAME of the variable that holds the key; `secret_headers` are `NAME=VAR`: headers, and the
    variables that hold their values. `timeout` is the seconds that one exchange may take.
    """

    url: str | None = None
    config: Path | None = None
    models: tuple[str, ...] = ()
    api_key_env: str | None = None
    secret_headers: tuple[str, ...] = ()
    profile: str | None = None
    insecure: bool = False
    label: str = ""
    timeout: float | None = None


@dataclass(frozen=True)
class ChoiceOptions:
    """What of the suites is sent and judged; `suites` are folders of the user's own."""

    select: str | None = None
    quick: bool = False
    suites: tuple[Path, ...] = ()


@dataclass(frozen=True)
class OutputOptions:
    """Where the bundle goes, what may happen to an earlier one, and in which form the outcome is printed."""

    out: Path | None = None
    overwrite: bool = False
    resume: bool = False
    as_json: bool = False


@dataclass(frozen=True)
class BudgetOptions:
    """What a run may cost: requests, tokens, seconds, requests a minute; None where the endpoint's own limit holds."""

    max_requests: int | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None
    max_per_minute: float | None = None


@dataclass(frozen=True)
class GateOptions:
    """What stops a release; `fail_on` is must, should or never."""

    fail_on: str = "must"
    strict_inconclusive: bool = False
    known_failures: Path | None = None
    baseline: Path | None = None


@dataclass(frozen=True)
class WorkOptions:
    """How the work is spread and repeated.

    `parallel` endpoints are captured at a time, `jobs` processes judge, failing scenarios are fired `confirm` times in
    all.
    """

    parallel: int = 20
    jobs: int = 1
    confirm: int = 1
