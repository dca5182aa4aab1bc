"""A recording: its header, its exchanges, its footer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from conformance.model.exchange import Exchange, Outcome
from conformance.model.verdict import Cause


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
    proxy: str = ""  # host and port of the proxy that was asked in the endpoint's place


@dataclass(frozen=True, slots=True)
class Skipped:
    """A scenario that was planned and not (wholly) sent, and why: in words, and for programs."""

    scenario: str
    model: str
    reason: str
    cause: Cause | None = None


_ENDED_WELL = frozenset({Outcome.COMPLETE, Outcome.STOPPED})


@dataclass(frozen=True)
class Footer:
    """The last line of a recording; without it the recording is incomplete.

    `reason` says for people how capture ended; `cause` why it ended early: nothing could connect any more
    (`UNREACHABLE`) or the budget was spent; None where it came to its end.
    """

    reason: str = "complete"
    exchanges: int = 0
    seconds: float = 0.0
    skipped: tuple[Skipped, ...] = ()
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Omission:
    """An exchange of another tool's recording that is not judged: which, why, and for people what it was."""

    source: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Recording:
    """A header, exchanges, and a footer if capture came to its end."""

    header: Header
    exchanges: tuple[Exchange, ...] = ()
    footer: Footer | None = None
    path: str = ""
    notes: tuple[str, ...] = ()  # what a reader could not recover, for people
    name: str = ""  # its path below what was given to be judged
    left_out: tuple[Omission, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the footer is there."""
        return self.footer is not None

    @cached_property
    def casualties(self) -> tuple[Exchange, ...]:
        """What was in flight when the endpoint died: nothing but its death can be seen there.

        That is what did not end well, and after whose end nothing was begun that did.
        """
        if self.footer is None or self.footer.cause is not Cause.UNREACHABLE:
            return ()
        alive = max((one.started_at for one in self.exchanges if one.outcome in _ENDED_WELL), default=0.0)
        broken = (one for one in self.exchanges if one.outcome not in _ENDED_WELL)
        return tuple(one for one in broken if one.started_at + one.ended_at >= alive)
