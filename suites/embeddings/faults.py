"""Faults of embeddings: each re-enacts what servers in the field do."""

from __future__ import annotations

from conformance.reference.faults import Apply, Call, Json, Seam, When, edits, fault, rows

rows.missing_endpoint_row("embeddings-endpoint-404", "There are no embeddings.", ("embeddings",))


# embeddings
def _each_vector(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: [edit(entry) for entry in body["data"]])


rows.operation_row(
    "embeddings-base64-ignored",
    "Floats come although base64 was asked.",
    _each_vector(lambda entry: entry.update(embedding=edits.unpack(entry["embedding"]))),
    rows.VECTORS,
)
rows.operation_row(
    "embeddings-index-missing",
    "Embeddings have no index.",
    _each_vector(lambda entry: entry.pop("index")),
    rows.VECTORS,
)
rows.operation_row(
    "embeddings-usage-prompt_tokens-missing",
    "Usage of embeddings has only total_tokens.",
    edits.whole(lambda body: body["usage"].pop("prompt_tokens")),
    rows.VECTORS,
)
rows.operation_row(
    "embeddings-token-array-rejected",
    "Input in token ids is refused.",
    edits.refuse(422, "Input should be a valid string", "input"),
    rows.VECTORS,
    when=lambda call: (
        isinstance(call.sent.get("input"), list) and any(not isinstance(each, str) for each in call.sent["input"])
    ),
    seam=Seam.REQUEST,
)
rows.operation_row(
    "embeddings-one-for-many",
    "Several inputs get one embedding.",
    edits.whole(lambda body: body.update(data=body["data"][:1])),
    rows.VECTORS,
    bug=False,
)
rows.operation_row(
    "embeddings-order-reversed",
    "Embeddings come in the wrong order.",
    edits.whole(lambda body: body["data"].reverse()),
    rows.VECTORS,
    bug=False,
)
rows.operation_row(
    "embeddings-lengths-differ",
    "Vectors of one model differ in length.",
    _each_vector(lambda entry: entry.update(embedding=entry["embedding"][: -4 - 4 * (entry["index"] % 3)])),
    rows.VECTORS,
    bug=False,
)
rows.operation_row(
    "embeddings-dimensions-ignored",
    "dimensions is overlooked.",
    edits.without("dimensions"),
    rows.VECTORS,
    bug=False,
    seam=Seam.REQUEST,
)
rows.operation_row(
    "embeddings-object-missing",
    "The list of embeddings has no object.",
    edits.whole(lambda body: body.pop("object")),
    rows.VECTORS,
    bug=False,
)


# embeddings
def _each(edit: edits.Edit) -> Apply:
    return edits.whole(lambda body: [edit(entry) for entry in body["data"]])


def _rotated(body: Json, _call: Call) -> Json:
    vectors = [entry["embedding"] for entry in body["data"]]
    for entry, vector in zip(body["data"], [*vectors[-1:], *vectors[:-1]], strict=True):
        entry["embedding"] = vector
    return body


_VECTOR_FAULTS: tuple[tuple[str, str, Apply], ...] = (
    (
        "embeddings-data-renamed",
        "The list of embeddings stands in `embeddings`.",
        edits.whole(lambda body: body.update(embeddings=body.pop("data"))),
    ),
    ("embeddings-entry-object-missing", "Embeddings have no object.", _each(lambda entry: entry.pop("object"))),
    ("embeddings-vector-empty", "Vectors are empty.", _each(lambda entry: entry.update(embedding=[]))),
    ("embeddings-model-missing", "Embeddings do not name the model.", edits.whole(lambda body: body.pop("model"))),
    (
        "embeddings-usage-total-wrong",
        "total_tokens of embeddings is more than prompt_tokens.",
        edits.whole(lambda body: body["usage"].update(total_tokens=body["usage"]["total_tokens"] + 7)),
    ),
    (
        "embeddings-base64-unasked",
        "Vectors come in base64, whatever was asked.",
        _each(lambda entry: entry.update(embedding=edits.pack(edits.unpack(entry["embedding"])))),
    ),
    (
        "embeddings-zeros",
        "Vectors hold nothing but zeros.",
        _each(lambda entry: entry.update(embedding=edits.repack(entry["embedding"], lambda value: [0.0] * len(value)))),
    ),
    ("embeddings-vectors-rotated", "Vectors belong to other texts than their index says.", _rotated),
)
for _name, _summary, _apply in _VECTOR_FAULTS:
    rows.plain_operation_row(_name, _summary, _apply, rows.VECTORS)
rows.plain_operation_row(
    "embeddings-base64-big-endian",
    "base64 holds numbers in big-endian order.",
    _each(lambda entry: entry.update(embedding=edits.pack(edits.unpack(entry["embedding"]), ">"))),
    rows.VECTORS,
    when=lambda call: call.sent.get("encoding_format") == "base64",
)
rows.plain_operation_row(
    "embeddings-empty-accepted",
    "An empty text gets a vector.",
    lambda body, _call: {**body, "input": "nothing"} if body.get("input") == "" else body,
    rows.VECTORS,
    seam=Seam.REQUEST,
)


# embeddings
def _vectors(name: str, summary: str, apply: Apply, seam: Seam = Seam.BODY, when: When | None = None) -> None:
    fault(name, summary, seam, on=("embeddings",), when=when, surface="embeddings")(apply)


def _counting(tokens: int) -> Apply:
    return edits.whole(lambda body: body.update(usage={"prompt_tokens": tokens, "total_tokens": tokens}))


def _list_of(kind: type, longer_than: int = 0) -> When:
    def when(call: Call) -> bool:
        given = call.sent.get("input")
        return isinstance(given, list) and len(given) > longer_than and isinstance(given[0], kind)

    return when


def _halved(body: Json) -> None:
    for entry in body["data"]:
        entry["embedding"] = edits.repack(entry["embedding"], lambda numbers: [number / 2 for number in numbers])


_vectors("embeddings-first-text-counted", "Of several texts the first is counted.", _counting(2), when=_list_of(str))
_vectors(
    "embeddings-token-ids-read-as-text",
    "Token ids are counted as the text in which they were written.",
    _counting(14),
    when=_list_of(list),
)
_vectors(
    "embeddings-large-batch-rejected",
    "More than 32 texts at once are refused.",
    edits.refuse(413, "batch size 40 > maximum allowed batch size 32", "input"),
    Seam.REQUEST,
    when=_list_of(str, 32),
)
_vectors(
    "embeddings-shortened-not-normalised",
    "Vectors that dimensions made shorter are cut and no more.",
    edits.whole(_halved),
    when=edits.asks("dimensions"),
)
_vectors(
    "embeddings-counts-as-floats",
    "The counts of embeddings have a decimal point.",
    edits.each_usage(lambda usage: usage.update(prompt_tokens=float(usage["prompt_tokens"]))),
)
