"""Which requirement tells of what makes an answer unusable: whose failure is to be mended first.

The ids are those of our own suites; where the row was not judged, or does not fail, a report names the exchange.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.api.answer import Answer, Trouble
from conformance.api.breakage import Breakage
from conformance.api.chat.payloads import Payload
from conformance.api.chat.reply import Completion
from conformance.api.chat.stream import ChatStream, Ending, Framing
from conformance.api.completions import TextReply
from conformance.api.embeddings import Embeddings
from conformance.api.errors import ErrorResponse
from conformance.api.models import Metadata, ModelList, ModelObject
from conformance.api.responses.response import ResponseReply, ResponseStream
from conformance.api.views import View

APART = "stream.alien"
"""Who tells of a chunk that holds nothing of what the others hold, on which all hangs that it breaks."""

_ANSWERED: Mapping[type[Answer], str] = {
    Metadata: "",  # a kind of list that `models.answered` does not look at
    ChatStream: "stream.granted",
    Completion: "chat.answered",
    TextReply: "completions.answered",
    ResponseReply: "responses.answered",
    Embeddings: "embeddings.answered",
    ModelList: "models.answered",
    ModelObject: "models.retrieve",
}
"""Who says that a valid request got no usable answer."""

_ENDINGS: Mapping[Ending, str] = {Ending.CUT_SHORT: "stream.complete", Ending.STALLED: "stream.stalled"}


ROW_OF_BREAKAGE: Mapping[Breakage, str] = {
    Breakage.STALLED: "transport.stalls",
    Breakage.STREAM: "stream.beside",
    Breakage.ANSWER: "transport.beside",
}
"""Who tells of answers that broke and are right when nothing runs beside them."""


def blame(view: View) -> str:
    """The id of the requirement that tells why a view holds nothing to judge; empty where none does."""
    answer = find_trouble(view)
    if answer.trouble is not None:
        return _troubled(answer, answer.trouble[0])
    if isinstance(answer, ErrorResponse):
        return _of_error(answer)
    return _broken_off(answer) if isinstance(answer, Framing) else ""


def find_trouble(view: View) -> Answer:
    """The answer of a view that leaves nothing to judge: the first in trouble; where none is, the last."""
    return next((one for one in view.answers if one.trouble is not None), view.answers[-1])


def _of_error(error: ErrorResponse) -> str:
    """Who tells of what an error body lacks: the outermost lack first."""
    if not error.readable:
        return "error.json"
    if not error.members:
        return "error.envelope"
    if not error.message:
        return "error.message"
    if not error.has_code:
        return "error.code"
    return "error.reason" if error.blank else ""


def _troubled(answer: Answer, trouble: Trouble) -> str:
    if trouble in {Trouble.UNREACHABLE, Trouble.LIMITED}:
        return ""
    if trouble is Trouble.CUT:
        return "transport.whole"
    request = answer.request
    if request.needs:
        granted = isinstance(answer, ChatStream) and trouble is not Trouble.REFUSED
        return "stream.same_body" if granted else f"capability.{request.needs[0]}"
    if request.refusable:
        return ""
    return row_of_answer(type(answer))


def row_of_answer(view: type[Answer]) -> str:
    """Who says that a valid request of a kind, by the view of its answer, got none; empty where nobody does."""
    return next((id_ for kind, id_ in _ANSWERED.items() if issubclass(view, kind)), "")


def _broken_off(stream: Framing) -> str:
    if stream.ending in _ENDINGS:
        return _ENDINGS[stream.ending]
    if isinstance(stream, ChatStream) and stream.error_events:
        return "stream.failed"
    if stream.lost:
        return _lost(stream)
    if not isinstance(stream, ChatStream):
        return ""
    return "stream.delta" if stream.hidden else "" if stream.choices_are_distinct else "stream.choice.index"


def _lost(stream: Framing) -> str:
    """Who tells of what clients cannot read, in the order in which `Framing.lost` looks."""
    if stream.events_of(Payload.RUN_TOGETHER):
        return "stream.blank_line"
    if stream.events_of(Payload.RAW_NEWLINE):
        return "stream.newline"
    if stream.events_of(Payload.OTHER):
        if isinstance(stream, ChatStream):
            return "stream.data.json"
        return "responses.stream.json" if isinstance(stream, ResponseStream) else "completions.stream.json"
    return "stream.blank_line.last" if not stream.stray_lines else "stream.lines"
