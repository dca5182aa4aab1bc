"""The response object, whole or at the end of a stream: what it says, counts and heeds."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

from conformance.judging import (
    Blocked,
    NotApplicable,
    applicable,
    broken,
    check,
    conclusive,
    expect,
    gather,
    shown,
    unblocked,
)
from conformance.model import Request
from conformance.refusal import granted
from conformance.wire import jsontext
from conformance.wire.responses import ResponseReply
from conformance.wire.views import Transcript

_STATUSES = ("completed", "failed", "in_progress", "cancelled", "queued", "incomplete")


def _brings_a_result(request: Request) -> bool:
    given = request.param("input")
    items = given if isinstance(given, list) else []
    return any(isinstance(item, dict) and item.get("type") == "function_call_output" for item in items)


def _is_valid(request: Request) -> bool:
    return not request.refusable and request.invalid is None and not _brings_a_result(request)


@check("responses.answered", when=_is_valid, unusable=True)
def test_a_valid_request_is_answered(response_reply: ResponseReply) -> None:
    asked = response_reply.request
    granted(response_reply, "a stream of events" if asked.asks("stream") else "HTTP 200 with a response")


@check("responses.created_at")
def test_created_at_is_an_integer(response_reply: ResponseReply) -> None:
    applicable(response_reply.value, "no response object")
    at = response_reply.at.down("/created_at")
    if "created_at" not in response_reply.value:
        raise broken("seconds since 1970, an integer", "it is missing", at)
    expect(response_reply.value["created_at"], at=at).is_a(int, "seconds since 1970, written as an integer")


@check("responses.status.known")
def test_the_status_is_known(response_reply: ResponseReply) -> None:
    status = response_reply.value.get("status")
    applicable(isinstance(status, str), "no status")
    expect(status, at=response_reply.at.down("/status")).is_in(_STATUSES)


@check("responses.error.null")
def test_success_tells_of_no_error(response_reply: ResponseReply) -> None:
    applicable(response_reply.value.get("status") == "completed", "not completed")
    for name in ("error", "incomplete_details"):
        if response_reply.value.get(name) is not None:
            raise broken("null", shown(response_reply.value[name]), response_reply.at.down(f"/{name}"))


@check("responses.said")
def test_a_completed_response_says_something(response_reply: ResponseReply) -> None:
    applicable(response_reply.value.get("status") == "completed", "not completed")
    unblocked(isinstance(response_reply.value.get("output"), list), "there is no output, which responses.output says")
    unblocked(not response_reply.emptied, "what was streamed is lost, which responses.stream.final says")
    kinds = [item.get("type") for item, _ in response_reply.items]
    spoken = any(part.get("text") or part.get("refusal") for part, _ in response_reply.parts)
    called = any(kind not in {"message", "reasoning"} for kind in kinds)
    if not (spoken or called):
        raise broken("a message with text, or a call", f"items {shown(kinds)}", response_reply.at.down("/output"))


@check("responses.usage.there")
def test_a_finished_response_has_usage(response_reply: ResponseReply) -> None:
    applicable(response_reply.finished, "not finished")
    if response_reply.usage is None:
        raise broken("a usage object", shown(response_reply.value.get("usage")), response_reply.at.down("/usage"))


@check("responses.usage.total")
def test_total_is_the_sum(response_reply: ResponseReply) -> None:
    usage = response_reply.usage or {}
    spent, made, total = (usage.get(f"{name}_tokens") for name in ("input", "output", "total"))
    if not (isinstance(spent, int) and isinstance(made, int) and isinstance(total, int)):
        raise NotApplicable("no three counts")
    if total != spent + made:
        at = response_reply.at.down("/usage/total_tokens")
        raise broken(f"{spent} + {made} = {spent + made}", f"{total}", at)


def _output_tokens(response_reply: ResponseReply) -> int:
    counted = (response_reply.usage or {}).get("output_tokens")
    if not isinstance(counted, int):
        raise NotApplicable("no output_tokens to compare")
    return counted


@check("responses.max_output_tokens", when=lambda request: request.param("max_output_tokens") is not None)
def test_the_output_limit_holds(response_reply: ResponseReply) -> None:
    limit, at = response_reply.request.param("max_output_tokens"), response_reply.at.down("/usage/output_tokens")
    expect(_output_tokens(response_reply), at=at, what="output_tokens").at_most(limit, f"at most {limit}")


@check("responses.incomplete", scenario="responses.truncated")
def test_a_cut_response_says_so(response_reply: ResponseReply) -> None:
    counted, limit = _output_tokens(response_reply), response_reply.request.param("max_output_tokens")
    conclusive(counted >= limit, f"the response needed only {counted} of {limit} tokens")
    applicable(counted == limit, "the limit did not hold")
    unblocked("status" in response_reply.value, "status is missing, which responses.status says")
    expect(response_reply.value.get("status"), at=response_reply.at.down("/status")).equals("incomplete")
    unblocked("incomplete_details" in response_reply.value, "incomplete_details is missing, which responses.error says")
    details = response_reply.value.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    expect(reason, at=response_reply.at.down("/incomplete_details/reason")).equals("max_output_tokens")


def _format(request: Request) -> dict[str, Any]:
    text = request.param("text", {})
    wanted = text.get("format") if isinstance(text, dict) else None
    return wanted if isinstance(wanted, dict) else {}


def _is_strict(request: Request) -> bool:
    wanted = _format(request)
    return wanted.get("type") == "json_schema" and wanted.get("strict") is True


@check("responses.format", when=_is_strict)
def test_the_format_is_heeded(response_reply: ResponseReply) -> None:
    applicable(response_reply.value.get("status") in {"completed", "complete"}, "not completed")
    texts = [(part.get("text"), place) for part, place in response_reply.parts if part.get("type") == "output_text"]
    schema = Draft202012Validator(_format(response_reply.request).get("schema") or {})
    with gather("no text") as found:
        for text, place in texts:
            document = jsontext.parse(text if isinstance(text, str) else "")
            with found.each():
                if not document.readable or document.flaws:
                    raise broken("one JSON document", f"{shown(text, 100)}", place.down("/text"))
                for error in schema.iter_errors(document.value):
                    raise broken("a document valid by the schema", error.message[:160], place.down("/text"))


@check("responses.tools", when=lambda request: request.asks("tool_choice", value="required"))
def test_a_required_tool_is_called(response_reply: ResponseReply) -> None:
    conclusive(response_reply.value.get("status") != "incomplete", "the response was cut")
    applicable(response_reply.value, "no response object")
    unblocked(not response_reply.emptied, "what was streamed is lost, which responses.stream.final says")
    offered = [tool.get("name") for tool in response_reply.request.param("tools", []) if isinstance(tool, dict)]
    called = response_reply.items_of("function_call")
    applicable(any(offered), "no function among the tools")
    if not called:
        kinds = shown([item.get("type") for item, _ in response_reply.items])
        raise broken("a function_call", f"items {kinds}", response_reply.at.down("/output"))
    for item, place in called:
        expect(item.get("name"), at=place.down("/name")).is_in(offered)


@check("responses.roundtrip", scenario="responses.conversation", unusable=True)
def test_a_result_is_answered(transcript: Transcript) -> None:
    asked = next((one for one in transcript.answers if _brings_a_result(one.request)), None)
    if asked is None:
        raise Blocked("no call came to be answered")
    granted(asked, "HTTP 200 with an answer to the tool's result")


@check(
    "responses.previous",
    when=lambda request: request.param("previous_response_id") is not None,
    shown_by=("responses.conversation",),
)
def test_the_previous_response_is_named(response_reply: ResponseReply) -> None:
    applicable(response_reply.value, "no response object")
    wanted = response_reply.request.param("previous_response_id")
    at = response_reply.at.down("/previous_response_id")
    applicable(wanted != "resp_none", "there was no response to go on from")
    expect(response_reply.value.get("previous_response_id"), at=at).equals(wanted)
