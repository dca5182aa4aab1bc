"""Text that an endpoint controls, made safe to show: what cannot be seen is written as an escape.

Nothing is dropped in silence: a control character, a direction override or a lone surrogate is part of the evidence.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SUSPECT = re.compile(r"[^\x20-\x7e\n\t\u00a1-\u00ac\u00ae-\u024f\u4e00-\u9fff\u3040-\u30ff\uac00-\ud7a3]")
_NOT_ID = re.compile(r"[^A-Za-z0-9._-]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()+!|~$])")
_REFERENCE = re.compile(r"(://|www|[@#])")  # what trackers turn into links and mentions
_CUT = re.compile(r"… \(([\d,]{1,15}) characters\)\Z")  # a text that was cut before keeps its first length
_JOINERS = frozenset({"\u200c", "\u200d"})  # at home in Persian, Indic scripts and emoji


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if unicodedata.category(char) not in _UNSEEN_CATEGORIES or char in _JOINERS:
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str) -> str:
    """Write control characters (save newline and tab), direction marks and lone surrogates as escapes."""
    return _SUSPECT.sub(_escape, text)


def one_line(text: str, most: int = 0) -> str:
    """The text on one line, invisible characters escaped, at most `most` characters (0: all)."""
    return cut(visible(text).replace("\n", "\\n").replace("\t", "\\t"), most)


def brief(text: str, most: int = 300) -> str:
    """A text as one short line of a sentence: control characters as blanks, at most `most` characters."""
    shown = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def quote(value: Any, most: int = 200) -> str:
    """A JSON value as people read it, for a sentence: strings in double quotes, long ones shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= most else text[:most] + "…"


def cut(text: str, most: int) -> str:
    """At most `most` characters (0: all) of a text, with a word on how long the whole is."""
    if not most or len(text) <= most:
        return text
    before = _CUT.search(text, len(text) - 40)
    whole = before[1] if before else f"{len(text):,}"
    return f"{text[:most]}… ({whole} characters)"


def slug(text: str) -> str:
    """A text as an HTML id: letters, digits, `-` and `_` alone."""
    return _NOT_ID.sub("-", text)[:120].strip("-") or "x"


def markdown(text: str, most: int = 0) -> str:
    """The text on one line, with all that Markdown or HTML would act on made harmless."""
    plain = one_line(text, most).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _REFERENCE.sub("\\1\u200b", _MARKDOWN.sub(r"\\\1", plain))


def code(text: str, most: int = 0) -> str:
    """The text as a Markdown code span that it cannot leave, fit for a table cell."""
    plain = one_line(text, most).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if not plain or plain[0] in "` " or plain[-1] in "` " else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def fence(text: str, language: str = "") -> str:
    """The text as a Markdown code block that it cannot leave."""
    plain = visible(text)
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{plain}\n{fence}"


def link(url: str) -> str:
    """The address if a browser may follow it: http and https alone; else nothing."""
    plain = url.strip()
    return plain if re.match(r"https?://[^\s\"'<>\\]+\Z", plain, re.IGNORECASE) and visible(plain) == plain else ""
