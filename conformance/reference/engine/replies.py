"""What the scripted model says in text: a few readable rules from prompt to answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

Message = Mapping[str, Any]

OFF_TOPIC = "Bananas grow in bunches and turn yellow while they ripen, which has little to do with anything else."
_ECHO = re.compile(
    r"\A\s*(?:please\s+)?(?:repeat|say|output|print|write|answer|reply|respond|return)\b"
    r"[^:\n]{0,60}?\b(?:exactly|verbatim|after me)\b"
    r"(?:[^:\n]{0,80}:|\s)\s*(.+)\Z",
    re.IGNORECASE | re.DOTALL,
)
_COUNT = re.compile(
    r"\b(?:count|numbers)\b.*?\b(?:from\s+(\d+)\s+)?(?:up\s+)?to\s+(\d+|ten|twenty|fifty|(?:a|one) hundred)\b",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(
    r"\b(?:only|just|single|one)\s+(?:with\s+)?(?:the\s+)?(?:single\s+|one\s+)?word[:,]?\s+[\"'`“]?(\w+)", re.IGNORECASE
)
_NUMBERS = {"ten": 10, "twenty": 20, "fifty": 50, "a hundred": 100, "one hundred": 100}
_LONG = re.compile(
    r"\b(story|essay|poem|paragraphs?|long|detail|explain|describe|article|\d{2,4} words)\b", re.IGNORECASE
)
_SUM = re.compile(r"(\d+)\s*(?:\+|plus)\s*(\d+)", re.IGNORECASE)
_LIST = re.compile(r"\blist\b|\bname\s+(?:\w+)\s+\w+s\b", re.IGNORECASE)
_JSON_KEY = re.compile(r"[\"'`“](\w{1,40})[\"'`”]|\bkeys?\s+(?:named\s+|called\s+)?(\w+)", re.IGNORECASE)
_SHOUTED = re.compile(r"\b[A-Z][A-Z0-9]{3,}\b")
_SENTENCES = (
    "The river left the mountains slowly and carried the first light of the morning with it.",
    "Every village on the way kept a small bridge and a story about who had built it.",
    "People crossed with bread, letters and news, and the water listened without an opinion.",
    "In summer the children counted boats, and in winter they counted the days until summer.",
    "Nothing much happened, and that was the best thing that anybody could say about the place.",
    "At the end the river met the sea, and neither of them could tell where the other began.",
)


def text_of(message: Message) -> str:
    """The text of a message whose content is a string, parts or null."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "".join(
        str(part.get("text", "")) for part in parts if isinstance(part, Mapping) and part.get("type") == "text"
    )


def images_of(message: Message) -> list[str]:
    """The image URLs of a message."""
    parts = message.get("content")
    if not isinstance(parts, list):
        return []
    return [part["image_url"]["url"] for part in parts if part.get("type") == "image_url"]


def last_user_text(messages: Iterable[Message]) -> str:
    """The text of the last user message, or `""`."""
    return next((text_of(each) for each in reversed(list(messages)) if each.get("role") == "user"), "")


def reply(messages: list[Message]) -> str:
    """The obedient model's answer in text."""
    results = _tool_results(messages)
    if results:
        return "The tool answered: " + "; ".join(results)
    prompt = last_user_text(messages)
    for rule in (_echo, _word, _greeting, _count, _sum, _json, _picture_rule(messages), _long, _numbered):
        answer = rule(prompt)
        if answer is not None:
            return answer
    return _chat(prompt, messages)


def _tool_results(messages: list[Message]) -> list[str]:
    results: list[str] = []
    for message in reversed(messages):
        if message.get("role") not in ("tool", "function"):
            break
        results.insert(0, text_of(message))
    return results


def _echo(prompt: str) -> str | None:
    found = _ECHO.match(prompt)
    return found.group(1) if found else None


def is_dictated(prompt: str) -> bool:
    """Whether a prompt says which words the answer is to be, so that no tool has anything to add."""
    return _ECHO.match(prompt) is not None


def _word(prompt: str) -> str | None:
    found = _WORD.search(prompt)
    return found.group(1) if found else None


def _greeting(prompt: str) -> str | None:
    return (
        "Hi there! How can I help you?"
        if re.match(r"\s*(say )?(hi|hello|hey)\b", prompt, re.IGNORECASE) and len(prompt) < 40
        else None
    )


def _count(prompt: str) -> str | None:
    found = _COUNT.search(prompt)
    if not found:
        return None
    first, last = int(found.group(1) or 1), found.group(2).lower()
    end = _NUMBERS.get(last) or int(last)
    between = (
        "\n"
        if re.search(r"\bline", prompt, re.IGNORECASE)
        else " "
        if re.search(r"\bspaces?\b", prompt, re.IGNORECASE)
        else ", "
    )
    return between.join(str(number) for number in range(first, min(end, first + 2000) + 1))


def _sum(prompt: str) -> str | None:
    found = _SUM.search(prompt)
    return f"{int(found.group(1)) + int(found.group(2))}" if found else None


def _json(prompt: str) -> str | None:
    return json_answer(prompt) if re.search(r"\bjson\b", prompt, re.IGNORECASE) else None


def json_answer(prompt: str) -> str:
    """A JSON object with the keys that the prompt names, or one of our own."""
    keys = [quoted or bare for quoted, bare in _JSON_KEY.findall(prompt)]
    keys = [key for key in dict.fromkeys(keys) if key.lower() not in ("json", "and", "with", "the", "object")]
    return json.dumps(dict.fromkeys(keys, "value") if keys else {"answer": "ok"})


def _picture_rule(messages: list[Message]) -> Any:
    images = [url for message in messages[-1:] for url in images_of(message)]

    def rule(_prompt: str) -> str | None:
        if not images:
            return None
        from conformance.reference.engine.pictures import colour_of

        seen = " and ".join(colour_of(url) for url in images)
        return f"The picture is {seen}."

    return rule


def _long(prompt: str) -> str | None:
    if not _LONG.search(prompt):
        return None
    wanted = re.search(r"(\d{2,4}) words", prompt)
    words = int(wanted.group(1)) if wanted else 240
    rounds = 1 + words // sum(len(sentence.split()) for sentence in _SENTENCES)
    return "\n\n".join(" ".join(_SENTENCES) for _ in range(rounds))


def _numbered(prompt: str) -> str | None:
    if not _LIST.search(prompt):
        return None
    return "\n".join(f"{number}. Item number {number}" for number in range(1, 11))


def _chat(prompt: str, messages: list[Message]) -> str:
    said = [text_of(each) for each in messages if each.get("role") == "user"][:-1]
    orders = [
        word
        for each in messages
        if each.get("role") in ("system", "developer")
        for word in _SHOUTED.findall(text_of(each))
    ]
    earlier = f" Earlier you said: {' '.join(said)}" if said else ""
    return " ".join(["You asked:", " ".join(prompt.split())[:400] or "nothing", *orders]) + earlier
