"""More faults of legacy text completions and of embeddings: several inputs at once, scores and counts."""

from __future__ import annotations

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Apply, Seam, When, fault
from conformance.reference.server.call import Call, Json

_ON = ("completions",)


def _fault(name: str, summary: str, apply: Apply, seam: Seam = Seam.BODY, when: When | None = None) -> None:
    fault(name, summary, seam, on=_ON, stream={Seam.BODY: False}.get(seam), when=when, surface="completions")(apply)


def _scores(edit: edits.Edit) -> Apply:
    return edits.each_choice(lambda choice: edit(choice["logprobs"]) if choice.get("logprobs") else None)


def _swapped(body: Json, _call: Call) -> Json:
    texts = [choice["text"] for choice in body["choices"]]
    for choice, text in zip(body["choices"], reversed(texts), strict=True):
        choice["text"] = text
    return body


def _by_number(body: Json, call: Call) -> Json:
    """Choices of all prompts by turns, as if n were the number of prompts."""
    n, choices = call.sent.get("n") or 1, body["choices"]
    order = [choice for turn in range(n) for choice in choices[turn::n]]
    body["choices"] = [{**choice, "index": index} for index, choice in enumerate(order)]
    return body


def _of_the_first(body: Json, call: Call) -> Json:
    if isinstance(call.sent.get("prompt"), list) and len(call.sent["prompt"]) > 1:
        usage = body["usage"]
        usage.update(prompt_tokens=3, total_tokens=3 + usage["completion_tokens"])
    return body


def _count(name: str) -> Apply:
    def edit(usage: Json) -> None:
        usage[name] = 0
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]

    return edits.each_usage(edit)


for _name, _summary, _apply in (
    ("completions-texts-swapped", "The texts of several prompts are exchanged.", _swapped),
    ("completions-choices-by-turns", "The choices of several prompts are numbered by turns.", _by_number),
    ("completions-choices-reversed", "Choices come in reverse.", edits.whole(lambda body: body["choices"].reverse())),
    (
        "completions-id-constant",
        "Text completions all have one id.",
        edits.whole(lambda body: body.update(id="cmpl-1")),
    ),
    (
        "completions-created-in-milliseconds",
        "created of text completions is in milliseconds.",
        edits.whole(lambda body: body.update(created=body["created"] * 1000)),
    ),
    (
        "completions-counts-as-floats",
        "The counts of text completions have a decimal point.",
        edits.each_usage(lambda usage: usage.update(prompt_tokens=float(usage["prompt_tokens"]))),
    ),
    ("completions-prompt-uncounted", "prompt_tokens are 0.", _count("prompt_tokens")),
    ("completions-text-uncounted", "completion_tokens are 0.", _count("completion_tokens")),
    ("completions-first-prompt-counted", "Of several prompts the first is counted.", _of_the_first),
    (
        "completions-control-token",
        "Texts end with a control token.",
        edits.each_choice(lambda choice: choice.update(text=choice["text"] + "<|eot_id|>")),
    ),
    (
        "completions-offsets-zero",
        "Every text_offset is 0.",
        _scores(lambda scores: scores.update(text_offset=[0] * len(scores["tokens"]))),
    ),
    (
        "completions-tokens-are-ids",
        "The tokens of scores are ids.",
        _scores(lambda scores: scores.update(tokens=[f"token_id:{at}" for at, _ in enumerate(scores["tokens"])])),
    ),
    (
        "completions-top-logprobs-null",
        "top_logprobs is null.",
        _scores(lambda scores: scores.update(top_logprobs=None)),
    ),
):
    _fault(_name, _summary, _apply)

_fault("completions-echo-ignored", "echo is overlooked.", edits.without("echo"), Seam.REQUEST)
_fault(
    "completions-echo-500",
    "Asking for echo ends in a server error.",
    edits.refuse(500, "'NoneType' object is not subscriptable"),
    Seam.REQUEST,
    when=lambda call: call.sent.get("echo") is True and call.sent.get("logprobs") is None,
)
_fault("completions-n-ignored", "n is overlooked by text completions.", edits.without("n", "best_of"), Seam.REQUEST)


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
        entry["embedding"] = edits.repacked(entry["embedding"], lambda numbers: [number / 2 for number in numbers])


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
