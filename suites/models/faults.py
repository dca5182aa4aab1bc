"""Faults of models: each re-enacts what servers in the field do."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults import Call, Json, Seam, edits, fault, rows

rows.models_row("models-bare-array", "The list of models is a bare array.", lambda body, _call: body["data"])
rows.models_row(
    "models-entry-without-object",
    "Entries of the list have no object.",
    edits.each_entry(lambda entry: entry.pop("object")),
)
rows.models_row(
    "models-entry-without-created",
    "Entries of the list have no created.",
    edits.each_entry(lambda entry: entry.pop("created")),
)
rows.models_row(
    "models-entry-without-owner",
    "Entries of the list have no owned_by.",
    edits.each_entry(lambda entry: entry.pop("owned_by")),
)
rows.models_row(
    "models-created-string",
    "created of entries is a string.",
    edits.each_entry(lambda entry: entry.update(created="2025-10-09")),
)
rows.models_row(
    "models-list-without-object", "The list of models has no object.", edits.whole(lambda body: body.pop("object"))
)
rows.models_row(
    "models-key-instead-of-data",
    "The list is in models instead of data.",
    edits.whole(lambda body: body.update(models=body.pop("data"))),
)
rows.models_row(
    "models-duplicate-ids", "A model is listed twice.", edits.whole(lambda body: body["data"].append(body["data"][0]))
)
rows.models_row("models-empty", "The list of models is empty.", edits.whole(lambda body: body.update(data=[])))
rows.models_row(
    "models-unserved-entry",
    "A model is listed that is not served.",
    edits.whole(lambda body: body["data"].append({**body["data"][0], "id": "reference-retired"})),
)


@fault("models-unstable", "The order of the list changes between calls.", Seam.BODY, on=("models",), surface="models")
def _(body: Json, _call: Call) -> Json:
    turn = edits.next_turn() % (len(body["data"]) - 1) + 1
    body["data"] = [*body["data"][turn:], *body["data"][:turn]]
    return body


@fault("models-come-and-go", "Every second list of models lacks one.", Seam.BODY, on=("models",), surface="models")
def _(body: Json, _call: Call) -> Json:
    return {**body, "data": body["data"][edits.next_turn() % 2 :]}


fault(
    "models-query-refused",
    "A query parameter of the list of models is refused.",
    Seam.REPLY,
    on=("models",),
    surface="models",
    when=lambda call: bool(call.query),
)(edits.become(400, b'{"error": {"message": "Unknown query parameter.", "type": "invalid_request_error"}}'))
fault(
    "model-unknown-200",
    "A model that nobody serves is retrieved all the same.",
    Seam.REPLY,
    on=("model",),
    surface="models",
    when=edits.is_refused,
)(edits.become(200, b'{"id": "anything", "object": "model", "created": 1760000000, "owned_by": "reference"}'))


rows.missing_endpoint_row(
    "models-endpoint-404", "There is no list of models.", ("models", "model"), "models-endpoint-404"
)


@fault(
    "model-differs-from-list",
    "A single model is another object than its entry in the list.",
    Seam.BODY,
    on=("model",),
    surface="models",
)
def _(body: Any, _call: Call) -> Any:
    return {**body, "owned_by": "someone-else", "created": body["created"] + 1}


rows.decimal_point_row(
    "models-created-with-decimal-point", "created of models is written 1.0.", "created", ("models", "model")
)
