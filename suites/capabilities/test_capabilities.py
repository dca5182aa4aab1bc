"""Advertised against observed: what is said to work works, and nothing is accepted and ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.models import ModelList
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, unblocked
from conformance.checks.outcomes import Blocked, Inconclusive, NotApplicable, NotOffered
from conformance.model import LIMIT_STATUSES, Advertised, CapabilityResult, Observed
from conformance.model.location import Location

Offers = Mapping[str, CapabilityResult]
_OWN_ROWS = {"n", "seed", "stop", "tools", "logprobs", "response_format", "reasoning_effort", "parallel_tool_calls"}
"""Parameters whose refusal is judged by a row of their own."""

_COMMON = 4
"""Offers that fail with the same words have one cause, and it is no capability."""


def _cell(capability: str, offers: Offers) -> CapabilityResult:
    cell = offers.get(capability)
    if cell is None or cell.observed is Observed.NOT_TRIED:
        raise NotApplicable("not tried")
    conclusive(cell.observed is not Observed.INCONCLUSIVE, cell.note)
    return cell


def _judge(capability: str, offers: Offers, *, ignored: str = "", refusable: bool = True) -> None:
    """Judge one cell of the matrix; `ignored` names the requirement that already judges what is ignored."""
    cell = _cell(capability, offers)
    exchange = cell.evidence[0] if cell.evidence else ""
    if cell.observed is Observed.IGNORED and ignored:
        raise Blocked(ignored, by=ignored)
    if cell.observed is Observed.BROKEN:
        alike = [one for one in offers.values() if one.observed is Observed.BROKEN and one.note == cell.note]
        unblocked(len(alike) < _COMMON, f"{len(alike)} offers end alike: {cell.note}", by="chat.answered")
    if cell.observed in {Observed.IGNORED, Observed.BROKEN}:
        raise broken(
            f"{cell.title}: works, or is refused with 4xx", cell.note, Location.part("the answer"), exchange=exchange
        )
    if cell.observed is Observed.REFUSED:
        if cell.advertised is Advertised.YES or not refusable:
            said = ", as advertised" if cell.advertised is Advertised.YES else ""
            raise broken(f"{cell.title}: works{said}", f"refused: {cell.note}", Location.status(), exchange=exchange)
        raise NotOffered(f"not offered: {cell.note}")


@check("capability.tools", scenario="offer.tools")
def test_tools(offers: Offers) -> None:
    _judge("tools", offers)


def _streams_can_be_read(run: Run) -> None:
    """What is asked for as a stream says nothing of a capability where no stream at all can be read."""
    streams = [one for one in run.answers if isinstance(one, ChatStream) and one.status not in {None, *LIMIT_STATUSES}]
    plain = [one for one in streams if not one.request.needs and not one.request.refusable]
    unblocked(not plain or any(one.trouble is None for one in plain), "no stream can be read", by="stream.granted")


@check("capability.parallel_tools", shown_by=("offer.parallel_tools", "stream.basic"))
def test_parallel_tools(run: Run, offers: Offers) -> None:
    _streams_can_be_read(run)
    tools = offers.get("tools")
    works = tools is not None and tools.observed is Observed.WORKS
    _judge("parallel_tools", offers, ignored="" if works else "capability.tools", refusable=not works)


@check("capability.json_object", scenario="offer.json_object")
def test_json_object(offers: Offers) -> None:
    _judge("json_object", offers)


@check("capability.json_schema", scenario="offer.json_schema")
def test_json_schema(offers: Offers) -> None:
    _judge("json_schema", offers)


@check("capability.logprobs", when=lambda request: request.asks("logprobs"), shown_by=("offer.logprobs",))
def test_logprobs(run: Run, offers: Offers) -> None:
    asked = [one for one in run.replies if one.request.param("top_logprobs") and not one.streamed]
    works = next((one for one in asked if any(choice.logprobs for choice in one.choices)), None)
    cell = offers.get("logprobs")
    if works is not None and cell is not None and cell.observed is Observed.IGNORED:
        alone = cell.evidence[0] if cell.evidence else ""
        words = f"ignored without top_logprobs; with it they come, in exchange {works.exchange.id}"
        raise broken(f"{cell.title}: works with logprobs alone", words, Location.part("the answer"), exchange=alone)
    _judge("logprobs", offers)


@check("capability.reasoning", scenario="offer.reasoning")
def test_reasoning(offers: Offers) -> None:
    cell = _cell("reasoning", offers)
    if cell.observed is Observed.IGNORED and cell.advertised is not Advertised.YES:
        raise Inconclusive("reasoning_effort was accepted; the model may not have thought, or not have shown it")
    _judge("reasoning", offers)


@check("capability.vision", scenario="offer.vision")
def test_vision(offers: Offers) -> None:
    _judge("vision", offers)


@check("capability.n", scenario="chat.n")
def test_n(offers: Offers) -> None:
    _judge("n", offers, ignored="chat.n")


@check("capability.seed", scenario="offer.seed")
def test_seed(offers: Offers) -> None:
    _judge("seed", offers)


@check("capability.stop", scenario="offer.stop")
def test_stop(offers: Offers) -> None:
    _judge("stop", offers)


@check("capability.stream_usage", shown_by=("stream.usage", "stream.basic"))
def test_stream_usage(run: Run, offers: Offers) -> None:
    _streams_can_be_read(run)
    _judge("stream_usage", offers, ignored="stream.usage.asked", refusable=False)


@check("capability.embeddings", scenario="offer.embeddings")
def test_embeddings(offers: Offers) -> None:
    _judge("embeddings", offers)


@check("capability.completions", scenario="offer.completions")
def test_completions(offers: Offers) -> None:
    _judge("completions", offers)


@check("capability.responses", scenario="offer.responses")
def test_responses(offers: Offers) -> None:
    _judge("responses", offers)


@check("capability.parameters")
def test_no_listed_parameter_is_refused(run: Run) -> None:
    listed = _listed_parameters(run)
    applicable(listed, "no model lists its parameters")
    with gather("no listed parameter was sent") as found:
        for answer in run.answers:
            for name in sorted(_sent(answer) & listed.get(answer.exchange.model, frozenset())):
                with found.each():
                    if _refused_for(answer, name):
                        id_ = answer.exchange.id
                        raise broken(f"`{name}`, as listed", answer.said, Location.status(), exchange=id_)


def _listed_parameters(run: Run) -> dict[str, frozenset[str]]:
    listings = [answer for answer in run.answers if isinstance(answer, ModelList) and not answer.trouble]
    entries = [entry for listing in listings for entry in listing.entries]
    return {
        str(entry.get("id")): frozenset(name for name in entry["supported_parameters"] if isinstance(name, str))
        for entry in entries
        if isinstance(entry.get("supported_parameters"), list)
    }


def _sent(answer: Answer) -> frozenset[str]:
    request = answer.request
    if request.invalid or not isinstance(request.json, dict) or not isinstance(answer, Reply):
        return frozenset()
    return frozenset(name for name in request.json if name not in _OWN_ROWS and request.param(name) is not None)


_UNSUPPORTED = re.compile(
    r"unsupported|not support|unknown|unrecogni[sz]ed|not (be )?(permitted|allowed)|unexpected", re.IGNORECASE
)


def _refused_for(answer: Answer, name: str) -> bool:
    """Whether the refusal says that the parameter itself is not supported, naming it as its param or in quotes."""
    if answer.trouble is None or answer.trouble[0] is not Trouble.REFUSED:
        return False
    said = answer.error if isinstance(answer.error, dict) else {}
    named = said.get("param") == name or any(f"{mark}{name}{mark}" in answer.error_message for mark in "'\"`")
    return named and _UNSUPPORTED.search(answer.error_message) is not None
