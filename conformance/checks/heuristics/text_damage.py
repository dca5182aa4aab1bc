"""Text that comes back damaged: what a known mistake makes of it, so that nobody's wit is taken for a mistake.

A model may repeat a text badly. It does not by chance repeat it as one of these mistakes would leave it, to the letter.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping

Mistake = Callable[[str], str]
_BEYOND = re.compile(r"[\U00010000-\U0010ffff]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_HEXADECIMAL = re.compile(r"\\[uUx][0-9A-Fa-f]{2,8}|<0x[0-9A-Fa-f]{2}>")
_FEWEST = 8
"""Characters that what is left must have: less comes back by chance."""


def _misread(encoding: str) -> Mistake:
    """The UTF-8 bytes of the text read in an encoding of one byte a character; what it lacks stays a control."""

    def read(text: str) -> str:
        return "".join(bytes((one,)).decode(encoding, "ignore") or chr(one) for one in text.encode())

    return read


def _pieces(text: str) -> str:
    """The text as byte-level vocabularies spell it: every byte a printable character, a space `Ġ`."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + at) for at, byte in enumerate(others)}
    return "".join(letters[byte] for byte in text.encode())


def _python_escapes(text: str) -> str:
    return _FOREIGN.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def _references(text: str) -> str:
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _byte_tokens(text: str) -> str:
    return _BEYOND.sub(lambda found: "".join(f"<0x{byte:02X}>" for byte in found.group().encode()), text)


_ESCAPES = "its characters as escapes such as \\u6f22"

MANGLED: Mapping[str, tuple[Mistake, ...]] = {
    "its UTF-8 read as Latin-1": (_misread("latin-1"), _misread("cp1252")),
    _ESCAPES: (lambda text: json.dumps(text)[1:-1], _python_escapes),
    "its characters as references such as &#28450;": (_references, html.escape),
    "the pieces of the model's vocabulary in place of its text": (
        _pieces,
        _byte_tokens,
        lambda text: text.replace(" ", "▁"),
    ),
    "its spaces lost": (lambda text: text.replace(" ", ""),),
}
"""Mistakes that write the whole text otherwise, by what is seen of each."""

DROPPED: Mapping[str, tuple[Mistake, ...]] = {
    "its emoji lost": (lambda text: _BEYOND.sub("", text),),
    "question marks in place of its emoji": (lambda text: _BEYOND.sub("?", text), lambda text: _BEYOND.sub("??", text)),
    "all beyond ASCII lost": (lambda text: _FOREIGN.sub("", text),),
    "question marks in place of all beyond ASCII": (lambda text: _FOREIGN.sub("?", text),),
}
"""Mistakes that lose characters for good, by what is seen of each."""


def _in_lower_case(text: str) -> str:
    """The text with its hexadecimal digits, and only these, in lower case."""
    return _HEXADECIMAL.sub(lambda found: found.group().lower(), text)


def damage(line: str, text: str, mistakes: Mapping[str, tuple[Mistake, ...]]) -> str:
    """In words, which of the mistakes made `text` of `line`; empty where it is whole, or nothing explains it."""
    if line in text:
        return ""
    seen, quoted = _in_lower_case(text), "```" in text or text.lstrip().startswith('"')
    for words, made in mistakes.items():
        left = (one(line).strip() for one in made)
        if quoted and words == _ESCAPES:
            continue  # the model itself wrote the text as JSON or code
        if any(len(one) >= _FEWEST and not line.startswith(one) and _in_lower_case(one) in seen for one in left):
            return words  # a text that only ends early was cut
    return ""


_BROKEN = re.compile("[\ufffd\ud800-\udfff]")


def letters_lost(asked: str, text: str) -> bool:
    """Whether a text is one that was to be repeated, but for what stands in place of its characters beyond ASCII."""
    said = text.strip()
    plain = _FOREIGN.sub("", said).strip()
    return bool(_BROKEN.search(said)) and len(plain) >= _FEWEST and _FOREIGN.sub("", asked).strip().endswith(plain)
