"""The scripted model: a validated chat request in, an answer in tokens out. Equal requests get equal answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.reference.engine import replies, tokens
from conformance.reference.engine.samples import Sampler
from conformance.reference.engine.tool_calls import ToolCall, calls_of, choose_tools
from conformance.reference.model_list import ModelCard

tokenize = tokens.tokenize
_IMAGE_TOKENS = 85
_THOUGHT = (
    "The user wants an answer, so I look at what was asked, check which facts are given, decide what matters most, "
    "think about how long the reply should be, and then write it down plainly."
)


@dataclass(frozen=True)
class ScriptedAnswer:
    """What one choice says: tokens, so that limits, logprobs and usage agree."""

    reasoning: tuple[str, ...]
    content: tuple[str, ...] | None
    calls: tuple[ToolCall, ...]
    finish: str

    @property
    def text(self) -> str | None:
        """The visible text, null for pure tool calls."""
        return None if self.content is None else "".join(self.content)

    @property
    def completion_tokens(self) -> int:
        """Tokens produced, the thinking included."""
        spent = len(self.reasoning) + len(self.content or ())
        return spent + sum(tokens.count(call.name) + tokens.count(call.arguments) + 2 for call in self.calls)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of the prompt: every message with its overhead, images and tool definitions."""
    total = 3
    for message in body["messages"]:
        total += 4 + tokens.count(replies.text_of(message)) + _IMAGE_TOKENS * len(replies.images_of(message))
        for call in message.get("tool_calls") or ():  # ids are random and must not count
            total += 2 + tokens.count(call["function"]["name"]) + tokens.count(call["function"]["arguments"])
    return total + (tokens.count(json.dumps(body["tools"])) if body.get("tools") else 0)


def answer(body: Mapping[str, Any], card: ModelCard) -> ScriptedAnswer:
    """Answers a validated request, within its limits.

    Args:
        body: the chat request without null members.
        card: the model that answers.
    """
    reasoning = tokenize(_THOUGHT) if card.thinks and body.get("reasoning_effort") != "none" else ()
    calls = _calls(body, card)
    content = None if calls else tokenize(_cut(_text(body, card), body.get("stop")))
    finish = "tool_calls" if calls and not isinstance(body.get("tool_choice"), dict) else "stop"
    return _limited(ScriptedAnswer(reasoning, content, tuple(calls), finish), _limit(body, card))


def _limit(body: Mapping[str, Any], card: ModelCard) -> int:
    limit = body.get("max_completion_tokens", body.get("max_tokens", card.max_output_length))
    return min(int(limit), card.max_output_length)


def _calls(body: Mapping[str, Any], card: ModelCard) -> list[ToolCall]:
    tools, choice = body.get("tools") or [], body.get("tool_choice", "auto")
    if not tools or choice == "none":
        return []
    several = body.get("parallel_tool_calls", True) is not False
    prompt = replies.last_user_text(body["messages"])
    made = [call for function in _functions(body, card) for call in calls_of(function, prompt, several=several)]
    return made if several else made[:1]


def _functions(body: Mapping[str, Any], card: ModelCard) -> Sequence[Mapping[str, Any]]:
    """The functions to call: none, one that is forced, or those that the prompt is about."""
    tools, choice = body["tools"], body.get("tool_choice", "auto")
    if isinstance(choice, dict) and choice.get("type") == "function":
        return [tool["function"] for tool in tools if tool["function"]["name"] == choice["function"]["name"]]
    if isinstance(choice, dict):
        tools, choice = choice["allowed_tools"]["tools"], choice["allowed_tools"].get("mode", "auto")
        names = {tool["function"]["name"] for tool in tools}
        tools = [tool for tool in body["tools"] if tool["function"]["name"] in names]
    prompt = replies.last_user_text(body["messages"])
    about = choose_tools(tools, prompt) if card.obeys and not replies.is_dictated(prompt) else []
    if choice == "required":
        return about or [tools[0]["function"]]
    answered = body["messages"][-1]["role"] in ("tool", "function")
    return [] if answered else about


def _text(body: Mapping[str, Any], card: ModelCard) -> str:
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        schema = form["json_schema"].get("schema") or {"type": "object"}
        return json.dumps(Sampler(schema).value(), ensure_ascii=False)
    if form.get("type") == "json_object":
        return replies.json_answer(replies.last_user_text(body["messages"])) if card.obeys else '{"fruit": "banana"}'
    return replies.reply(list(body["messages"])) if card.obeys else replies.OFF_TOPIC


def _cut(text: str, stop: str | Sequence[str] | None) -> str:
    stops = [stop] if isinstance(stop, str) else list(stop or ())
    ends = [text.find(each) for each in stops if each and each in text]
    return text[: min(ends)] if ends else text


def _limited(full: ScriptedAnswer, limit: int) -> ScriptedAnswer:
    """The answer with at most `limit` tokens: thinking first, then text, then calls."""
    if full.completion_tokens <= limit:
        return full
    reasoning = full.reasoning[:limit]
    left = limit - len(reasoning)
    content = None if full.content is None else full.content[:left]
    return ScriptedAnswer(
        reasoning,
        content if full.content is not None else (None if left else ()),
        _cut_calls(full.calls, left),
        "length",
    )


def _cut_calls(calls: Sequence[ToolCall], left: int) -> tuple[ToolCall, ...]:
    kept: list[ToolCall] = []
    for call in calls:
        left -= tokens.count(call.name) + 2
        if left < 0:
            break
        pieces = tokenize(call.arguments)[:left]
        left -= len(pieces)
        kept.append(ToolCall(call.name, "".join(pieces), call.id))
    return tuple(kept)
