"""What shows that a capability is there: each proof looks at the answer to the capability's offer request."""

from __future__ import annotations

import re
from typing import Any

from conformance.api.answer import Answer
from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.chat.tools import CUT, at_limit, declared_functions, is_call_forced
from conformance.catalogue.capabilities import proof
from conformance.catalogue.pictures import draw_bulky_picture
from conformance.checks.expectations import broken, conclusive, shown
from conformance.checks.heuristics.markup import call_thought_in
from conformance.checks.outcomes import Inconclusive
from conformance.model import Request
from conformance.model.location import Location
from conformance.wire import strict_json

Json = dict[str, Any]

_RED = re.compile(r"\bred(?:dish)?\b", re.IGNORECASE)
_QUOTED = 24
"""Letters of a picture's data that nobody writes who did not read them."""

_LETTERS_PER_TOKEN = 4
"""Letters of base64 to a token, at most."""

FEWEST_PICTURE_TOKENS = 50
"""Prompt tokens that the question about a 256×256 picture costs at least where the picture is counted; the words alone
cost about twenty."""


def _wants_a_schema(request: Request) -> bool:
    """Whether nothing but a schema asks for JSON: no word of the prompt does."""
    wanted = request.param("response_format")
    asked = isinstance(wanted, dict) and wanted.get("type") == "json_schema"
    return asked and "json" not in str(request.param("messages")).lower()


def _counts_streams(request: Request) -> bool:
    options = request.param("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    return asked and request.expects == "stream"


def _pictures(request: Request) -> list[Json]:
    messages = request.param("messages") or []
    contents = [one.get("content") for one in messages if isinstance(one, dict)]
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict)]
    shown_ones = [part.get("image_url") or {} for part in parts if part.get("type") == "image_url"]
    return [one if isinstance(one, dict) else {} for one in shown_ones]


def _shows_pictures(request: Request) -> bool:
    return bool(_pictures(request))


def _whole(reply: Reply) -> Choice:
    """The first choice, where the model neither refused nor was cut."""
    choice = next(iter(reply.choices), None)
    if choice is None or choice.refusal or choice.finish_reason in {"length", "content_filter"}:
        raise Inconclusive("the model refused, or ran out of tokens")
    return choice


@proof("tools", asks=lambda request: bool(declared_functions(request)))
def calls_the_tool(reply: Reply) -> bool:
    """A required tool was called; a call that stands in the reasoning only is the business of tools.required.

    Where nothing demands a call, or the limit ended the answer, that none came tells nothing.
    """
    conclusive(reply.choices, "the answer holds no choice")
    if any(choice.tool_calls for choice in reply.choices):
        return True
    names = frozenset(declared_functions(reply.request))
    thought = any(call_thought_in(choice, names) for choice in reply.choices)
    conclusive(not thought, "the call stands in the reasoning: tools.required")
    conclusive(is_call_forced(reply.request), "the model was free to call, and did not")
    cut = at_limit(reply) or any(choice.finish_reason in CUT for choice in reply.choices)
    conclusive(not cut, "the answer was cut before a call")
    return False


@proof("parallel_tools", asks=lambda request: request.asks("parallel_tool_calls"))
def calls_twice(reply: Reply) -> bool:
    """One answer holds two calls; a model may also go one by one."""
    calls = max((len(choice.tool_calls) for choice in reply.choices), default=0)
    conclusive(calls or not (isinstance(reply, ChatStream) and reply.error_events), "the stream failed")
    conclusive(calls != 1, "the model called one tool only")
    return calls > 1


def _brings_json(reply: Reply) -> bool:
    """Whether JSON is anywhere in the content; what is wrong with it, or around it, rows of structured output say."""
    content = _whole(reply).message.get("content")
    if not isinstance(content, str):
        return isinstance(content, dict | list)
    document = strict_json.parse_json(content)
    return "{" in content or (document.whole and not isinstance(document.value, str))


@proof("json_object")
def is_an_object(reply: Reply) -> bool:
    """The content brings JSON, which the prompt did not ask for."""
    return _brings_json(reply)


@proof("json_schema", asks=_wants_a_schema)
def fits_the_schema(reply: Reply) -> bool:
    """The content brings JSON, which only the schema asked for."""
    return _brings_json(reply)


@proof("logprobs", asks=lambda request: request.param("logprobs") is True)
def has_logprobs(reply: Reply) -> bool:
    """Some choice has entries."""
    conclusive(reply.choices, "the answer holds no choice")
    return any(choice.logprobs for choice in reply.choices)


@proof("reasoning", asks=lambda request: request.param("reasoning_effort") is not None)
def has_thought(reply: Reply) -> bool:
    """There is reasoning text, or tokens were spent on it."""
    details = (reply.usage or {}).get("completion_tokens_details")
    spent = details.get("reasoning_tokens") if isinstance(details, dict) else None
    shown = any(one.reasoning or one.message.get("reasoning_details") or _tagged(one) for one in reply.choices)
    return bool(shown or spent)


def _tagged(choice: Choice) -> bool:
    return (choice.content or "").lstrip().startswith(("<think", "<reasoning"))


@proof("vision", asks=_shows_pictures)
def sees_red(reply: Reply) -> bool:
    """The colour is named; a picture that is neither named nor counted was dropped, or its URL came as text."""
    counted, pictures = (reply.usage or {}).get("prompt_tokens"), _pictures(reply.request)
    _judge_letters(reply, counted if isinstance(counted, int) else 0, pictures)
    if any(_RED.search(choice.content or "") for choice in reply.choices):
        return True
    dropped = isinstance(counted, int) and counted < FEWEST_PICTURE_TOKENS
    conclusive(dropped, "the model does not name the colour")
    return False


def _judge_letters(reply: Reply, counted: int, pictures: list[Json]) -> None:
    """A picture that was read as letters is quoted, or counts as many tokens as its letters make."""
    urls = [str(one.get("url")) for one in pictures]
    for url in urls:
        data = url.partition(";base64,")[2][:_QUOTED]
        if len(data) == _QUOTED and any(data in (choice.content or "") for choice in reply.choices):
            raise broken("the picture", f"the URL of the picture was read as text: the answer quotes {shown(data)}")
    letters = sum(map(len, urls))
    if urls and all(url == draw_bulky_picture() for url in urls) and counted >= letters // _LETTERS_PER_TOKEN:
        words = f"{counted} prompt_tokens for {letters} letters of URL: the picture was read as text"
        conclusive(all(one.get("detail") == "low" for one in pictures), words)  # in detail some count as much
        raise broken("the picture", words, Location.at("/usage/prompt_tokens"))


@proof("n", asks=lambda request: request.asks("n", value=2))
def has_two_choices(reply: Reply) -> bool:
    """Two choices came back."""
    return len(reply.choices) == 2


@proof("stop")
def stops_half_way(reply: Reply) -> bool:
    """The count ends before the stop sequence."""
    text = (reply.choices[0].content or "") if reply.choices else ""
    conclusive("5" in text or "4" in text, "the model did not count that far")
    return "5" not in text


@proof("stream_usage", asks=_counts_streams)
def has_usage(reply: Reply) -> bool:
    """Some chunk carries usage."""
    return reply.usage is not None


def _first(answer: Answer, name: str) -> dict[str, Any]:
    """The first object of a list in the body, or an empty one."""
    items = answer.body.get(name)
    return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}


@proof("embeddings", asks=lambda request: request.expects == "embeddings")
def has_a_vector(answer: Answer) -> bool:
    """The first entry of data holds a vector."""
    if not _first(answer, "data").get("embedding"):
        raise broken("an embedding", "200, and no embedding in data", Location.at("/data/0/embedding"))
    return True


@proof("completions", asks=lambda request: request.expects == "text_completion")
def has_text(answer: Answer) -> bool:
    """The first choice holds text."""
    if not isinstance(_first(answer, "choices").get("text"), str):
        raise broken("text", "200, and no text in the first choice", Location.at("/choices/0/text"))
    return True


@proof("responses", asks=lambda request: request.expects == "response")
def has_output(answer: Answer) -> bool:
    """The response holds output, or says that it is not complete."""
    if not isinstance(answer.body.get("output"), list):
        raise broken("output", "200, and no list of output", Location.at("/output"))
    return True
