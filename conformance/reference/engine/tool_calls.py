"""Which tools the scripted model calls for a prompt, and with what arguments."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.reference.engine.samples import Hints, Sampler

_SUBJECT = re.compile(
    r"(?:\b(?:in|for|of|at|and|or|between|from|to|than)|,)\s+(?:the\s+)?([A-Z][\w'’-]+(?:\s[A-Z][\w'’-]+)*)"
)
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_WORD = re.compile(r"[a-z]{3,}")
_NOTE = re.compile(r"\b(?:note|text)\b[^:\n]{0,20}\bexactly: (.+)\Z", re.DOTALL)
_GENERIC = frozenset(
    {
        "get",
        "set",
        "the",
        "and",
        "for",
        "tool",
        "function",
        "current",
        "fetch",
        "find",
        "look",
        "lookup",
        "call",
        "use",
        "any",
        "with",
        "that",
        "this",
        "from",
        "what",
        "are",
        "you",
        "your",
        "has",
        "can",
        "not",
        "given",
        "returns",
        "return",
        "value",
        "name",
        "please",
        "one",
        "two",
        "its",
    }
)  # say nothing about what a tool does


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool by the model."""

    name: str
    arguments: str  # JSON text
    id: str = field(default_factory=lambda: "call_" + secrets.token_hex(12))


def subjects(prompt: str) -> list[str]:
    """The proper names that a prompt asks about, in order: `["Paris", "Tokyo"]`."""
    return list(dict.fromkeys(found.strip() for found in _SUBJECT.findall(prompt)))


def choose_tools(tools: Sequence[Mapping[str, Any]], prompt: str) -> list[Mapping[str, Any]]:
    """The functions that a prompt is about: named in it, else sharing a telling word with it."""
    functions = [tool["function"] for tool in tools]
    named = [each for each in functions if re.search(rf"\b{re.escape(each['name'])}\b", prompt)]
    if named:
        return named
    words = _words(prompt)
    by_name = [each for each in functions if _words(each["name"]) & words]
    if by_name:
        return by_name
    return [each for each in functions if _words(str(each.get("description") or "")) & words][:1]


def calls_of(function: Mapping[str, Any], prompt: str, *, several: bool) -> list[ToolCall]:
    """One call of `function`, or one for each thing that the prompt asks about when `several`."""
    schema = function.get("parameters") or {}
    things = subjects(prompt)
    numbers = [float(each) for each in _NUMBER.findall(prompt)]
    said = _NOTE.search(prompt)
    note = said.group(1) if said else ""
    if not several or len(things) < 2 or not schema.get("properties"):
        return [ToolCall(function["name"], _arguments(schema, things, numbers, note))]
    return [ToolCall(function["name"], _arguments(schema, [thing], numbers, note)) for thing in things[:8]]


def _arguments(schema: Mapping[str, Any], words: list[str], numbers: list[float], note: str) -> str:
    if not schema.get("properties") and not schema.get("required") and "$ref" not in schema:
        return "{}"
    hints = Hints(list(words), [int(each) if each.is_integer() else each for each in numbers], note)
    made = Sampler(schema, hints).value()
    return json.dumps(made, ensure_ascii=False)


def _words(text: str) -> set[str]:
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", text).replace("_", " ").lower()
    return {word[:6] for word in _WORD.findall(spaced) if word not in _GENERIC}
