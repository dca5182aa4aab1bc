"""Faults in calls that nothing demands but the question: there a server reads them out of the model's text."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from typing import Any

from conformance.reference.faults import Call, Json, Seam, edits, fault, tokenize

Rewrite = Callable[[Any], Any]


def _auto(call: Call) -> bool:
    return edits.has_tools(call) and call.sent.get("tool_choice", "auto") == "auto"


def _called(chunks: list[Json]) -> dict[int, Json]:
    """The functions that a stream calls, whole, by index."""
    made: dict[int, Json] = {}
    for choice in edits.choices(chunks):
        for part in choice["delta"].get("tool_calls") or ():
            function = made.setdefault(part["index"], {"name": part["function"].get("name"), "arguments": ""})
            function["arguments"] += part["function"]["arguments"]
    return made


def _as_text(name: str, summary: str, member: str, written: Callable[[Json], str]) -> None:
    """A call that was not demanded stands in another member of the message."""

    @fault(name, summary, Seam.CHUNKS, stream=True, when=_auto, surface="chat.stream.tools")
    def _(chunks: list[Json], _call: Call) -> list[Json]:
        functions = list(_called(chunks).values())
        kept = [each for each in chunks if not any(one["delta"].get("tool_calls") for one in each["choices"])]
        for choice in edits.choices(kept):
            choice["finish_reason"] = "stop" if choice["finish_reason"] == "tool_calls" else choice["finish_reason"]
        pieces = [piece for one in functions for piece in tokenize(written(one))]
        return [kept[0], *(edits.with_delta(kept[0], {member: piece}) for piece in pieces), *kept[1:]]

    @fault(name, "", Seam.BODY, stream=False, when=_auto)
    def _(body: Json, _call: Call) -> Json:
        for choice in body["choices"]:
            calls = choice["message"].pop("tool_calls", None)
            if calls:
                choice["message"][member] = "\n".join(written(one["function"]) for one in calls)
                choice["finish_reason"] = "stop"
        return body


def _tagged(function: Json) -> str:
    return f"<tool_call>{json.dumps(function)}</tool_call>"


def _python(function: Json) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in json.loads(function["arguments"]).items())
    return f"[{function['name']}({arguments})]"


_as_text("tool-auto-call-as-text", "Calls that were not demanded come as text with markup.", "content", _tagged)
_as_text("tool-auto-call-as-python", "Calls that were not demanded come as a list in Python.", "content", _python)
_as_text(
    "tool-auto-call-in-reasoning", "Calls that were not demanded come in the reasoning.", "reasoning_content", _tagged
)


def _rewritten(name: str, summary: str, rewrite: Rewrite, when: Callable[[Call], bool] = edits.has_tools) -> None:
    """Every value of the arguments is another."""

    def each(arguments: str) -> str:
        value = json.loads(arguments)
        return json.dumps({one: rewrite(inner) for one, inner in value.items()}, ensure_ascii=False)

    @fault(name, summary, Seam.BODY, stream=False, when=when, surface="chat.tools")
    def _(body: Json, _call: Call) -> Json:
        def edit(call: Json) -> None:
            call["function"]["arguments"] = each(call["function"]["arguments"])

        whole = [choice for choice in body["choices"] if choice["finish_reason"] != "length"]
        edits.each_call(edit)({"choices": whole}, _call)
        return body

    @fault(name, "", Seam.CHUNKS, stream=True, when=when)
    def _(chunks: list[Json], _call: Call) -> list[Json]:
        if any(choice["finish_reason"] == "length" for choice in edits.choices(chunks)):
            return chunks
        left = {index: each(function["arguments"]) for index, function in _called(chunks).items()}
        for choice in edits.choices(chunks):
            for part in choice["delta"].get("tool_calls") or ():
                if "id" not in part:
                    part["function"]["arguments"] = left.pop(part["index"], "")
        return chunks


def _letters(harm: Callable[[str], str]) -> Rewrite:
    """What harms every text of a value."""

    def rewrite(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: rewrite(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [rewrite(inner) for inner in value]
        return harm(value) if isinstance(value, str) else value

    return rewrite


_rewritten(
    "tool-arguments-nested-as-text",
    "Arrays and objects in arguments of calls that were not demanded are JSON text.",
    lambda value: json.dumps(value) if isinstance(value, list | dict) else value,
    _auto,
)
_rewritten("tool-arguments-html-escaped", "Texts in arguments hold HTML entities.", _letters(html.escape))
_rewritten(
    "tool-arguments-latin-1",
    "The UTF-8 of arguments is read as Latin-1.",
    _letters(lambda text: text.encode().decode("latin-1")),
)
_rewritten(
    "tool-arguments-escaped-twice",
    "Texts in arguments are escaped twice.",
    _letters(lambda text: json.dumps(text)[1:-1]),
)
_rewritten(
    "tool-arguments-broken-characters",
    "Characters of several bytes in arguments are broken.",
    _letters(lambda text: "".join(one if one.isascii() else "\ufffd" * len(one.encode()) for one in text)),
)


def _beside(name: str, summary: str, content: str) -> None:
    """Calls come with this text beside them."""

    @fault(name, summary, Seam.BODY, stream=False, when=edits.has_tools, surface="chat.tools")
    def _(body: Json, _call: Call) -> Json:
        for choice in body["choices"]:
            if choice["message"].get("tool_calls"):
                choice["message"]["content"] = content
        return body


_beside("tool-python-beside-call", "The call stands in the text as Python as well.", '[get_weather(city="Paris")]')
_beside(
    "tool-arg_key-beside-call",
    "The call stands in the text with its markup for arguments as well.",
    "get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>",
)
_beside(
    "tool-action-beside-call",
    "The call stands in the text as an action as well.",
    "I look it up.\nAction: get_weather\nAction Input: Paris",
)
_beside("tool-content-none-as-word", "The content of a message with calls is the word None.", "None")


def _spelt(name: str, summary: str, rewrite: Callable[[str], str]) -> None:
    """The arguments of calls that were not demanded are another text; in a stream they come in one piece."""

    @fault(name, summary, Seam.BODY, stream=False, when=_auto, surface="chat.tools")
    def _(body: Json, call: Call) -> Json:
        def edit(made: Json) -> None:
            made["function"]["arguments"] = rewrite(made["function"]["arguments"])

        edits.each_call(edit)(body, call)
        return body

    @fault(name, "", Seam.CHUNKS, stream=True, when=_auto)
    def _(chunks: list[Json], _call: Call) -> list[Json]:
        left = {index: rewrite(function["arguments"]) for index, function in _called(chunks).items()}
        for choice in edits.choices(chunks):
            for part in choice["delta"].get("tool_calls") or ():
                part["function"]["arguments"] = "" if "id" in part else left.pop(part["index"], "")
        return chunks


_spelt("tool-auto-end-lost", "Arguments of calls that were not demanded lack their end.", lambda text: text[:-1])
_spelt("tool-auto-beginning-lost", "Arguments of calls that were not demanded lack their first piece.", lambda t: t[2:])
_spelt("tool-auto-bracket-doubled", "Arguments of calls that were not demanded end twice.", lambda text: text + "}")
_spelt("tool-auto-encoded-twice", "Arguments of calls that were not demanded are encoded twice.", json.dumps)
_spelt(
    "tool-auto-printed-by-python",
    "Arguments of calls that were not demanded are printed by Python.",
    lambda text: str(json.loads(text)),
)
_spelt(
    "tool-auto-raw-newline",
    "Strings in arguments of calls that were not demanded hold raw line ends.",
    lambda text: text.replace(" && ", "\n&& "),
)
