"""What is optional may be refused, if the refusal says what it is about."""

from __future__ import annotations

import re
from typing import Any

from conformance.api.answer import Answer, Trouble
from conformance.api.errors import ErrorResponse
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import broken, gather
from conformance.checks.wording import list_values
from conformance.model import Request
from conformance.model.location import Location

_NAMED_BY = {
    "tools": "tool|function",
    "response_format": "response.?format|json|schema|structured|grammar|format",
    "logprobs": "log.?prob",
    "reasoning_effort": "reason|think|effort",
    "n": r"\bn\b|choice|candidate|best_of",
    "stop": "stop",
    "seed": "seed",
    "echo": "echo",
    "dimensions": "dimension",
    "encoding_format": "encoding|base64",
}
"""The parameters that an endpoint need not offer, and the words by which a refusal names each."""

_PICTURE = "image|picture|vision|visual|modal|content|text"
_IN_EVERY_REQUEST = {"model", "messages", "prompt", "input", "stream"}


def _pictures(request: Request) -> bool:
    messages = request.param("messages")
    contents = [one.get("content") for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return any(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


def _asks(name: str, value: Any) -> bool:
    """Whether a value asks for more than leaving the parameter out."""
    return bool(value) and not (name == "n" and value == 1) and value not in ("none", "float", {"type": "text"})


def _optional(request: Request) -> dict[str, str]:
    """What a request asks for that an endpoint need not offer, and the words for it."""
    asked = {name: words for name, words in _NAMED_BY.items() if _asks(name, request.param(name))}
    return asked | ({"image_url": _PICTURE} if _pictures(request) else {})


_BESIDE = {"max_tokens", "max_completion_tokens", "temperature", "tool_choice", "top_logprobs", "stream_options"}


def _is_alone(request: Request, asked: dict[str, str]) -> bool:
    """Whether a chat of one user message asks for one thing that is optional: a refusal can mean nothing else."""
    messages = request.param("messages")
    simple = isinstance(messages, list) and [isinstance(one, dict) and one.get("role") for one in messages] == ["user"]
    return simple and len(asked) == 1 and set(request.json) <= {*_IN_EVERY_REQUEST, *_BESIDE, *asked}


def _is_refused(answer: Answer) -> bool:
    request = answer.request
    valid = request.invalid is None and request.auth == "key" and isinstance(request.json, dict)
    told = answer.trouble is not None and answer.trouble[0] is Trouble.REFUSED and bool(answer.own_words)
    return valid and told and bool(request.needs or request.refusable)


def _operation(answer: Answer) -> tuple[str, str]:
    return answer.exchange.model, answer.request.path.partition("?")[0]


def _names(error: ErrorResponse, words: str) -> bool:
    """Whether a refusal names what is optional, or another member that it may be about."""
    others = [name for name in error.request.json if name not in _IN_EVERY_REQUEST and len(name) > 1]
    return re.search("|".join([words, *map(re.escape, others)]), error.words) is not None


@check("error.refusal.named", shown_by=("chat.basic",))
def test_the_refusal_of_an_option_names_it(run: Run) -> None:
    answered = {_operation(one) for one in run.answers if one.exchange.ok}
    with gather("nothing that is optional was refused by itself") as found:
        for one in run.answers:
            asked = _optional(one.request) if _is_refused(one) and _operation(one) in answered else {}
            error = ErrorResponse(one.exchange)
            if _is_alone(one.request, asked) and not error.blank:
                with found.each():
                    if not _names(error, *asked.values()):
                        wanted = f"a refusal that names {list_values(asked)}, or an answer"
                        raise broken(wanted, error.said, Location.body(), exchange=one.exchange.id)
