"""One line of a native recording: a JSON object of one header, exchange or footer, there and back without loss.

A member that has its default is left out. Text is a JSON string, or `{"wtf8": base64}` where it holds lone surrogates;
a body is a string where it is valid UTF-8 and `{"b64": base64}` otherwise.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from conformance.api.registry import expectation_of
from conformance.model import (
    Cause,
    Exchange,
    Facet,
    Footer,
    Header,
    Leftover,
    Outcome,
    Read,
    Redaction,
    Request,
    Skipped,
    StopRule,
)
from conformance.store.old_words import cause_of
from conformance.wire import compression

FORMAT = 1
"""The number of the format that is written and read."""

_SHORT = 4096  # bytes of a body that is written as text wherever it is text
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\r\n")

Line = Header | Exchange | Footer
T = TypeVar("T")


class Codec(NamedTuple):
    """How one member is written to JSON and read back; `read` raises ValueError on anything else."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _write_text(value: str) -> Any:
    try:
        value.encode()
    except UnicodeEncodeError:
        return {"wtf8": b64encode(value.encode("utf-8", "surrogatepass")).decode()}
    return value


def _read_text(value: Any) -> str:
    if isinstance(value, dict):
        return _unbase64(value, "wtf8").decode("utf-8", "surrogatepass")
    return _typed(value, str)


def _write_body(value: bytes) -> Any:
    if _mostly_escapes(value):
        return {"b64": b64encode(value).decode()}
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": b64encode(value).decode()}


def _mostly_escapes(value: bytes) -> bool:
    """Whether base64 is shorter than a JSON string: a control character takes six bytes there."""
    return len(value) > _SHORT and 6 * (len(value) - len(value.translate(None, _CONTROLS))) > len(value)


def _read_body(value: Any) -> bytes:
    return _typed(value, str).encode() if isinstance(value, str) else _unbase64(_typed(value, dict), "b64")


def _unbase64(value: Mapping[str, Any], member: str) -> bytes:
    return b64decode(_typed(value.get(member), str), validate=True)


def _typed(value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{kind.__name__} expected, {type(value).__name__} found")
    return value


class OutOfRangeError(ValueError):
    """A number is one, and cannot be what it says: the line that holds it is left out, and the others are read."""


def _read_number(value: Any) -> float:
    try:
        number = float(_typed(value, int if isinstance(value, int) else float))
    except OverflowError:
        raise OutOfRangeError("a number is too large") from None
    if not math.isfinite(number):
        raise OutOfRangeError("a finite number expected")
    return number


def _between(codec: Codec, least: float, most: float) -> Codec:
    def read(value: Any) -> Any:
        number = codec.read(value)
        if not least <= number <= most:
            raise OutOfRangeError(f"a number from {least:g} to {most:g} expected")
        return number

    return Codec(codec.write, read)


def _write_number(value: float) -> float:
    return _read_number(value)


def _optional(codec: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else codec.write(value),
        lambda value: None if value is None else codec.read(value),
    )


def _many(codec: Codec) -> Codec:
    return Codec(
        lambda values: [codec.write(value) for value in values],
        lambda values: tuple(codec.read(value) for value in _typed(values, list)),
    )


def _row(kind: Callable[..., Any], *codecs: Codec) -> Codec:
    """A tuple or dataclass of fixed length as a JSON array."""

    def write(value: Any) -> list[Any]:
        members = value if isinstance(value, tuple) else [getattr(value, field.name) for field in fields(value)]
        return [codec.write(member) for codec, member in zip(codecs, members, strict=True)]

    def read(value: Any) -> Any:
        return kind(*(codec.read(member) for codec, member in zip(codecs, _typed(value, list), strict=True)))

    return Codec(write, read)


def _enum(kind: type[StrEnum]) -> Codec:
    return Codec(lambda value: kind(value).value, lambda value: kind(_typed(value, str)))


def _auth(value: Any) -> str:
    if value not in ("key", "none", "wrong"):
        raise ValueError("`key`, `none` or `wrong` expected")
    return str(value)


TEXT = Codec(_write_text, _read_text)
BODY = Codec(_write_body, _read_body)
INTEGER = Codec(lambda value: value, lambda value: _typed(value, int))
NUMBER = Codec(_write_number, _read_number)
COUNT = _between(INTEGER, 0, 2**53)
STATUS = _between(INTEGER, 0, 999)
SECONDS = _between(NUMBER, 0, 1e9)
MOMENT = _between(NUMBER, 0, 2e11)  # what a calendar holds
FLAG = Codec(lambda value: value, lambda value: _typed(value, bool))
TEXTS = _many(TEXT)
HEADERS = _many(_row(lambda *pair: pair, TEXT, TEXT))


def _object(kind: type[Any], table: Mapping[str, Codec], **fixed: Any) -> Codec:
    """A dataclass as a JSON object without the members that have their defaults; `fixed` are members not written."""
    defaults = {field.name: field.default for field in fields(kind) if field.name in table}

    def write(value: Any) -> dict[str, Any]:
        members = {name: getattr(value, name) for name in table}
        # Minus zero equals its default and yet is not the same bits.
        kept = {name: member for name, member in members.items() if member != defaults[name] or repr(member) == "-0.0"}
        return {name: table[name].write(member) for name, member in kept.items()}

    def read(value: Any) -> Any:
        members = {name: table[name].read(member) for name, member in _typed(value, dict).items() if name in table}
        missing = [name for name, default in defaults.items() if default is MISSING and name not in members]
        if missing:
            raise ValueError(f"`{missing[0]}` is missing")
        return kind(**members, **fixed)

    return Codec(write, read)


STOP = _object(StopRule, {"events": _optional(INTEGER), "bytes": _optional(INTEGER), "seconds": _optional(NUMBER)})

REQUEST = _object(
    Request,
    {
        "method": TEXT,
        "path": TEXT,
        "headers": HEADERS,
        "body": _optional(BODY),
        "expects": Codec(expectation_of, lambda value: expectation_of(_typed(value, str))),
        "needs": TEXTS,
        "auth": Codec(_auth, _auth),
        "invalid": _optional(TEXT),
        "refusable": FLAG,
        "stop": _optional(STOP),
    },
)

EXCHANGE = _object(
    Exchange,
    {
        "id": TEXT,
        "scenario": TEXT,
        "model": TEXT,
        "step": COUNT,
        "sample": COUNT,
        "attempt": COUNT,
        "beside": COUNT,
        "repeats": TEXT,
        "paused": SECONDS,
        "url": TEXT,
        "request": REQUEST,
        "sent_headers": HEADERS,
        "status": _optional(STATUS),
        "reason": TEXT,
        "http_version": TEXT,
        "response_headers": HEADERS,
        "started_at": MOMENT,
        "headers_at": SECONDS,
        "raw": _many(_row(Read, SECONDS, BODY)),
        "ended_at": SECONDS,
        "outcome": _enum(Outcome),
        "detail": TEXT,
        "lost": Codec(sorted, lambda value: frozenset(_many(_enum(Facet)).read(value))),
        "redactions": _many(_row(Redaction, TEXT, COUNT, COUNT)),
        "leftover": _optional(_row(Leftover, COUNT, BODY)),
    },
    decode=compression.decode_body,
)

HEADER = _object(
    Header,
    {
        "endpoint": TEXT,
        "base_url": TEXT,
        "profile": TEXT,
        "models": TEXTS,
        "label": TEXT,
        "harness": TEXT,
        "suites": TEXT,
        "created": MOMENT,
        "thinking": TEXTS,
        "proxy": TEXT,
        "foreign": FLAG,
    },
)

_CAUSE = _optional(_enum(Cause))
_SKIPPED = _row(Skipped, TEXT, TEXT, TEXT, _CAUSE)


def _read_skipped(value: Any) -> Skipped:
    """A row of four members; older recordings have three, and their cause in the words."""
    row = _typed(value, list)
    skipped: Skipped = _SKIPPED.read(row if len(row) != 3 else [*row, None])
    return skipped if len(row) != 3 else replace(skipped, cause=cause_of(skipped.reason))


_FOOTER = _object(
    Footer,
    {
        "reason": TEXT,
        "exchanges": COUNT,
        "seconds": SECONDS,
        "skipped": _many(Codec(_SKIPPED.write, _read_skipped)),
        "cause": _CAUSE,
    },
)


def _read_footer(value: Any) -> Footer:
    footer: Footer = _FOOTER.read(value)
    return footer if "cause" in value else replace(footer, cause=cause_of(footer.reason))


FOOTER = Codec(_FOOTER.write, _read_footer)

_KINDS: Mapping[str, tuple[type[Any], Codec]] = {
    "header": (Header, HEADER),
    "exchange": (Exchange, EXCHANGE),
    "footer": (Footer, FOOTER),
}
# Valid inside a JSON string, and yet a line's end to many readers of text.
_ESCAPED = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"})


def encode(line: Line) -> bytes:
    """One line with its line feed; `source` is not written.

    Raises:
        ValueError: A number is not finite.
    """
    name, codec = next((name, codec) for name, (kind, codec) in _KINDS.items() if isinstance(line, kind))
    head: dict[str, Any] = {"type": name, "format": FORMAT} if name == "header" else {"type": name}
    text = json.dumps(head | codec.write(line), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPED).encode() + b"\n"


def decode_line(data: bytes) -> Line:
    """The header, exchange or footer of one line.

    Raises:
        OutOfRangeError: A number of an exchange cannot be.
        ValueError: In words, what is wrong with the line.
    """
    try:
        value = json.loads(data.decode())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    kind = _typed(value, dict).get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError("`type` is none of header, exchange, footer")
    if kind == "header" and value.get("format") != FORMAT:
        raise ValueError(f"its format is {str(value.get('format'))[:20]}, and {FORMAT} is what this version reads")
    try:
        line: Line = _KINDS[kind][1].read(value)
    except OutOfRangeError as error:
        if kind == "exchange":
            raise
        raise ValueError(str(error)) from None
    return line
