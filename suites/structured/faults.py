"""Faults of structured: each re-enacts what servers in the field do."""

from __future__ import annotations

import json

from conformance.reference.faults import Call, Json, Seam, edits, fault, rows


@fault(
    "json-fenced",
    "JSON answers stand in a Markdown fence.",
    Seam.BODY,
    stream=False,
    when=edits.asks("response_format"),
    surface="structured",
)
def _(body: Json, _call: Call) -> Json:
    for choice in body["choices"]:
        choice["message"]["content"] = f"```json\n{choice['message']['content']}\n```"
    return body


rows.request_row(
    "json-schema-ignored",
    "response_format is accepted and overlooked.",
    edits.without("response_format"),
    surface="structured",
)
_BANNED = ("maxItems", "minItems", "maxLength", "minLength", "pattern", "format", "minProperties", "maxProperties")
rows.request_row(
    "json_schema-keywords-rejected",
    "Ordinary JSON Schema keywords are refused.",
    edits.refuse(400, "Invalid schema: keyword is not permitted.", "response_format", "invalid_json_schema"),
    "json_schema-keywords-rejected",
    surface="structured",
    when=lambda call: any(f'"{name}"' in str(call.sent.get("response_format")).replace("'", '"') for name in _BANNED),
)


def _by_schema(call: Call) -> bool:
    return edits.sent_object(call, "response_format").get("type") == "json_schema"


def _first(said: str) -> str:
    return json.dumps({**json.loads(said), "colour": {"colour": "red"}})


rows.document_row("document-after-prose", "Prose stands before the document.", lambda said: f"Here is the JSON: {said}")
rows.document_row("document-comes-twice", "The same document comes twice.", lambda said: f"{said}\n{said}")
rows.document_row("document-encoded-twice", "The content is a JSON string that holds the document.", json.dumps)
rows.document_row("document-in-an-array", "The document stands in an array.", lambda said: f"[{said}]")
rows.document_row("document-null", "The document is null.", lambda _said: "null")
rows.document_row("document-single-quotes", "Single quotes stand around names.", lambda said: said.replace('"', "'"))
rows.document_row("document-empty", "The document is an empty object.", lambda _said: "{}", _by_schema)
rows.document_row("document-wrapped", "The document stands in its own name.", _first, _by_schema)
rows.document_row(
    "document-extra-key", "The document has a member more.", lambda said: json.dumps({**json.loads(said), "x": 1})
)


@fault(
    "document-keys-sorted",
    "The members of documents are sorted.",
    Seam.CHUNKS,
    stream=True,
    when=_by_schema,
    surface="structured",
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    text = edits.streamed_text(chunks)
    pieces = [each for each in edits.choices(chunks) if each["delta"].get("content")]
    ordered = json.dumps(json.loads(text), sort_keys=True)
    size = max(len(ordered) // max(len(pieces), 1), 1)
    for at, piece in enumerate(pieces):
        piece["delta"]["content"] = ordered[at * size :] if at == len(pieces) - 1 else ordered[at * size :][:size]
    return chunks


fault(
    "schema-references-refused",
    "Schemas with $ref are refused.",
    Seam.REQUEST,
    surface="structured",
    when=lambda call: "$ref" in str(call.sent.get("response_format")),
)(edits.refuse(400, "Invalid schema: $ref is not supported.", "response_format"))


def _beside_tools(call: Call) -> bool:
    return edits.has_tools(call) and edits.asks_for_structure(call)


fault(
    "response-format-lost-beside-tools",
    "response_format is overlooked where there are tools.",
    Seam.REQUEST,
    surface="structured",
    when=_beside_tools,
)(edits.without("response_format"))
fault(
    "response-format-beside-tools-500",
    "response_format beside tools ends in a server error.",
    Seam.REQUEST,
    surface="structured",
    when=_beside_tools,
)(edits.refuse(500, "Internal server error."))
