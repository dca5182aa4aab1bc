"""The server's own words about a failure, whatever the shape of the body in which they stand.

The one place that knows: findings, the probe, the capability matrix and the report all show what is found here.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from conformance.text import brief
from conformance.wire import strict_json

LONGEST = 200
"""Characters of a server's words that are shown; the whole lies in the recording."""

_LOOKED_AT = 20_000
"""Bytes or characters in which words are looked for."""

_TELLING = ("message", "error", "detail", "msg", "error_description", "description", "errors", "reason", "title",
            "error_message", "errorMessage", "errormsg", "error_msg", "innererror", "fault", "faultstring", "Message",
            "raw", "metadata", "cause", "body", "data", "response", "result", "status")  # fmt: skip
"""Members that hold words for people, or lead to them, the most telling first."""

_BLANK = re.compile(r"(provider|upstream)( has)? (returned|responded with)?( an?)? ?error", re.IGNORECASE)
_DEEPEST = 8
_MOST_PARTS = 3
_MOST_MESSAGES = 20
_TAG = re.compile(r"<[^<>]{0,2000}>")
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{1,2000})", re.IGNORECASE)
_HEADING = re.compile(r"<h[1-3][^<>]{0,200}>([^<]{1,2000})", re.IGNORECASE)
_HIDDEN = ("script", "style")
_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")
_FIELD = re.compile(rb"(?:event:[^\n]{0,200}\r?\n)?data:[ ]?([^\r\n]*)")


def words_in_body(content: bytes, *, most: int = LONGEST) -> str:
    """What a body says of a failure, on one line and shortened; empty where it says nothing.

    JSON is searched for its message, deep if need be; JSON without one is shown itself. Of a page there is the title
    or a heading, of an event stream the first event, of anything else the text.
    """
    event = _FIELD.match(content.lstrip()[:_LOOKED_AT])
    document = strict_json.parse_json(event[1] if event else content)
    if document.readable and isinstance(document.value, dict | list | str):
        return words_in_value(document.value, most=most)
    begins = content[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    text = (event[1] if event else content)[:_LOOKED_AT].decode("utf-8", "replace")
    return brief(_of_page(text) if begins.startswith(_PAGE) else text, most)


def words_in_value(value: Any, *, most: int = LONGEST) -> str:
    """What the JSON value of a body, or of its `error`, says of a failure; as `words_in_body`."""
    found = list(islice(_messages(value, _DEEPEST), _MOST_MESSAGES))
    said = next((one for one in found if not is_blank(one)), found[0] if found else "")
    if not said and value not in ({}, [], "", None):
        said = json.dumps(value, ensure_ascii=False)
    return brief(said[:_LOOKED_AT], most)


def is_blank(message: str) -> bool:
    """Whether a message only says that something failed behind the endpoint, not what."""
    return _BLANK.fullmatch(message.strip(" .!")) is not None


def _messages(value: Any, depth: int) -> Iterator[str]:
    """The texts in which a value says what failed, the most telling first."""
    if isinstance(value, str):
        inner = strict_json.parse_json(value).value if depth and value.lstrip().startswith("{") else None
        yield from _messages(inner, depth - 1) if isinstance(inner, dict) else ()
        yield from [value] if value.strip() else []
    elif depth and isinstance(value, list):
        parts = [said for one in value[:_MOST_PARTS] if (said := next(_messages(one, depth - 1), ""))]
        yield from ["; ".join(parts)] if parts else []
    elif depth and isinstance(value, dict):
        yield from _of_object(value, depth)


def _of_object(value: dict[str, Any], depth: int) -> Iterator[str]:
    where = value.get("loc")  # FastAPI: {"loc": ["body", "tool_choice"], "msg": "Input should be …"}
    if isinstance(where, list) and isinstance(value.get("msg"), str):
        yield f"{'.'.join(str(step) for step in where)}: {value['msg']}"
    for name in _TELLING:
        if name in value:
            yield from _messages(value[name], depth - 1)


def _of_page(text: str) -> str:
    title = _TITLE.search(text) or _HEADING.search(text)
    if title and title[1].strip():
        return html.unescape(title[1])
    for name in _HIDDEN:
        text = _without_element(text, name)
    return html.unescape(_TAG.sub(" ", text))


def _without_element(text: str, name: str) -> str:
    """The text of a page without the elements of a name; by hand, for a page may be made to slow a pattern down."""
    lowered, kept, at = text.lower(), [], 0
    while (begin := lowered.find(f"<{name}", at)) >= 0:
        kept.append(text[at:begin])
        end = lowered.find(f"</{name}", begin)
        if end < 0:
            return "".join(kept)
        at = end
    return "".join([*kept, text[at:]])
