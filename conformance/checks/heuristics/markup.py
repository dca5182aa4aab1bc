"""Calls that leaked into text, and arguments that were written as text: by the look of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from conformance.api.chat.reply import Choice
from conformance.wire import strict_json

_KINDS: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "object": (dict,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
"""JSON types that are no text, with what they are in Python."""

_DEEP = 50
"""Levels of a schema that are looked at."""

_MARKUP = re.compile(
    r"</?(?:tool_calls?|function_calls?|function|invoke|parameter|tool_code|arg_key|arg_value|minimax:tool_call|antml:\w+)\b"
    r"|<\|?/?(?:python_tag|tool_calls?(?:_\w+)?|channel|constrain|assistant|im_start|im_end|eom_id|eot_id)\|?>"
    r"|<[|｜][^|｜<>]{0,40}[|｜]>"
    r"|\[/?(?:TOOL_CALLS?|AVAILABLE_TOOLS|TOOL_RESULTS)\]"
    r"|\bto=functions\."
)

_FENCED = re.compile(r"(?:```\w*\s+)?(.*?)\s*(?:```)?", re.DOTALL)
"""Text with or without a fence around it."""


def markup_in(text: str) -> str:
    """The first piece of a model's own notation for calls, with what stands around it; empty where there is none."""
    found = _MARKUP.search(text)
    return text[max(0, found.start() - 20) : found.end() + 40] if found else ""


def holds_a_call(text: str, names: frozenset[str]) -> bool:
    """Whether markup stands around something: a declared function, or JSON; else it is a stray piece of it."""
    found = _MARKUP.search(text)
    rest = text[found.end() :] if found else ""
    return any(name in text for name in names) or bool(re.search(r'[{\[]\s*[{\[]?\s*"', rest))


def typed_as_text(schema: Any, value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """What a schema wants as an array, an object, a number or a boolean, and what is JSON text of that instead.

    Yields:
        The pointer of each such value, and the value.
    """
    schema = schema if isinstance(schema, dict) else {}
    if pointer.count("/") > _DEEP:
        return
    if isinstance(value, str):
        wanted = schema.get("type")
        kinds = {str(one) for one in wanted} if isinstance(wanted, list) else {str(wanted)}
        if kinds <= _KINDS.keys():
            inside = strict_json.parse_json(value)
            if inside.whole and isinstance(inside.value, tuple(kind for one in kinds for kind in _KINDS[one])):
                yield pointer, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from typed_as_text(schema.get("items"), item, f"{pointer}/{number}")
    elif isinstance(value, dict):
        members = schema.get("properties")
        members = members if isinstance(members, dict) else {}
        for name, item in value.items():
            yield from typed_as_text(members.get(name), item, f"{pointer}/{name}")


def call_written_in(text: str, names: frozenset[str], arguments: tuple[str, ...] = ()) -> str:
    """The JSON of a call inside text: a declared name as a member, or the arguments of a call; else empty."""
    packed = "".join(text.split())
    for name in sorted(names):
        at = packed.find(f'"name":"{name}"')
        if at >= 0:
            return packed[max(0, at - 1) : at + 80]
    written = ("".join(one.split()) for one in arguments)
    return next((one[:80] for one in written if len(one) > 8 and one in packed), "")


def call_thought_in(choice: Choice, names: frozenset[str]) -> str:
    """What stands of a call in the reasoning of a choice that has neither calls nor text; else empty."""
    thought = choice.reasoning or ""
    if choice.tool_calls or (choice.content or "").strip():
        return ""
    return markup_in(thought) or call_written_in(thought, names)


def call_alone_in(text: str, names: frozenset[str]) -> str:
    """Text that is nothing but calls as JSON, name and arguments, with or without a fence around them; else empty."""
    found = _FENCED.fullmatch(text.strip())
    document = strict_json.parse_json(found.group(1) if found else "")
    calls = document.value if isinstance(document.value, list) else [document.value]
    return text.strip()[:80] if document.whole and calls and all(_is_call(one, names) for one in calls) else ""


def _is_call(value: Any, names: frozenset[str]) -> bool:
    """Whether a value calls a declared function; an entry of a list of tools says what it takes, and is no call."""
    inside = value.get("function", value) if isinstance(value, dict) else None
    if not isinstance(inside, dict) or inside.get("name") not in names or "description" in inside:
        return False
    arguments = inside.get("arguments", inside.get("parameters"))
    if isinstance(arguments, dict):
        return bool(arguments) and "properties" not in arguments
    return isinstance(arguments, str)


def call_spelt_in(text: str, names: frozenset[str]) -> str:
    """Text that is nothing but a call as code: `get_weather(city="Paris")`, in brackets or not; else empty."""
    any_name = "|".join(sorted(re.escape(name) for name in names))
    code = rf"(?:```\w*\s+)?(?:print\()?\[?(?:{any_name})\(.*\)\s*(?:\]\s*)?(?:```)?"
    found = re.fullmatch(code, text.strip(), re.DOTALL) if names else None
    return found.group()[:80] if found else ""


def call_acted_in(text: str, names: frozenset[str]) -> str:
    """The lines of a call as an action with its input, `Action: get_weather` and `Action Input: Paris`; else empty."""
    any_name = "|".join(sorted(re.escape(name) for name in names))
    action = rf"^Action: ?(?:{any_name})\b[^\n]*\n+Action Input:.*"
    found = re.search(action, text, re.DOTALL | re.MULTILINE) if names else None
    return found.group()[:80] if found else ""
