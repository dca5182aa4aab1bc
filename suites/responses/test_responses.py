"""The response object, whole or at the end of a stream: what it says, counts and heeds."""

from __future__ import annotations

import re
from typing import Any

from jsonschema import Draft202012Validator

from conformance.api.responses.response import ResponseReply
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, expect, gather, shown, unblocked
from conformance.checks.heuristics.documents import again_and_again
from conformance.checks.refusals import expect_granted
from conformance.checks.repetition import NEARLY_ALL
from conformance.checks.wording import explain_violation, list_values, name_value
from conformance.model import Request
from conformance.wire import strict_json

_LAST_SECOND = 99_999_999_999
"""Above this a time is in milliseconds or smaller."""
_FIRST_SECOND = 1_000_000_000
"""Below this a time lies before there were language models: 0 stands for one that nobody took."""
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
    expect_granted(response_reply, "a stream of events" if asked.asks("stream") else "HTTP 200 with a response")


@check("responses.created_at")
def test_created_at_is_an_integer(response_reply: ResponseReply) -> None:
    applicable(response_reply.value, "no response object")
    at = response_reply.at.down("/created_at")
    if "created_at" not in response_reply.value:
        raise broken("seconds since 1970, an integer", "it is missing", at)
    created = expect(response_reply.value["created_at"], at=at)
    created.is_a(int, "seconds since 1970, written as an integer")
    created.at_most(_LAST_SECOND, "seconds since 1970, not a smaller unit of time")
    if response_reply.value["created_at"] < _FIRST_SECOND:
        raise broken("seconds since 1970 when the response was made", shown(response_reply.value["created_at"]), at)


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
            raise broken("null", name_value(response_reply.value[name]), response_reply.at.down(f"/{name}"))


@check("responses.said")
def test_a_completed_response_says_something(response_reply: ResponseReply) -> None:
    applicable(response_reply.value.get("status") == "completed", "not completed")
    unblocked(
        isinstance(response_reply.value.get("output"), list),
        "there is no output, which responses.output says",
        by="responses.output",
    )
    unblocked(
        not response_reply.emptied,
        "what was streamed is lost, which responses.stream.final says",
        by="responses.stream.final",
    )
    kinds = [item.get("type") for item, _ in response_reply.items]
    spoken = any(part.get("text") or part.get("refusal") for part, _ in response_reply.parts)
    called = any(kind not in ("message", "reasoning") for kind in kinds)
    if not (spoken or called):
        told = f"items of the types {list_values(kinds)}" if kinds else "no item at all"
        made = _made(response_reply)
        words = told if made is None else f"{told}, and output_tokens {made}"
        at, certain = response_reply.at.down("/output"), (made or 0) > _ENDS
        raise doubtful("a message with text, or a call", words, at, certain=certain, part=NEARLY_ALL)


_ENDS = 3
"""Tokens that a model may make and nobody sees: those that end its answer."""


def _made(response_reply: ResponseReply) -> int | None:
    """The output tokens that are none of reasoning."""
    usage = response_reply.usage or {}
    details = usage.get("output_tokens_details")
    made, thought = usage.get("output_tokens"), details.get("reasoning_tokens") if isinstance(details, dict) else 0
    return made - (thought if isinstance(thought, int) else 0) if isinstance(made, int) else None


def _format(request: Request) -> dict[str, Any]:
    text = request.param("text", {})
    wanted = text.get("format") if isinstance(text, dict) else None
    return wanted if isinstance(wanted, dict) else {}


def _is_strict(request: Request) -> bool:
    wanted = _format(request)
    return wanted.get("type") == "json_schema" and wanted.get("strict") is True


@check("responses.format", when=_is_strict)
def test_the_format_is_heeded(response_reply: ResponseReply) -> None:
    applicable(response_reply.value.get("status") in ("completed", "complete"), "not completed")
    texts = [(part.get("text"), place) for part, place in response_reply.parts if part.get("type") == "output_text"]
    schema = Draft202012Validator(_format(response_reply.request).get("schema") or {})
    with gather("no text") as found:
        for text, place in texts:
            document = strict_json.parse_json(text if isinstance(text, str) else "")
            again = isinstance(text, str) and again_and_again(text) > 1
            if again and response_reply.request.param("tools"):
                continue  # what OpenAI's own models do beside tools
            with found.each():
                if not document.readable or document.flaws:
                    raise broken("one JSON document", f"{shown(text, 100)}", place.down("/text"))
                for error in schema.iter_errors(document.value):
                    raise broken("a document valid by the schema", explain_violation(error), place.down("/text"))


def _demands_a_call(request: Request) -> bool:
    """Whether a call must come, of any tool or of one that tool_choice names."""
    choice = request.param("tool_choice")
    if isinstance(choice, dict):
        return choice.get("mode", "required") == "required"
    return bool(choice == "required")


def _calls(kind: object) -> bool:
    """Whether an item is a call of a tool: of a function, a custom tool, or one of the server's own."""
    return isinstance(kind, str) and (kind.endswith("_call") or kind.startswith("mcp_"))


def _is_built_in(tool: object) -> bool:
    """Whether a tool is one that the server runs or knows by itself."""
    return isinstance(tool, dict) and tool.get("type") not in (None, "function", "custom", "namespace")


def _functions(tools: list[Any]) -> list[str]:
    """The names of all functions among the tools, those of namespaces too."""
    named = [tool for tool in tools if isinstance(tool, dict) and not _is_built_in(tool)]
    inner = [one for tool in named for one in (tool.get("tools") or ()) if isinstance(one, dict)]
    return [str(one["name"]) for one in (*named, *inner) if one.get("name")]


@check("responses.tools", when=_demands_a_call)
def test_a_required_tool_is_called(response_reply: ResponseReply) -> None:
    conclusive(response_reply.value.get("status") != "incomplete", "the response was cut")
    applicable(response_reply.value, "no response object")
    unblocked(
        not response_reply.emptied,
        "what was streamed is lost, which responses.stream.final says",
        by="responses.stream.final",
    )
    tools = response_reply.request.param("tools", [])
    offered = _functions(tools)
    applicable(offered or any(map(_is_built_in, tools)), "no tools")
    kinds = [item.get("type") for item, _ in response_reply.items]
    if not any(map(_calls, kinds)):
        wanted = "an item function_call" if offered else "an item that calls a tool"
        raise broken(wanted, f"items of the types {list_values(kinds)}", response_reply.at.down("/output"))
    for item, place in response_reply.items_of("function_call"):
        expect(item.get("name"), at=place.down("/name")).is_in(offered)


_CONTROL = re.compile(r"<\|[A-Za-z_]{2,40}\|>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<\uff5c[^\uff5c>]{1,40}\uff5c>")


@check("responses.text.control")
def test_no_control_token_shows(response_reply: ResponseReply) -> None:
    prompt = str(response_reply.request.json)
    with gather("no text") as found:
        for part, place in response_reply.parts:
            text = part.get("text")
            if isinstance(text, str) and text:
                with found.each():
                    leaked = _CONTROL.search(text)
                    if leaked and leaked.group() not in prompt:
                        words = f"{leaked.group()} in {shown(text, 100)}"
                        raise doubtful("the answer's own text", words, place.down("/text"))
