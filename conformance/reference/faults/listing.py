"""Faults in the list of models and in capability metadata."""

from __future__ import annotations

from itertools import count
from typing import Any

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json


def _row(
    name: str, summary: str, apply: Apply, *field_bugs: str, surface: str = "models", when: When | None = None
) -> None:
    fault(name, summary, Seam.BODY, on=("models",), when=when, surface=surface, field_bugs=field_bugs)(apply)


def _each(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: [edit(entry) for entry in body["data"]])


def _detailed(call: Call) -> bool:
    return "metadata" in call.query


def _meta(name: str, summary: str, edit: edits.Edit, *field_bugs: str) -> None:
    _row(name, summary, _each(edit), *field_bugs, surface="metadata", when=_detailed)


_row("models-bare-array", "The list of models is a bare array.", lambda body, _call: body["data"])
_row("models-entry-without-object", "Entries of the list have no object.", _each(lambda entry: entry.pop("object")))
_row("models-entry-without-created", "Entries of the list have no created.", _each(lambda entry: entry.pop("created")))
_row("models-entry-without-owner", "Entries of the list have no owned_by.", _each(lambda entry: entry.pop("owned_by")))
_row(
    "models-created-string", "created of entries is a string.", _each(lambda entry: entry.update(created="2025-10-09"))
)
_row("models-list-without-object", "The list of models has no object.", edits.whole(lambda body: body.pop("object")))
_row(
    "models-key-instead-of-data",
    "The list is in models instead of data.",
    edits.whole(lambda body: body.update(models=body.pop("data"))),
)
_row("models-duplicate-ids", "A model is listed twice.", edits.whole(lambda body: body["data"].append(body["data"][0])))
_row("models-empty", "The list of models is empty.", edits.whole(lambda body: body.update(data=[])))
_row(
    "models-unserved-entry",
    "A model is listed that is not served.",
    edits.whole(lambda body: body["data"].append({**body["data"][0], "id": "reference-retired"})),
)
_TURN = count(1)


@fault("models-unstable", "The order of the list changes between calls.", Seam.BODY, on=("models",), surface="models")
def _(body: Json, _call: Call) -> Json:
    turn = next(_TURN) % (len(body["data"]) - 1) + 1
    body["data"] = [*body["data"][turn:], *body["data"][:turn]]
    return body


@fault("models-come-and-go", "Every second list of models lacks one.", Seam.BODY, on=("models",), surface="models")
def _(body: Json, _call: Call) -> Json:
    return {**body, "data": body["data"][next(_TURN) % 2 :]}


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
    when=edits.refused,
)(edits.become(200, b'{"id": "anything", "object": "model", "created": 1760000000, "owned_by": "reference"}'))

_meta(
    "metadata-context-zero", "context_length is 0.", lambda entry: entry.update(context_length=0, max_output_length=0)
)
_meta(
    "metadata-modalities-text",
    "Modalities are a text.",
    lambda entry: entry.update(input_modalities="text+image", output_modalities="text"),
)
_meta(
    "metadata-features-string",
    "supported_features is a text.",
    lambda entry: entry.update(supported_features=",".join(entry["supported_features"])),
)
_meta("metadata-features-missing", "Entries have no supported_features.", lambda entry: entry.pop("supported_features"))
_meta(
    "metadata-features-unknown",
    "supported_features holds a word of the server's own.",
    lambda entry: entry["supported_features"].append("function_calling_v2"),
)
_meta(
    "metadata-everything-advertised",
    "Every model advertises everything.",
    lambda entry: entry.update(
        supported_features=["tools", "json_mode", "structured_outputs", "reasoning", "logprobs"]
    ),
)
_meta(
    "metadata-nothing-advertised",
    "No model advertises anything.",
    lambda entry: entry.update(supported_features=[], supported_parameters=[]),
)
_meta(
    "metadata-context-window-absent",
    "Entries have no context_length.",
    lambda entry: entry.pop("context_length"),
    "metadata-context-window-absent",
)
_meta(
    "metadata-context-window-understated",
    "context_length is far below what the model takes.",
    lambda entry: entry.update(context_length=2048),
    "metadata-context-window-understated",
)
_meta(
    "metadata-output-exceeds-context",
    "max_output_length exceeds context_length.",
    lambda entry: entry.update(max_output_length=entry["context_length"] + 1),
)
_meta("metadata-price-negative", "Prices are negative.", lambda entry: entry["pricing"].update(prompt="-0.5"))
_meta("metadata-price-words", "Prices are words.", lambda entry: entry["pricing"].update(prompt="free"))
_meta("metadata-modalities-missing", "Entries have no input_modalities.", lambda entry: entry.pop("input_modalities"))


def _endpoint(name: str, summary: str, on: tuple[str, ...], *field_bugs: str) -> None:
    fault(name, summary, Seam.REPLY, on=on, surface=on[0], field_bugs=field_bugs)(
        edits.become(404, b"404 page not found", "text/plain")
    )


_endpoint("models-endpoint-404", "There is no list of models.", ("models", "model"), "models-endpoint-404")
_endpoint("model-endpoint-404", "There is no single model to retrieve.", ("model",))
_endpoint("completions-endpoint-404", "There are no legacy completions.", ("completions",), "completions-endpoint-404")
_endpoint("embeddings-endpoint-404", "There are no embeddings.", ("embeddings",))
_endpoint("responses-endpoint-404", "There are no responses.", ("responses",))


@fault(
    "model-differs-from-list",
    "A single model is another object than its entry in the list.",
    Seam.BODY,
    on=("model",),
    surface="models",
)
def _(body: Any, _call: Call) -> Any:
    return {**body, "owned_by": "someone-else", "created": body["created"] + 1}
