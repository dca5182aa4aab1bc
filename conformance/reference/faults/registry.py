"""What a fault is, and the seams where one may bend a request or its reply."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from conformance.errors import UserError
from conformance.reference.server.call import Call


class Seam(StrEnum):
    """Where on the way through the server a fault acts, and on what."""

    REQUEST = "request"  # the parsed body, before it is validated; may raise ApiError
    ERROR = "error"  # the ApiError of a refused request
    ENVELOPE = "envelope"  # the JSON body of a refused request
    BODY = "body"  # the JSON body of a successful answer
    CHUNKS = "chunks"  # the JSON chunks of a stream
    FRAMES = "frames"  # the bytes of a stream's events, `[DONE]` included
    REPLY = "reply"  # status, headers, bytes, ending


Apply = Callable[[Any, Call], Any]
When = Callable[[Call], bool]
CHAT = ("chat",)


@dataclass(frozen=True)
class Bend:
    """One place where a fault acts."""

    seam: Seam
    apply: Apply
    surfaces: tuple[str, ...]  # empty: all
    stream: bool | None  # None: both
    when: When | None

    def concerns(self, call: Call) -> bool:
        """Whether this request is bent."""
        if self.surfaces and call.surface not in self.surfaces:
            return False
        if self.stream is not None and call.stream is not self.stream:
            return False
        return self.when is None or self.when(call)


@dataclass(frozen=True)
class Fault:
    """One thing that an endpoint does wrong."""

    name: str
    summary: str
    surface: str
    field_bugs: tuple[str, ...]
    bends: tuple[Bend, ...]


FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    summary: str,
    seam: Seam,
    *,
    on: tuple[str, ...] = CHAT,
    stream: bool | None = None,
    when: When | None = None,
    surface: str = "",
    field_bugs: Sequence[str] = (),
) -> Callable[[Apply], Apply]:
    """Registers a function as a fault, or as one more bend of the fault of that name."""

    def register(apply: Apply) -> Apply:
        known = FAULTS.get(name)
        bend = Bend(seam, apply, on, stream, when)
        shown = surface or ("chat.stream" if stream and on == CHAT else on[0] if on else "errors")
        if known is None:
            FAULTS[name] = Fault(name, summary, shown, tuple(field_bugs), (bend,))
        else:
            FAULTS[name] = Fault(name, known.summary, known.surface, known.field_bugs, (*known.bends, bend))
        return apply

    return register


class FaultSet:
    """The faults that a server was started with, applied in the order given."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._bends = [bend for each in faults for bend in each.bends]

    def bend(self, seam: Seam, value: Any, call: Call) -> Any:
        """`value` after every fault that acts at `seam` and is concerned by the call."""
        for each in self._bends:
            if each.seam is seam and each.concerns(call):
                value = each.apply(value, call)
        return value


def faults_named(names: Iterable[str], known: Mapping[str, Fault]) -> FaultSet:
    """The faults of those names, out of those known.

    Raises:
        UserError: one is unknown; the hint names the nearest.
    """
    chosen = []
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]}?" if near else "`conformance list faults` shows them all."
            raise UserError(f"There is no fault called {name!r}.", hint)
        chosen.append(known[name])
    return FaultSet(chosen)
