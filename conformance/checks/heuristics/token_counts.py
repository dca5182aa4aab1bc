"""Counts of tokens against the text that they count: what no tokenizer would make of it."""

from __future__ import annotations

import re
from typing import Any

from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.stream import ChatStream

_DENSEST = 12
"""Characters that a token of prose holds at most, taken over a text of some length."""

_MOST_WORDS = 3
"""Words that no token holds, taken over a text: few vocabularies have tokens of two."""

_LETTERS = re.compile(r"[A-Za-z]+")
_WORD = re.compile(r"\w+")
_RUN = re.compile(r"(.)\1{2,}+|\s+", re.DOTALL)  # possessive: backing out of a run of megabytes takes a hundredfold

_LONG = 60
_WORDY = 20
"""Characters of a text from which on too few tokens show, and as many tokens as characters."""


def count_of(reply: Reply, name: str = "completion_tokens") -> int | None:
    """A count of the usage, or None where there is none that is an integer."""
    count = (reply.usage or {}).get(name)
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def thought(reply: Reply) -> int:
    """The reasoning tokens that the usage tells of; 0 where it tells of none."""
    details = (reply.usage or {}).get("completion_tokens_details")
    count = details.get("reasoning_tokens") if isinstance(details, dict) else None
    return count if isinstance(count, int) else 0


def shows_thinking(reply: Reply) -> bool:
    """Whether the answer shows thinking, in its text or in its counts."""
    return thought(reply) > 0 or any(choice.reasoning for choice in reply.choices)


def countable(reply: Reply) -> bool:
    """Whether there is a count above 0, and text that it counts: the model's own."""
    return bool(count_of(reply)) and any(choice.content for choice in reply.choices) and not _foreign(reply)


def _foreign(reply: Reply) -> bool:
    """Whether others than the model may have written of the text: links, a filter's words, the text to go on from."""
    messages = reply.request.param("messages")
    last = messages[-1] if isinstance(messages, list) and messages else {}
    begun = isinstance(last, dict) and last.get("role") == "assistant"
    filtered = any(choice.finish_reason == "content_filter" for choice in reply.choices)
    return begun or filtered or reply.cites


def describe_miscount(reply: Reply) -> str:
    """In words, how completion_tokens contradict the text; empty where they may be right."""
    return describe_undercount(reply) or characters_counted(reply)


def describe_undercount(reply: Reply) -> str:
    """In words, how completion_tokens are too few for the text; empty where they may be right."""
    count = count_of(reply)
    if not count or _foreign(reply):
        return ""
    text = "".join(choice.content or "" for choice in reply.choices)
    called = [arguments for choice in reply.choices for _, arguments in choice.functions if isinstance(arguments, str)]
    return _fewer_than_entries(count, reply.choices) or _too_few(count, " ".join([text, *called]).strip(), reply)


def _fewer_than_entries(count: int, choices: tuple[Choice, ...]) -> str:
    entries = sum(len(choice.logprobs) for choice in choices if isinstance(choice.logprobs, list))
    return f"{count}, beside log probabilities of {entries} tokens" if entries > count else ""


def _too_few(count: int, text: str, reply: Reply) -> str:
    if "<think" in text or (isinstance(reply, ChatStream) and reply.pieces <= count):
        return ""  # what thinks aloud counts as it likes; a stream of as many pieces repeats its text
    dense, ascii_only = _dense(text)
    shown = any(choice.reasoning and choice.reasoning.strip() not in text for choice in reply.choices)
    spent = count - thought(reply) if shown and count > thought(reply) and not _added(reply) else count
    words, sparse = sum(1 for _ in _WORD.finditer(text)), ascii_only > 0.9 * dense and dense > _DENSEST * spent
    few = words >= _MOST_WORDS * spent or (sparse and (dense > _LONG or words >= 2 * spent))
    spoken = f"{count}, less {count - spent} of reasoning" if spent < count else f"{count}"
    return f"{spoken}, for a text of {len(text)} characters" if few else ""


def _dense(text: str) -> tuple[int, int]:
    """The characters of a text, and those of ASCII, without blanks and with one of each long run: that may be a token.

    They are counted and never put together: a text of megabytes is judged in the memory that it takes.
    """
    dense, ascii_only = len(text), len(text.encode("ascii", "ignore"))
    for found in _RUN.finditer(text):
        left = len(found[1] or "")
        dense -= len(found[0]) - left
        ascii_only -= len(found[0].encode("ascii", "ignore")) - (left if found[0].isascii() else 0)
    return dense, ascii_only


def _added(reply: Reply) -> bool:
    """Whether the total adds the reasoning to the other two counts, as xAI does: then they hold none."""
    prompt, count, total = (count_of(reply, f"{name}_tokens") for name in ("prompt", "completion", "total"))
    return total is not None and total == (prompt or 0) + (count or 0) + thought(reply)


def characters_counted(reply: Reply) -> str:
    """In words, that completion_tokens are the characters of the text; hidden thoughts may make it so by chance."""
    count, text = count_of(reply), "".join(choice.content or "" for choice in reply.choices)
    if not countable(reply) or shows_thinking(reply) or any(choice.tool_calls for choice in reply.choices):
        return ""
    letters = len(text) - len(_LETTERS.sub("", text))
    same = len(text) > _WORDY and 2 * letters > len(text) and count in {len(text), len(text.encode("utf-8", "replace"))}
    return f"{count}, which is the number of characters of the text" if same else ""


_ENDS = 3
"""Tokens that a model may make and nobody sees: those that end its answer."""


def tokens_unseen(reply: Reply) -> bool:
    """Whether the server itself counts tokens of an answer that shows none at all: not the model said nothing."""
    count = (count_of(reply) or 0) - thought(reply)
    shown = any(choice.content or choice.reasoning or choice.refusal or choice.tool_calls for choice in reply.choices)
    return count > _ENDS * max(len(reply.choices), 1) and not shown


_FEWEST_NUMBERS = 3
"""Numbers in a row that nobody writes by chance."""

_NUMBER = re.compile(r"\d+")


def is_midway(text: str, last: int = 100) -> bool:
    """Whether a text counts on, one by one, and has not come to its last number: what was asked for, and cut."""
    numbers = [int(one) for one in _NUMBER.findall(text[:1000])]
    in_row = numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False
    return in_row and len(numbers) >= _FEWEST_NUMBERS and numbers[-1] < last


def fills(limit: int, text: str, pieces: int, count: Any) -> bool:
    """Whether a text surely took every token of its limit, so that none of those that are counted ended it.

    Args:
        limit: the tokens that there might be.
        text: what was said.
        pieces: in how many pieces of text, or entries of log probabilities, it came.
        count: the tokens that are counted, without those of reasoning, if any are.
    """
    known = isinstance(count, int)
    by_token = not (known and pieces > count)  # else the pieces are none of tokens, and tell nothing of them
    return (by_token and pieces >= limit) or (known and count > limit) or is_midway(text)
