"""A recording: its header, its exchanges, its footer."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.model.exchange import Exchange


@dataclass(frozen=True)
class Header:
    """The first line of a recording: what was asked of whom, by which version, and when (seconds since the epoch)."""

    endpoint: str
    base_url: str
    profile: str = "openai"
    models: tuple[str, ...] = ()
    label: str = ""
    harness: str = ""
    suites: str = ""  # digest of the suites that planned the requests
    created: float = 0.0
    thinking: tuple[str, ...] = ()  # models that the probe saw think before they speak
    foreign: bool = False  # recorded by another tool: nothing was planned


@dataclass(frozen=True, slots=True)
class Skipped:
    """A scenario that was planned and not (wholly) sent, and why."""

    scenario: str
    model: str
    reason: str


@dataclass(frozen=True)
class Footer:
    """The last line of a recording; without it the recording is incomplete."""

    reason: str = "complete"
    exchanges: int = 0
    seconds: float = 0.0
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Recording:
    """A header, exchanges, and a footer if capture came to its end."""

    header: Header
    exchanges: tuple[Exchange, ...] = ()
    footer: Footer | None = None
    path: str = ""
    notes: tuple[str, ...] = ()  # what a reader could not recover, for people

    @property
    def complete(self) -> bool:
        """Whether the footer is there."""
        return self.footer is not None
