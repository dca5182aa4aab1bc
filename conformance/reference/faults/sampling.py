"""Faults in parameters, in stop strings, and in the text of any chat answer."""

from __future__ import annotations

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json


def _row(name: str, summary: str, apply: Apply, when: When | None = None) -> None:
    fault(name, summary, Seam.REQUEST, when=when, surface="chat.create")(apply)


def _refused(*names: str) -> None:
    """Each parameter is refused as if nobody had ever heard of it."""
    for name in names:
        apply = edits.refuse(400, f"Unrecognized request argument supplied: {name}")
        _row(f"{name}-refused", f"{name} is refused as unknown.", apply, edits.asks(name))


_refused("temperature", "top_p", "n", "max_completion_tokens", "user")
_row(
    "temperature-and-top_p-together-refused",
    "temperature and top_p are refused together.",
    edits.refuse(400, "`temperature` and `top_p` cannot both be specified for this model."),
    lambda call: {"temperature", "top_p"} <= {name for name, value in call.sent.items() if value is not None},
)
_row(
    "name-refused",
    "A name beside the role is refused.",
    edits.refuse(400, "Additional properties are not allowed ('name' was unexpected)"),
    lambda call: any("name" in each for each in edits.objects(call.sent.get("messages"))),
)
_row(
    "huge-limit-500",
    "A limit above what the model can do ends in a server error.",
    edits.refuse(500, "max_new_tokens exceeds the size of the cache"),
    lambda call: isinstance(call.sent.get("max_tokens"), int) and call.sent["max_tokens"] > 1_000_000,
)


@fault("unknown-role-accepted", "A message of an unknown role is taken for a user's.", Seam.REQUEST, surface="chat")
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if each.get("role") not in ("system", "developer", "user", "assistant", "tool", "function"):
            each["role"] = "user"
    return body


@fault("developer-message-dropped", "Messages of the developer are overlooked.", Seam.REQUEST, surface="chat")
def _(body: Json, _call: Call) -> Json:
    if not isinstance(body.get("messages"), list):
        return body
    kept = [each for each in body["messages"] if not (isinstance(each, dict) and each.get("role") == "developer")]
    return {**body, "messages": kept}


@fault(
    "stop-hit-reported-as-length",
    "An answer that a stop string ends is reported as cut.",
    Seam.CHUNKS,
    stream=True,
    when=edits.asks("stop"),
)
def _(chunks: list[Json], call: Call) -> list[Json]:
    return edits.stream_finish_reason("length", "stop")(chunks, call)  # type: ignore[no-any-return]


@fault(
    "stop-loses-what-begins-like-it",
    "Text that begins like a stop string is held back and never sent.",
    Seam.CHUNKS,
    stream=True,
    when=edits.asks("stop"),
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    texts = [each for each in chunks if any(choice["delta"].get("content") for choice in each["choices"])]
    return [each for each in chunks if each not in texts[-1:]]


def _texts(name: str, summary: str, edit: edits.Edit) -> None:
    """The text of whole answers is changed."""

    def each(message: Json) -> None:
        if message.get("content"):
            message["content"] = edit(message["content"])

    fault(name, summary, Seam.BODY, stream=False, surface="chat.create")(edits.each_message(each))


_texts("control-token-leaks", "A control token stands at the end of the text.", lambda text: f"{text}<|im_end|>")
_texts("leading-space", "The text begins with the space of its first token.", lambda text: f" {text}")
_texts("broken-characters", "Characters that two tokens share are broken.", lambda text: f"{text} caf\ufffd\ufffd")
fault("created-yesterday", "created is a day old.", Seam.BODY, stream=False, surface="chat.create")(
    edits.whole(lambda body: body.update(created=body["created"] - 86_400))
)
fault(
    "stream-id-of-another-form",
    "Ids of streams are of another form than those of whole answers.",
    Seam.CHUNKS,
    stream=True,
)(edits.each_chunk(lambda chunk: chunk.update(id=chunk["id"].replace("chatcmpl-", "gen-"))))
fault("stream-model-differs", "Streams name another model than whole answers.", Seam.CHUNKS, stream=True)(
    edits.each_chunk(lambda chunk: chunk.update(model=f"{chunk['model']}-turbo"))
)
