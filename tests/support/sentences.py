"""What no finding may say: the notation of a language in place of a sentence, or a value without a name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.model import Finding

_SERVERS_WORDS = re.compile(
    r"(?<=\bHTTP \d{3}: ).*|(?<=said so: ).*|(?<=with an error: ).*|(?<=place of a stream: ).*"
    r"|(?<=with an error object: ).*|(?<=`error` is a string: ).*",
    re.DOTALL,
)
_NAMED = re.compile(r"(?<=\ban array: )\[.*|(?<=\ban object: )\{.*", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*(?:"|…|\Z)|`[^`]*`', re.DOTALL)
_WRONG = {
    "a value of Python": re.compile(r"\b(None|True|False)\b"),
    "a text as Python writes it": re.compile(r"(?<![\w])b?'[^']*'(?!\w)"),
    "bytes as Python writes them": re.compile(r"\bb[\"']"),
    "a list or an object without a name": re.compile(r"\A[\[{]|\[(“…”|[-\d])|\bitems \["),
    "the name of a class": re.compile(r"<class|<\w+ object|\b[a-z_]+(\.[a-z_]+)+\.[A-Z]\w+|\b\w+(Error|Exception)\b"),
    "a kind said twice": re.compile(r"\bnull: null|\ba boolean: "),
}
_OF_THE_API = re.compile(
    r"""\{"error": \{[^}]*\}\}|\{"\{\}"|\[DONE\]|choices: ?\[\]|choices \[\]|\{…\}|Expecting '[:,]' delimiter"""
)
"""What the API and a parser of JSON themselves write so."""


def faults_of(text: str) -> Iterator[str]:
    """What is wrong with one side of a finding, in words; the server's own words and what is quoted are no matter."""
    if text.strip() in {"", '""'}:
        yield "an empty text without a name"
    bare = _OF_THE_API.sub("", _SERVERS_WORDS.sub("…", text))
    bare = _QUOTED.sub("“…”", _NAMED.sub("…", bare))
    yield from (what for what, pattern in _WRONG.items() if pattern.search(bare))


def faults_of_finding(finding: Finding) -> list[str]:
    """What is wrong with a finding."""
    said = {"expected": finding.expected, "got": finding.actual, "message": finding.message or "none"}
    return [f"{side} {text[:160]} — {what}" for side, text in said.items() for what in faults_of(text)]
