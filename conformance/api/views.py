"""Which view an exchange has: it follows from what was asked, never from what came back.

One addition and no exception: an answer with an error status has the view `error` as well, whatever was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.chat.stream import Framing
from conformance.api.errors import ErrorResponse
from conformance.api.registry import ASKED_BY, ERROR, READ_AS, STREAMS, SURFACES
from conformance.model import Exchange, Outcome


@dataclass(frozen=True)
class Transcript:
    """The exchanges of one scenario run, in order: what a generator scenario asked and was told."""

    kind: ClassVar[str] = "transcript"
    answers: tuple[Answer, ...]

    @property
    def trouble(self) -> tuple[Trouble, str] | None:
        """The first trouble of its answers."""
        return next((answer.trouble for answer in self.answers if answer.trouble), None)

    @property
    def exchange(self) -> Exchange:
        """The last exchange, where findings about the whole are filed."""
        return self.answers[-1].exchange


@dataclass(frozen=True)
class Run:
    """Every answer of one slot, for what only shows between exchanges."""

    kind: ClassVar[str] = "run"
    answers: tuple[Answer, ...]

    trouble: ClassVar[None] = None

    @property
    def exchange(self) -> Exchange:
        """The last exchange, where findings about the whole are filed."""
        return self.answers[-1].exchange

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The usable chat answers."""
        return tuple(answer for answer in self.answers if isinstance(answer, Reply) and not answer.trouble)

    def of(self, scenario: str) -> tuple[Answer, ...]:
        """The answers that one scenario brought."""
        return tuple(answer for answer in self.answers if answer.exchange.scenario == scenario)


View = Answer | Transcript | Run
GROUPS: dict[str, type[Transcript | Run]] = {"transcript": Transcript, "run": Run}


def _answered(exchange: Exchange) -> bool:
    return exchange.status is not None


def _failed(exchange: Exchange) -> bool:
    return exchange.request.expects == ERROR or (exchange.status or 0) >= 400


def _one_body(exchange: Exchange) -> bool:
    """Whether one JSON body is due: anything but a stream that was granted."""
    if exchange.request.method in {"HEAD", "OPTIONS"} or exchange.status is None:
        return False
    return not (exchange.request.expects in STREAMS and exchange.ok)


def _streamed(exchange: Exchange) -> bool:
    return exchange.request.expects in STREAMS


_SEPARATE: dict[str, tuple[type[Answer], Callable[[Exchange], bool]]] = {
    "answer": (Answer, _answered),
    "document": (Answer, _one_body),
    "error": (ErrorResponse, _failed),
    "framing": (Framing, _streamed),
}
"""Views that are not the reading of what was asked for, and which exchanges have them."""

SEES_SUPERSEDED = frozenset({"answer", "document", "error"})
"""Views that also look at attempts which were retried: what a 429 says is worth judging."""


def view_names() -> frozenset[str]:
    """Every name that a check may ask a view by."""
    return frozenset({*ASKED_BY, *_SEPARATE, *GROUPS})


def view_classes() -> dict[str, type[Answer | Transcript | Run]]:
    """Every name that a check may ask a view by, with the class of what it then gets."""
    shared = {one.shared_view.kind: one.shared_view for one in SURFACES.values() if one.shared_view}
    separate = {name: kind for name, (kind, _) in _SEPARATE.items()}
    return {**READ_AS, **shared, **separate, **GROUPS}


def applies(exchange: Exchange, name: str) -> bool:
    """Whether an exchange has the named view."""
    asked = ASKED_BY.get(name)
    return exchange.request.expects in asked if asked is not None else _SEPARATE[name][1](exchange)


class Views:
    """Makes the views of exchanges, each once."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Answer]] = {}

    def view(self, exchange: Exchange, name: str) -> Answer | None:
        """The named view of an exchange, or None where the exchange has no such view."""
        return self.named(exchange, name) if applies(exchange, name) else None

    def named(self, exchange: Exchange, name: str) -> Answer:
        """The named view of an exchange that has it."""
        separate = _SEPARATE.get(name)
        return self.primary(exchange) if separate is None else self._once(exchange, name, separate[0])

    def primary(self, exchange: Exchange) -> Answer:
        """The view of what was asked for."""
        expects = exchange.request.expects
        return self._once(exchange, "", ErrorResponse if expects == ERROR else READ_AS.get(expects, Answer))

    def _once(self, exchange: Exchange, name: str, kind: type[Answer]) -> Answer:
        made = self.made.setdefault(exchange.id, {})
        if name not in made:
            made[name] = kind(exchange)
        return made[name]

    def settle(self, exchange: Exchange) -> None:
        """Let go of what was read of an exchange, but for what the views of a whole run ask of it."""
        made = self.made.get(exchange.id, {})
        self.made[exchange.id] = {name: one for name, one in made.items() if name == ""}
        for one in self.made[exchange.id].values():
            one.settle()
        exchange.let_go()


def last_attempts(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """The exchanges that no later attempt supersedes."""
    latest: dict[tuple[str, str, str, int, int] | str, Exchange] = {}
    for exchange in exchanges:
        planned = (_recording_of(exchange), exchange.scenario, exchange.model, exchange.sample, exchange.step)
        latest[planned if exchange.scenario else exchange.id] = exchange
    return list(latest.values())


def _recording_of(exchange: Exchange) -> str:
    """What ids of one recording begin with where several are judged together."""
    return exchange.id.rpartition(".")[0]


def may_judge(exchange: Exchange, *, stopped: bool) -> bool:
    """Whether a check may look: exchanges that we stopped ourselves are hidden from checks that do not ask."""
    if exchange.outcome is Outcome.INTERRUPTED:
        return False
    return stopped or exchange.outcome is not Outcome.STOPPED


def transcripts(answers: Sequence[Answer]) -> list[Transcript]:
    """Group answers by scenario run; foreign recordings have none."""
    runs: dict[tuple[str, str, str, int], list[Answer]] = {}
    for answer in answers:
        one = answer.exchange
        if one.scenario:
            runs.setdefault((_recording_of(one), one.scenario, one.model, one.sample), []).append(answer)
    return [Transcript(tuple(sorted(run, key=lambda answer: answer.exchange.step))) for run in runs.values()]
