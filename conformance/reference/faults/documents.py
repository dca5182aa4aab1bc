"""Faults in structured output: documents wrapped, encoded, reordered; schemas and tools that are not taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Seam, When, fault
from conformance.reference.server.call import Call, Json


def _structured(call: Call) -> bool:
    return edits.sent_object(call, "response_format").get("type") in ("json_object", "json_schema")


def _by_schema(call: Call) -> bool:
    return edits.sent_object(call, "response_format").get("type") == "json_schema"


def _content(name: str, summary: str, write: Callable[[str], Any], when: When = _structured) -> None:
    """Writes the document of every whole answer that is not streamed otherwise."""

    def body(answer: Json, _call: Call) -> Json:
        for choice in answer["choices"]:
            said = choice["message"].get("content")
            if said and choice["finish_reason"] == "stop":
                choice["message"]["content"] = write(said)
        return answer

    fault(name, summary, Seam.BODY, stream=False, when=when, surface="structured")(body)


def _first(said: str) -> str:
    return json.dumps({**json.loads(said), "colour": {"colour": "red"}})


_content("document-after-prose", "Prose stands before the document.", lambda said: f"Here is the JSON: {said}")
_content("document-is-an-object", "The content is the document itself, and no text.", json.loads)
_content("document-encoded-twice", "The content is a JSON string that holds the document.", json.dumps)
_content("document-in-an-array", "The document stands in an array.", lambda said: f"[{said}]")
_content("document-null", "The document is null.", lambda _said: "null")
_content("document-single-quotes", "Single quotes stand around names.", lambda said: said.replace('"', "'"))
_content("document-empty", "The document is an empty object.", lambda _said: "{}", _by_schema)
_content("document-wrapped", "The document stands in its own name.", _first, _by_schema)
_content("document-extra-key", "The document has a member more.", lambda said: json.dumps({**json.loads(said), "x": 1}))


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
    return edits.has_tools(call) and _structured(call)


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
