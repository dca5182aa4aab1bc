"""Calls as the model wrote them: found though nothing demands them, read without harm, and all of them in a stream."""

from __future__ import annotations

import ast
import html
import json
import re
from warnings import catch_warnings

from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.chat.tools import (
    CUT,
    Called,
    at_limit,
    calls_of,
    choice_of,
    declared_functions,
    is_call_forced,
    streamed_calls,
)
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown, unblocked
from conformance.checks.explanations import blame
from conformance.checks.heuristics.markup import (
    call_alone_in,
    call_spelt_in,
    call_thought_in,
    holds_a_call,
    markup_in,
    typed_as_text,
)
from conformance.checks.outcomes import Blocked, Inconclusive
from conformance.model import Request
from conformance.model.location import Location
from conformance.wire import strict_json

_CONTROL = re.compile(r"[\x00-\x1f]")
_LONG = 4000
"""Characters of arguments that are not read as Python any more."""

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_ENTITY = re.compile(r"&#?\w+;")
_SPECIAL = re.compile(r"[&<>\"]")
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")
_END = 4
"""Characters by which arguments that lost or doubled their end differ from the same ones whole."""

_BRACKETED = re.compile(r"(?:```\w*\s+)?\[|```tool_code\b")
_NOTE = re.compile(r"\bnote exactly: (.+)\Z", re.DOTALL)


def _has_tools(request: Request) -> bool:
    return bool(declared_functions(request)) and request.invalid is None


def _instead(choice: Choice, names: frozenset[str]) -> str:
    """In words, where a call stands that is not in tool_calls; empty where there is none."""
    content = choice.content or ""
    code = call_spelt_in(content, names)  # in brackets it is a model's own notation, without them anybody's code
    marked = markup_in(content) if holds_a_call(content, names) else ""  # a stray tag is a model's babble
    written = marked or call_alone_in(content, names) or (code if _BRACKETED.match(code) else "")
    thought = markup_in(call_thought_in(choice, names))
    if thought:
        return f"no tool_calls, and reasoning with {shown(thought, 120)}"
    return f"no tool_calls, and content with {shown(written, 120)}" if written else ""


@check("tools.auto", when=lambda request: _has_tools(request) and choice_of(request) == "auto")
def test_a_call_that_was_not_demanded_is_a_call(reply: Reply) -> None:
    if isinstance(reply, ChatStream) and not reply.whole:
        raise Blocked(reply.broken_off)
    names = frozenset(declared_functions(reply.request))
    called = False
    for choice in reply.choices:
        called = called or bool(choice.tool_calls)
        instead = "" if choice.tool_calls else _instead(choice, names)
        if instead:
            raise broken("the call in tool_calls, under tool_choice auto", instead, choice.place)
    if not called:
        raise Inconclusive("the model called nothing")


@check("tools.arguments.typed", when=lambda request: _has_tools(request) and not is_call_forced(request))
def test_arguments_have_their_types(reply: Reply) -> None:
    functions = declared_functions(reply.request)
    with gather("no call with readable arguments") as found:
        for call in calls_of(reply):
            function = functions.get(str(call.name), {})
            if isinstance(call.document.value, dict) and not function.get("strict"):
                with found.each():
                    for pointer, value in typed_as_text(function.get("parameters"), call.document.value):
                        raise broken(
                            "a value of the type that the schema names",
                            f"the text {shown(value, 80)} at {pointer}",
                            call.place.down("/arguments"),
                        )


def _object(text: str) -> bool:
    document = strict_json.parse_json(text)
    return document.whole and isinstance(document.value, dict)


def _flaw(arguments: str) -> str:
    """In words, by which mistake arguments are no JSON object; empty where only their writer can tell."""
    text, inside = arguments.strip(), strict_json.parse_json(arguments)
    if inside.whole and isinstance(inside.value, str) and _object(inside.value):
        return "JSON text in JSON text"
    if any(_object(text + end) for end in ("}", '"}', "]}", "}]}", '"}]}')):
        return "the end is missing"
    if _object("{" + text) or _object('{"' + text):
        return "the beginning is missing"
    if any(_object(text.removesuffix(end)) for end in ("}", "}}", "]}") if text.endswith(end)):
        return "more brackets at the end than were opened"
    if not _object(text) and _object(_CONTROL.sub(" ", text)):
        return "raw control characters in a string"
    return "the notation of Python" if _is_python(text) else ""


def _is_python(text: str) -> bool:
    """Whether a text is an object as Python prints it."""
    try:
        with catch_warnings(action="ignore"):  # about escapes that Python does not know
            return text.startswith("{'") and len(text) < _LONG and isinstance(ast.literal_eval(text), dict)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False


_PARSERS = ("JSON text in JSON text", "the beginning is missing")
"""Mistakes that no model makes: one call is enough to show them."""


def _whole_calls(run: Run) -> list[tuple[Called, Reply]]:
    """The calls with arguments, each with its answer; not those that may have been cut."""
    return [
        (call, reply)
        for reply in run.replies
        if not (isinstance(reply, ChatStream) and not reply.whole) and not at_limit(reply)
        for call in calls_of(reply)
        if call.arguments and call.arguments.strip() and call.choice.finish_reason not in CUT
    ]


def _twin(arguments: str, calls: list[tuple[Called, Reply]]) -> bool:
    """Whether another call has the same arguments, well spelt: one is the other but for its end."""
    whole = [call.arguments or "" for call, _ in calls if _object(call.arguments or "")]
    return any(
        abs(len(one) - len(arguments)) <= _END and (one.startswith(arguments) or arguments.startswith(one))
        for one in whole
    )


@check(
    "tools.arguments.spelling",
    when=lambda request: _has_tools(request) and not is_call_forced(request),
    shown_by=("tools.auto_whole", "tools.auto"),
)
def test_arguments_are_spelt_as_json(run: Run) -> None:
    calls = _whole_calls(run)
    applicable(calls, "no call that is surely whole")
    judged = [("" if _object(call.arguments or "") else _flaw(call.arguments or ""), call, one) for call, one in calls]
    flawed = [one for one in judged if one[0]]
    for flaw, call, reply in flawed:
        answers = {other.exchange.id for same, _, other in flawed if same == flaw}
        if flaw in _PARSERS or len(answers) > 1 or _twin(call.arguments or "", calls):
            words = f"{shown(call.arguments, 160)}: {flaw}"
            words += f", in {len(answers)} answers" if len(answers) > 1 else ""
            raise broken("a JSON object", words, call.place.down("/arguments"), exchange=reply.exchange.id)
    conclusive(not flawed, "one answer has bad arguments, which the model may have written")


def _damage(line: str, value: str) -> str:
    """In words, by which mistake `value` is not `line`; empty where none explains it, or the model may have made it."""
    if html.unescape(html.unescape(value)) == line and not _SPECIAL.search(_ENTITY.sub("", value)):
        return "characters as HTML entities"
    if any(_reread(value, encoding) == line for encoding in ("latin-1", "cp1252")):
        return "UTF-8 read as Latin-1"
    if _ESCAPED.search(value) and _unescaped(value) == line:
        return "characters escaped twice"
    broken_into = "\ufffd" in value and _FOREIGN.sub("", value) == _FOREIGN.sub("", line)
    return "characters broken into U+FFFD" if broken_into else ""


def _reread(value: str, encoding: str) -> str:
    try:
        return value.encode(encoding).decode()
    except UnicodeError:
        return ""


def _unescaped(value: str) -> str:
    try:
        return str(json.loads(f'"{value}"'))
    except ValueError:
        return ""


def _asked_for_note(request: Request) -> bool:
    return _has_tools(request) and bool(_NOTE.search(_asked(request)))


def _asked(request: Request) -> str:
    """What the user said last."""
    messages = request.param("messages", [])
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) else ""


@check("tools.arguments.text", when=_asked_for_note)
def test_text_comes_unharmed(reply: Reply) -> None:
    wanted = _NOTE.search(_asked(reply.request))
    line = wanted.group(1) if wanted else ""
    notes = [
        (call.document.value["note"], call)
        for call in calls_of(reply)
        if call.choice.finish_reason not in CUT
        and isinstance(call.document.value, dict)
        and isinstance(call.document.value.get("note"), str)
    ]
    conclusive(notes, "the model gave no note")
    for note, call in notes:
        if note != line:
            harmed = _damage(line, note)
            conclusive(harmed, f"the model's note is another: {shown(note, 60)}")
            raise broken(shown(line), f"{shown(note)}: {harmed}", call.place.down("/arguments"))


_ID = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST = 64
"""Characters of an id that every provider takes in a history."""


@check("tools.id.length", when=_has_tools)
def test_ids_are_short_enough_for_anybody(reply: Reply) -> None:
    with gather("no call with an id") as found:
        for call in calls_of(reply):
            if isinstance(call.id, str) and call.id:
                with found.each():
                    if len(call.id) > _LONGEST:
                        words = f"{len(call.id)}: {shown(call.id, 80)}"
                        raise broken(f"at most {_LONGEST} characters", words, call.place.down("/id"))


@check("tools.id.form", when=_has_tools)
def test_ids_can_be_sent_anywhere(reply: Reply) -> None:
    with gather("no call with an id") as found:
        for call in calls_of(reply):
            if isinstance(call.id, str) and call.id:
                with found.each():
                    if not _ID.fullmatch(call.id):
                        raise broken('letters, digits, "_" and "-" only', shown(call.id, 80), call.place.down("/id"))


def _most(reply: Reply) -> int:
    return max((len(choice.tool_calls) for choice in reply.choices), default=0)


def _tokens(reply: Reply) -> int | None:
    """The completion tokens, where all of them are the calls'."""
    usage = reply.usage or {}
    counted, details = usage.get("completion_tokens"), usage.get("completion_tokens_details")
    thought = isinstance(details, dict) and details.get("reasoning_tokens")
    spoken = any(choice.content or choice.reasoning for choice in reply.choices)
    return counted if isinstance(counted, int) and not spoken and not thought else None


@check("tools.twin", shown_by=("offer.parallel_tools", "tools.roundtrip"))
def test_a_stream_brings_all_calls(run: Run) -> None:
    answers = [one for one in run.of("tools.roundtrip") if isinstance(one, Reply) and not one.trouble]
    whole = [one for one in answers if len(one.request.param("messages", [])) == 1]
    streams = [one for one in run.of("offer.parallel_tools") if isinstance(one, ChatStream) and not one.trouble]
    pairs = [(one, other) for one in whole for other in streams]
    applicable(pairs, "nothing was asked for both ways")
    for one, stream in pairs:
        unblocked(stream.whole, stream.broken_off, by=blame(stream))
        made, streamed = _tokens(one), _tokens(stream)
        conclusive(_most(one) > 1, "the model called one tool only")
        ids = {
            str(part.value["id"]) for call in streamed_calls(stream) for part in call.fragments if "id" in part.value
        }
        if max(_most(stream), len(ids)) < _most(one):
            alike = made is not None and streamed is not None and made <= streamed <= 1.5 * made
            whole_stream = _most(stream) and stream.choices[0].finish_reason not in CUT
            conclusive(alike and whole_stream, "the model may have called fewer tools in the stream")
            wanted = (
                f"{_most(one)} calls of {made} completion_tokens, as without a stream in exchange {one.exchange.id}"
            )
            words = f"{_most(stream)} calls of {streamed} completion_tokens"
            raise broken(wanted, words, Location.part("tool_calls"), exchange=stream.exchange.id)
