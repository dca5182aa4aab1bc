"""Faults in whole conversations: who may begin and end them, what may be empty, and which texts get lost."""

from __future__ import annotations

from collections.abc import Callable

from conformance.reference.faults import Apply, Call, Json, Seam, When, edits, fault

_ORDERS = ("system", "developer")


def _messages(call: Call) -> list[Json]:
    return edits.objects(call.sent.get("messages"))


def _speakers(call: Call) -> list[str]:
    """The roles of a conversation, those who give orders left out."""
    return [str(each.get("role")) for each in _messages(call) if each.get("role") not in _ORDERS]


def _refused(name: str, summary: str, text: str, when: When) -> None:
    fault(name, summary, Seam.REQUEST, when=when, surface="chat.create")(edits.refuse(400, text))


_refused(
    "system-only-refused",
    "A conversation without a message of the user is refused.",
    "messages: at least one message is required",
    lambda call: bool(_messages(call)) and not _speakers(call),
)
_refused(
    "assistant-first-refused",
    "A conversation that the assistant begins is refused.",
    "A conversation must start with a user message.",
    lambda call: _speakers(call)[:1] == ["assistant"],
)
_refused(
    "assistant-last-refused",
    "A conversation that the assistant ends is refused.",
    "Expected last role User or Tool but got assistant",
    lambda call: _speakers(call)[-1:] == ["assistant"],
)
_refused(
    "user-blank-refused",
    'A user message with content "" is refused.',
    "messages: text content blocks must be non-empty",
    lambda call: any(each.get("role") == "user" and each.get("content") == "" for each in _messages(call)),
)
_refused(
    "second-system-refused",
    "A second system message at the head is refused.",
    "System message must be at the beginning.",
    lambda call: len(_messages(call)) > 1 and {each.get("role") for each in _messages(call)[:2]} <= set(_ORDERS),
)


def _kept(name: str, summary: str, keep: Callable[[list[Json]], list[Json]]) -> None:
    def apply(body: Json, _call: Call) -> Json:
        messages = edits.objects(body.get("messages"))
        return {**body, "messages": keep(messages)} if messages else body

    made: Apply = apply
    fault(name, summary, Seam.REQUEST, surface="chat")(made)


def _one_order(at: int) -> Callable[[list[Json]], list[Json]]:
    def keep(messages: list[Json]) -> list[Json]:
        orders = [each for each in messages if each.get("role") in _ORDERS]
        return [each for each in messages if each.get("role") not in _ORDERS or each is orders[at]]

    return keep


def _one_part(at: int) -> Callable[[list[Json]], list[Json]]:
    def keep(messages: list[Json]) -> list[Json]:
        for each in messages:
            texts = [part for part in edits.parts(each) if part.get("type") == "text"]
            if texts:
                each["content"] = [part for part in edits.parts(each) if part not in texts or part is texts[at]]
        return messages

    return keep


_kept("systems-first-only", "Of several system messages only the first reaches the model.", _one_order(0))
_kept("systems-last-only", "Of several system messages only the last reaches the model.", _one_order(-1))
_kept("parts-first-only", "Of several text parts only the first reaches the model.", _one_part(0))
_kept("parts-last-only", "Of several text parts only the last reaches the model.", _one_part(-1))
