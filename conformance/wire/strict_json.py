"""Strict JSON: the value that a tolerant client would see, and everything in the text that a strict one refuses.

Source of the rules: RFC 8259, sections 2 to 8: one value, no byte order mark, UTF-8, no NaN, unique names.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class JsonDefect(StrEnum):
    """What can be wrong with a JSON text."""

    EMPTY = "empty"
    BOM = "bom"
    INVALID_UTF8 = "invalid_utf8"
    SYNTAX = "syntax"
    TRAILING = "trailing"  # bytes after the value
    DUPLICATE_KEY = "duplicate_key"
    NOT_A_NUMBER = "not_a_number"  # NaN, Infinity
    HUGE_NUMBER = "huge_number"
    LONE_SURROGATE = "lone_surrogate"
    TOO_DEEP = "too_deep"
    TOO_MANY = "too_many"  # values: a text of `{},{},…` takes sixty times its size in memory


FATAL = frozenset(
    {JsonDefect.EMPTY, JsonDefect.SYNTAX, JsonDefect.TOO_DEEP, JsonDefect.TOO_MANY, JsonDefect.HUGE_NUMBER}
)
"""Defects that leave no value."""


@dataclass(frozen=True, slots=True)
class JsonFlaw:
    """One defect; `text` says what and where, in words."""

    kind: JsonDefect
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed JSON text; `value` is None where a fatal flaw left nothing to read."""

    value: Any
    flaws: tuple[JsonFlaw, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether there is a value at all."""
        return not any(flaw.kind in FATAL for flaw in self.flaws)

    @property
    def whole(self) -> bool:
        """Whether every client's parser reads the text: one value, and nothing but it."""
        refused = FATAL | {JsonDefect.TRAILING, JsonDefect.NOT_A_NUMBER, JsonDefect.BOM}
        return not any(flaw.kind in refused for flaw in self.flaws)


_WHITESPACE = " \t\r\n"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)  # possessive: a long string costs no memory
_MAX_DEPTH = 200
_MAX_VALUES = 250_000


class _Reader(threading.local):
    """json.JSONDecoder's hooks, noting what they are asked to forgive; one decoder serves every text of a thread."""

    def __init__(self) -> None:
        self.flaws: list[JsonFlaw] = []
        self._decoder = json.JSONDecoder(object_pairs_hook=self._pairs, parse_constant=self._constant)

    def read(self, text: str) -> tuple[Any, int, list[JsonFlaw]]:
        """The value, where it ends, and its flaws; raises what json raises."""
        self.flaws = []
        value, end = self._decoder.raw_decode(text)
        return value, end, self.flaws

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            twice = min(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            self.flaws.append(
                JsonFlaw(
                    JsonDefect.DUPLICATE_KEY,
                    f"the name {_quote(twice)} stands twice in one object",
                )
            )
        return value

    def _constant(self, name: str) -> float:
        self.flaws.append(JsonFlaw(JsonDefect.NOT_A_NUMBER, f"{name} is not JSON"))
        return float(name)


_READER = _Reader()


def parse_json(data: bytes | str) -> Document:
    """Parse one JSON text; never raises. Over 200 levels are too deep, and over 250,000 values too many."""
    text, flaws = _text(data)
    stripped = text.lstrip(_WHITESPACE)
    if not stripped:
        return Document(None, (*flaws, JsonFlaw(JsonDefect.EMPTY, "there is no JSON at all")))
    if _depth_exceeded(stripped):
        return Document(None, (*flaws, JsonFlaw(JsonDefect.TOO_DEEP, f"nested more than {_MAX_DEPTH} levels deep")))
    if len(stripped) > _MAX_VALUES and stripped.count(",") > _MAX_VALUES:
        return Document(None, (*flaws, JsonFlaw(JsonDefect.TOO_MANY, f"it holds more than {_MAX_VALUES:,} values")))
    try:
        value, end, found = _READER.read(stripped)
    except json.JSONDecodeError as error:
        return Document(None, (*flaws, JsonFlaw(JsonDefect.SYNTAX, f"{error.msg} at character {error.pos}")))
    except (ValueError, RecursionError) as error:  # an integer of more digits than Python converts
        return Document(None, (*flaws, JsonFlaw(JsonDefect.HUGE_NUMBER, str(error)[:120])))
    flaws += found
    rest = stripped[end:].strip(_WHITESPACE) if end < len(stripped) else ""
    if rest:
        flaws.append(JsonFlaw(JsonDefect.TRAILING, f"after the JSON value comes {_quote(rest[:60])}"))
    if "\\u" in stripped:
        flaws += _lone_surrogates(value)
    return Document(value, tuple(flaws))


def _text(data: bytes | str) -> tuple[str, list[JsonFlaw]]:
    flaws: list[JsonFlaw] = []
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            flaws.append(JsonFlaw(JsonDefect.INVALID_UTF8, f"byte {error.start} is not UTF-8"))
            text = data.decode("utf-8", "replace")
    else:
        text = data
    if text.startswith("\ufeff"):
        flaws.append(JsonFlaw(JsonDefect.BOM, "the text starts with a byte order mark"))
        text = text[1:]
    return text, flaws


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _depth_exceeded(text: str) -> bool:
    """Whether brackets nest too deep; brackets inside strings only make it more careful."""
    if len(text) <= _MAX_DEPTH or text.count("[") + text.count("{") <= _MAX_DEPTH:
        return False
    depth = 0
    for found in _BRACKETS.finditer(text):
        bracket = text[found.start()]
        if bracket in "[{":
            depth += 1
            if depth > _MAX_DEPTH:
                return True
        elif bracket in "]}":
            depth -= 1
    return False


def _lone_surrogates(value: Any) -> list[JsonFlaw]:
    """Half a character, written as an escape: legal grammar, and no text."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        return [JsonFlaw(JsonDefect.LONE_SURROGATE, f"{half} is half of a surrogate pair")]
    return []
