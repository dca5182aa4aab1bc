"""Faults in numbers and names: tokens counted otherwise, integers with a decimal point, names of layers below."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.reference.faults import edits
from conformance.reference.faults.letters import plain
from conformance.reference.faults.registry import Seam, When, fault
from conformance.reference.server.call import Call, Json, Reply

_CHAT = ("chat",)


def _several(call: Call) -> bool:
    return (call.sent.get("n") or 1) > 1


def _parts(answer: Json | list[Json]) -> list[Json]:
    return answer if isinstance(answer, list) else [answer]


def _said(answer: Json | list[Json]) -> str:
    """The text of all choices."""
    choices = [choice for part in _parts(answer) for choice in part["choices"]]
    return "".join((choice.get("message") or choice["delta"]).get("content") or "" for choice in choices)


def _counts(name: str, summary: str, count: Callable[[Json, str], Json], when: When = edits.accepted) -> None:
    """Counts anew: the usage as it was, and the text, give the counts that are other."""

    def apply(answer: Any, _call: Call) -> Any:
        for part in _parts(answer):
            if part.get("usage"):
                usage = {**part["usage"], **count(part["usage"], _said(answer))}
                part["usage"] = {**usage, "total_tokens": usage["prompt_tokens"] + usage["completion_tokens"]}
        return answer

    fault(name, summary, Seam.BODY, stream=False, when=when)(apply)
    fault(name, summary, Seam.CHUNKS, stream=True, when=when)(apply)


_counts("completion-tokens-one", "completion_tokens is always 1.", lambda _usage, _text: {"completion_tokens": 1})
_counts(
    "completion-tokens-characters",
    "completion_tokens counts characters.",
    lambda _usage, text: {"completion_tokens": len(text) or 1},
    plain,
)
_counts(
    "n-prompt-multiplied",
    "With n the prompt is counted once for each choice.",
    lambda usage, _text: {"prompt_tokens": 2 * usage["prompt_tokens"]},
    _several,
)
_counts(
    "n-output-of-one",
    "With n the output of one choice is counted.",
    lambda usage, _text: {"completion_tokens": usage["completion_tokens"] // 2},
    _several,
)


def _point(name: str, summary: str, members: str, on: tuple[str, ...] = _CHAT) -> None:
    """Writes integers with a decimal point."""
    pattern = re.compile(rb'("(?:%s)": ?\d+)(?=[,\s}])' % members.encode())

    def apply(reply: Reply, _call: Call) -> Reply:
        if reply.frames is not None:
            reply.frames = [pattern.sub(rb"\1.0", frame) for frame in reply.frames]
            return reply
        return reply.become(pattern.sub(rb"\1.0", reply.body))

    fault(name, summary, Seam.REPLY, on=on, when=edits.accepted)(apply)


_point("usage-with-decimal-point", "Counts of tokens are written 12.0.", "prompt_tokens|completion_tokens|total_tokens")
_point("created-with-decimal-point", "created is written 1700000000.0.", "created")
_point("index-with-decimal-point", "Indexes of choices are written 0.0.", "index")
_point("models-created-with-decimal-point", "created of models is written 1.0.", "created", ("models", "model"))


def _members(name: str, summary: str, edit: edits.Edit) -> None:
    fault(name, summary, Seam.BODY, stream=False)(edits.whole(edit))
    fault(name, summary, Seam.CHUNKS, stream=True)(edits.each_chunk(edit))


_members("model-is-a-file", "The model is a path.", lambda body: body.update(model="/srv/models/Qwen2.5-7B.gguf"))
_members(
    "model-is-an-arn", "The model is an ARN.", lambda body: body.update(model="arn:aws:bedrock:us-east-1::model/x")
)
_members("service-tier-on-demand", "service_tier is on_demand.", lambda body: body.update(service_tier="on_demand"))
fault("message-function-call-null", "Messages have function_call null.", Seam.BODY, stream=False)(
    edits.each_message(lambda message: message.update(function_call=None))
)
fault("delta-beside-message", "Choices have a delta beside the message.", Seam.BODY, stream=False)(
    edits.each_choice(lambda choice: choice.update(delta={"content": choice["message"]["content"]}))
)
fault("text-beside-message", "Choices have a text beside the message.", Seam.BODY, stream=False)(
    edits.each_choice(lambda choice: choice.update(text=choice["message"]["content"]))
)


@fault("status-201", "Answers have the status 201.", Seam.REPLY, when=edits.accepted)
def _(reply: Reply, _call: Call) -> Reply:
    reply.status = 201
    return reply
