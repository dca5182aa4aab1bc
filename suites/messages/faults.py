"""Faults of messages: each re-enacts what servers in the field do."""

from __future__ import annotations

from itertools import pairwise

from conformance.reference.faults import ApiError, Call, Json, Seam, edits, fault, rows


@fault(
    "assistant-content-parts-silently-dropped",
    "Assistant content in parts is overlooked.",
    Seam.REQUEST,
    surface="chat.create",
    field_bugs=("assistant-content-parts-silently-dropped",),
)
def _(body: Json, _call: Call) -> Json:
    for each in edits.objects(body.get("messages")):
        if each.get("role") == "assistant" and isinstance(each.get("content"), list):
            each["content"] = ""
    return body


@fault("messages-missing-200", "A request without messages is answered.", Seam.REQUEST, surface="errors")
def _(body: Json, _call: Call) -> Json:
    return body if body.get("messages") else {**body, "messages": [{"role": "user", "content": "Hello"}]}


def _as_turns(body: Json, _call: Call) -> Json:
    said = body.get("messages")
    return {**body, "messages": [{"role": "user", "content": said}]} if isinstance(said, str) else body


rows.request_row("messages-string-answered", "Messages that are a text are taken for one of the user's.", _as_turns)
rows.request_row(
    "developer-role-rejected",
    "The role developer is refused.",
    edits.refuse(
        400, "developer is not one of ['system', 'assistant', 'user', 'tool', 'function'] - 'messages.[0].role'"
    ),
    "developer-role-rejected",
    when=edits.has_role("developer"),
)
rows.request_row(
    "system-role-rejected",
    "A system message ends in a server error.",
    edits.refuse(500, "System role not supported"),
    "system-role-rejected",
    when=edits.has_role("system"),
)
rows.request_row(
    "wrong-types-500",
    "Wrongly typed parameters end in a server error.",
    edits.refuse(500, "'str' object cannot be interpreted as an integer"),
    when=lambda call: any(
        isinstance(call.sent.get(name), str) for name in ("temperature", "max_tokens", "stream", "messages", "top_p")
    ),
)


@fault(
    "roles-must-alternate-400",
    "Roles must alternate between user and assistant.",
    Seam.REQUEST,
    surface="chat.create",
    field_bugs=("roles-must-alternate-400",),
)
def _(body: Json, call: Call) -> Json:
    roles = [each.get("role") for each in edits.sent_messages(call)]
    if any(left == right and left in ("user", "system") for left, right in pairwise(roles)) or roles[-1:] == ["system"]:
        raise ApiError(400, "Conversation roles must alternate user/assistant/user/assistant/...")
    return body


rows.plain_request_row(
    "name-refused",
    "A name beside the role is refused.",
    edits.refuse(400, "Additional properties are not allowed ('name' was unexpected)"),
    lambda call: any("name" in each for each in edits.objects(call.sent.get("messages"))),
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
