"""What a request brings is heeded: the history, the response it goes on from, and the members that come back."""

from __future__ import annotations

from typing import Any

from conformance.api.answer import Answer, Trouble
from conformance.api.errors import ErrorResponse
from conformance.api.responses.response import ResponseReply
from conformance.api.views import Run, Transcript
from conformance.checks.batches import is_unsupported
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown, unblocked
from conformance.checks.explanations import blame
from conformance.checks.outcomes import Blocked, Broken, Inconclusive
from conformance.checks.refusals import CLIENT_ERROR, expect_granted, expect_refused, said
from conformance.checks.wording import list_values
from conformance.model import Exchange, Request
from conformance.model.location import Location


def _input(request: Request) -> list[dict[str, Any]]:
    given = request.param("input")
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _brings_a_result(request: Request) -> bool:
    return any(item.get("type") == "function_call_output" for item in _input(request))


def _extras(request: Request) -> set[str]:
    """What a request's history holds besides calls, results and what the user said."""
    return {str(item["role"]) for item in _input(request) if item.get("role") in ("developer", "assistant")}


def _later(transcript: Transcript) -> list[Answer]:
    """The answers to the second turn, which is sent again in parts where it is refused."""
    found = [one for one in transcript.answers if _brings_a_result(one.request) or _extras(one.request)]
    if not found:
        raise _uncalled(transcript)
    return found


def _uncalled(transcript: Transcript) -> Exception:
    """Why there is no call: none came, or our own limit cut the answer before one was whole."""
    cut = any(one.exchange.ok and one.body.get("status") == "incomplete" for one in transcript.answers)
    if cut:
        return Inconclusive("the answer was cut before a call")
    return Blocked("no call came to be answered", by="responses.tools")


@check("responses.roundtrip", scenario="responses.conversation", unusable=True)
def test_a_result_is_answered(transcript: Transcript) -> None:
    asked = [one for one in _later(transcript) if _brings_a_result(one.request)]
    if not asked:
        raise _uncalled(transcript)
    best = next((one for one in asked if one.trouble is None), None) or min(
        asked, key=lambda one: len(_extras(one.request))
    )
    expect_granted(best, "HTTP 200 with an answer to the tool's result")


def _heard(transcript: Transcript, role: str, words: str) -> None:
    """A message of that role was accepted, with all else or alone."""
    asked = [one for one in _later(transcript) if role in _extras(one.request)]
    applicable(asked, "not sent")
    if any(one.trouble is None for one in asked):
        return
    last = min(asked, key=lambda one: len(_extras(one.request)))
    kind, reason = last.trouble or (Trouble.FAILED, "")
    conclusive(kind is not Trouble.LIMITED and _extras(last.request) == {role}, reason)
    plain = [one for one in transcript.answers if not _extras(one.request) and one.request.param("input")]
    unblocked(
        any(one.trouble is None for one in plain[1:]),
        f"the conversation is refused without it too: {reason}",
        blame(last),
    )
    applicable(not is_unsupported(last, {"input"}), f"not supported, and said so: {reason}")
    raise broken(f"HTTP 200 with {words} in the input", reason, Location.status(), exchange=last.exchange.id)


@check("responses.history", scenario="responses.conversation", unusable=True)
def test_earlier_words_are_taken_back(transcript: Transcript) -> None:
    _heard(transcript, "assistant", "an assistant's message of output_text, without id and status,")


@check("responses.developer", scenario="responses.conversation", unusable=True)
def test_a_developer_is_heard(transcript: Transcript) -> None:
    _heard(transcript, "developer", "a message of the role developer")


@check(
    "responses.previous",
    when=lambda request: request.param("previous_response_id") is not None and request.invalid is None,
    shown_by=("responses.conversation",),
)
def test_the_previous_response_is_named(response_reply: ResponseReply) -> None:
    applicable(response_reply.value, "no response object")
    wanted = response_reply.request.param("previous_response_id")
    at = response_reply.at.down("/previous_response_id")
    expect(response_reply.value.get("previous_response_id"), at=at).equals(wanted)


@check(
    "responses.previous.unknown",
    when=lambda request: request.param("previous_response_id") is not None and request.invalid is not None,
    unusable=True,
    shown_by=("responses.conversation",),
)
def test_an_unknown_response_is_refused(error: ErrorResponse) -> None:
    try:
        expect_refused(error)
    except Broken as wrong:
        words = "ignored: HTTP 200 and an ordinary answer" if error.exchange.ok else said(error)
        raise broken("a 4xx status", words, Location.status(), exchange=error.exchange.id) from wrong


def _is_bare(request: Request) -> bool:
    """Whether the input is one text, and nothing else lengthens the prompt."""
    return isinstance(request.param("input"), str) and not (request.param("tools") or request.param("instructions"))


@check("responses.previous.context", when=_is_bare, shown_by=("responses.conversation", "offer.responses"))
def test_the_conversation_goes_on(run: Run) -> None:
    alone: dict[tuple[Any, ...], int] = {}
    later: list[tuple[tuple[Any, ...], int, ResponseReply]] = []
    for one in run.answers:
        counted = (one.usage or {}).get("input_tokens") if isinstance(one, ResponseReply) and not one.trouble else None
        if not isinstance(one, ResponseReply) or not isinstance(counted, int) or not counted:
            continue
        key = (one.exchange.source.rpartition("#")[0], str(one.request.param("model")), one.request.param("input"))
        if one.request.param("previous_response_id") is None:
            alone[key] = min(counted, alone.get(key, counted))
        elif one.value.get("previous_response_id") == one.request.param("previous_response_id"):
            later.append((key, counted, one))
    with gather("no prompt was sent alone and after a response") as found:
        for key, counted, one in later:
            if key in alone:
                with found.each():
                    if counted <= alone[key]:
                        wanted = f"input_tokens above {alone[key]}, which the same input has without a conversation"
                        at = one.at.down("/usage/input_tokens")
                        raise broken(wanted, f"{counted}", at, exchange=one.exchange.id)


@check("responses.id.unique", shown_by=("offer.responses", "responses.truncated"))
def test_ids_are_unique(run: Run) -> None:
    first: dict[tuple[str, str], Exchange] = {}
    with gather("no two different requests have an answer") as found:
        for one in run.answers:
            id_ = one.value.get("id") if isinstance(one, ResponseReply) and not one.trouble else None
            if not isinstance(id_, str) or one.request.method != "POST":
                continue
            key = (one.exchange.source.rpartition("#")[0], id_)  # cassettes of others may hold an exchange twice
            known = first.setdefault(key, one.exchange)
            if known.request.body != one.request.body:  # a cache may answer the same request with the same answer
                with found.each():
                    words = f"{shown(id_)} again, as in exchange {known.id} for another request"
                    raise broken("an id of its own", words, Location.at("/id"), exchange=one.exchange.id)
            found.judged += len(first) > 1


def _format_of(value: Any) -> Any:
    wanted = value.get("format") if isinstance(value, dict) else None
    return wanted.get("type") if isinstance(wanted, dict) else None


def _names(tools: Any) -> list[str]:
    found = [tool.get("name") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return [name for name in found if isinstance(name, str)]


@check("responses.echo")
def test_the_request_is_repeated(response_reply: ResponseReply) -> None:
    applicable(response_reply.value, "no response object")
    asked, value = response_reply.request, response_reply.value
    with gather("the request holds nothing that a response repeats") as found:
        for name in ("instructions", "max_output_tokens", "tool_choice"):
            wanted = asked.param(name)
            if isinstance(wanted, str | int) and name in value:
                with found.each():
                    expect(value[name], at=response_reply.at.down(f"/{name}"), what=name).equals(wanted)
        form = _format_of(asked.param("text"))
        if form not in (None, "text") and "text" in value:
            with found.each():
                at = response_reply.at.down("/text/format/type")
                expect(_format_of(value["text"]), at=at, what="text.format.type").equals(form)


@check("responses.echo.tools", when=lambda request: bool(_names(request.param("tools"))))
def test_the_tools_are_repeated(response_reply: ResponseReply) -> None:
    tools = response_reply.value.get("tools")
    applicable(isinstance(tools, list), "no tools in the response")
    nested = any(isinstance(tool, dict) and "function" in tool for tool in tools or ())
    unblocked(
        not nested, "the tools have the shape of chat, which responses.tools.flat says", by="responses.tools.flat"
    )
    missing = [name for name in _names(response_reply.request.param("tools")) if name not in _names(tools)]
    if missing:
        raise broken(
            f"the tools of the request, {list_values(missing)} too",
            list_values(_names(tools)),
            response_reply.at.down("/tools"),
        )


def _answers(one: Answer) -> bool:
    """Whether the body is what was asked for: some gateways refuse, or show a page, with HTTP 200."""
    return not one.error and any(isinstance(one.body.get(name), list) for name in ("output", "choices", "data"))


@check("responses.wrong_key", unusable=True, shown_by=("responses.wrong_key", "auth.wrong_key"))
def test_a_wrong_key_is_refused_beside_chat(run: Run) -> None:
    asked = run.of("responses.wrong_key")
    applicable(asked, "not sent")
    chat = run.of("auth.wrong_key")
    unblocked(
        not any(one.exchange.ok for one in chat),
        "chat is open to a wrong key, which auth.wrong_key says",
        by="auth.wrong_key",
    )
    for one in asked:
        if one.exchange.ok and _answers(one):
            words = f"{said(one)}, and an answer"
            raise broken(f"HTTP 401 from {one.request.path}", words, Location.status(), exchange=one.exchange.id)
    applicable(asked[-1].status not in {404, 405, 501}, "there is no other path for inference than chat")
    conclusive(asked[-1].status in CLIENT_ERROR, said(asked[-1]))
