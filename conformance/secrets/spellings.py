"""The ways a key may be spelt in a body.

As it is, in capitals or small letters, backwards, JSON-escaped, URL-encoded (once or more), as HTML, in base64 or in
hex.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator

Span = tuple[int, int]

_ENTITIES = {'"': b"quot", "&": b"amp", "'": b"apos", "<": b"lt", ">": b"gt"}
"""Characters that HTML has names for, and a key may hold."""


class Spellings:
    """Finds every spelling of one key."""

    def __init__(self, key: str) -> None:
        plain = key.encode("utf-8", "surrogatepass")
        literal = {plain, *_base64(plain)}
        literal |= {form.encode("utf-8", "surrogatepass") for form in (key.upper(), key.lower(), key[::-1])}
        literal |= {plain.hex().encode(), plain.hex().upper().encode()}
        if not key.isascii():
            literal.add(key.encode("latin-1", "replace"))
        self._literals = tuple(sorted(literal))
        self._escaped = re.compile(b"".join(map(_character, key)), re.IGNORECASE if key.isdigit() else 0)
        self._has_entities = any(character in key for character in _ENTITIES)
        self._needs_backslash = any(character in key for character in '"\\/') or not key.isascii()

    def spans(self, data: bytes) -> Iterator[Span]:
        """Every range that spells the key; ranges may overlap."""
        for literal in self._literals:
            start = data.find(literal)
            while start >= 0:
                yield start, start + len(literal)
                start = data.find(literal, start + 1)
        if self._may_escape(data):
            yield from (match.span() for match in self._escaped.finditer(data))

    def _may_escape(self, data: bytes) -> bool:
        if b"\\u" in data or b"%" in data or b"&#" in data or (self._needs_backslash and b"\\" in data):
            return True
        return self._has_entities and b"&" in data


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sort ranges and join those that overlap or touch."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _character(character: str) -> bytes:
    """A pattern of one character in any mixture of spellings; backslashes may have been escaped a few times over."""
    plain = character.encode("utf-8", "surrogatepass")
    code = ord(character)
    units = character.encode("utf-16-be", "surrogatepass")
    unicode_escape = b"".join(rb"\\{1,8}u" + _hex(units[i : i + 2].hex()) for i in range(0, len(units), 2))
    percent = b"".join(b"%(?:25){0,3}" + _hex(f"{byte:02x}") for byte in plain)
    forms = [re.escape(plain), unicode_escape, percent]
    forms += [rb"&#0{0,4}%d;" % code, rb"&#[xX]0{0,4}" + _hex(f"{code:x}") + b";"]
    if character in _ENTITIES:
        forms.append(b"&(?i:" + _ENTITIES[character] + b");")
    if character in '"\\/':
        forms.append(rb"\\{1,8}" + re.escape(plain))
    return b"(?:" + b"|".join(forms) + b")"


def _hex(digits: str) -> bytes:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits).encode()


def _base64(plain: bytes) -> Iterator[bytes]:
    """What base64 of any text around the key must contain: the characters that depend on the key alone."""
    for shift in range(3):
        first, last = -(-8 * shift // 6), 8 * (shift + len(plain)) // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(shift) + plain)[first:last]
