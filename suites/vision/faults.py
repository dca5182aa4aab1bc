"""Faults of vision: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import Call, Json, Seam, edits, rows

rows.request_row(
    "image-only-message-needs-text",
    "A message with only a picture is refused.",
    edits.refuse(400, "`text` is not set"),
    "image-only-message-needs-text",
    surface="vision",
    when=edits.any_message(
        lambda each: edits.parts(each) and not any(part.get("type") == "text" for part in edits.parts(each))
    ),
)


# pictures
def _pictures(call: Call) -> list[Json]:
    messages = edits.objects(call.sent.get("messages"))
    return [part["image_url"] for one in messages for part in edits.parts(one) if part.get("type") == "image_url"]


rows.plain_operation_row(
    "images-one-only",
    "Two pictures in one message are refused.",
    edits.refuse(400, "At most 1 image(s) may be provided in one prompt."),
    rows.CHAT,
    seam=Seam.REQUEST,
    when=lambda call: len(_pictures(call)) > 1,
)
rows.plain_operation_row(
    "image-detail-rejected",
    "The detail of a picture is refused.",
    edits.refuse(400, "messages[0].content[1].image_url.detail: Extra inputs are not permitted"),
    rows.CHAT,
    seam=Seam.REQUEST,
    when=lambda call: any(isinstance(one, dict) and one.get("detail") in ("high", "auto") for one in _pictures(call)),
)
rows.plain_operation_row(
    "images-free",
    "Only the first picture is looked at and counted.",
    edits.whole(
        lambda body: body["usage"].update(
            prompt_tokens=body["usage"]["prompt_tokens"] - 85, total_tokens=body["usage"]["total_tokens"] - 85
        )
    ),
    rows.CHAT,
    when=lambda call: len(_pictures(call)) > 1,
)


def _with_stand_in(body: Json, _call: Call) -> Json:
    for one in edits.objects(body.get("messages")):
        if edits.parts(one):
            one["content"] = [part for part in edits.parts(one) if part.get("type") != "image_url"]
    return body


rows.plain_operation_row(
    "image-broken-overlooked",
    "A picture without url or with bytes that are none is left out without a word.",
    _with_stand_in,
    rows.CHAT,
    seam=Seam.REQUEST,
    when=lambda call: any(len(str(one.get("url", ""))) < 40 for one in _pictures(call) if isinstance(one, dict)),
)
