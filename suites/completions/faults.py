"""Faults of completions: each re-enacts what servers in the field do."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults import Apply, Call, Json, Seam, When, edits, fault, rows

# legacy completions
rows.operation_row(
    "completions-object-says-chat",
    "Text completions call themselves chat.completion.",
    edits.whole(lambda body: body.update(object="chat.completion")),
    rows.TEXT,
)
rows.operation_row(
    "completion-choice-index-missing",
    "Choices of text completions have no index.",
    edits.each_choice(lambda choice: choice.pop("index")),
    rows.TEXT,
)
rows.operation_row(
    "completions-logprobs-in-chat-shape",
    "logprobs of text completions have the shape of chat.",
    edits.each_choice(
        lambda choice: choice.update(logprobs={"content": [{"token": each} for each in choice["logprobs"]["tokens"]]})
    ),
    rows.TEXT,
    when=edits.asks("logprobs"),
)
rows.operation_row(
    "minus-infinity-logprob-500",
    "Asking for logprobs ends in a server error.",
    edits.refuse(500, "Out of range float values are not JSON compliant"),
    rows.TEXT,
    when=edits.asks("logprobs"),
    seam=Seam.REQUEST,
)
rows.operation_row(
    "completions-prompt-array-rejected",
    "A prompt that is an array is refused.",
    edits.refuse(422, "Input should be a valid string", "prompt"),
    rows.TEXT,
    when=lambda call: isinstance(call.sent.get("prompt"), list),
    seam=Seam.REQUEST,
)
rows.operation_row(
    "completions-usage-missing",
    "Text completions have no usage.",
    edits.whole(lambda body: body.pop("usage")),
    rows.TEXT,
    bug=False,
)


@fault(
    "completions-echo-logprobs-missing-prompt",
    "With echo, logprobs lack the tokens of the prompt.",
    Seam.BODY,
    on=rows.TEXT,
    stream=False,
    when=edits.asks("logprobs"),
    surface="completions",
    field_bugs=("completions-echo-logprobs-missing-prompt",),
)
def _(body: Json, call: Call) -> Json:
    skipped = call.prompt_tokens if call.sent.get("echo") else 0
    for choice in body["choices"]:
        choice["logprobs"] = {
            name: values[skipped:] if values else values for name, values in choice["logprobs"].items()
        }
    return body


@fault(
    "completions-usage-chunk-wrong-object",
    "The usage chunk of text completions calls itself chat.completion.chunk.",
    Seam.CHUNKS,
    on=rows.TEXT,
    stream=True,
    surface="completions.stream",
    field_bugs=("completions-usage-chunk-wrong-object",),
)
def _(chunks: list[Json], _call: Call) -> list[Json]:
    for each in chunks:
        if not each["choices"]:
            each["object"] = "chat.completion.chunk"
    return chunks


def _whole(**members: Any) -> Apply:
    return edits.whole(lambda body: body.update(members))


def _scores_texts(edit: edits.Edit) -> Apply:
    return edits.each_choice(lambda choice: edit(choice["logprobs"]) if choice.get("logprobs") else None)


def _positive(logprobs: Json) -> None:
    logprobs["token_logprobs"] = [None if one is None else abs(one) + 1 for one in logprobs["token_logprobs"]]


def _cumulative(chunks: list[Json], _call: Call) -> list[Json]:
    so_far = ""
    for choice in edits.choices(chunks):
        so_far += choice["text"]
        choice["text"] = so_far if choice["text"] else ""
    return chunks


def _ids(chunks: list[Json], _call: Call) -> list[Json]:
    return [{**chunk, "id": f"{chunk['id']}-{number}"} for number, chunk in enumerate(chunks)]


def _without_null_finish(chunks: list[Json], _call: Call) -> list[Json]:
    for choice in edits.choices(chunks):
        if choice.get("finish_reason") is None:
            choice.pop("finish_reason", None)
    return chunks


_TEXT_FAULTS: tuple[tuple[str, str, Apply, Seam], ...] = (
    ("completions-id-empty", 'The id of text completions is "".', _whole(id=""), Seam.BODY),
    ("completions-created-string", "created of text completions is a date.", _whole(created="2026-01-01"), Seam.BODY),
    ("completions-model-null", "The model of text completions is null.", _whole(model=None), Seam.BODY),
    ("completions-choices-empty", "Text completions have no choices.", _whole(choices=[]), Seam.BODY),
    (
        "completions-message-instead-of-text",
        "Choices of text completions carry a message.",
        edits.each_choice(lambda choice: choice.update(message={"role": "assistant", "content": choice.pop("text")})),
        Seam.BODY,
    ),
    (
        "completions-finish-reason-null",
        "Text completions end with finish_reason null.",
        edits.finish_reason(None),
        Seam.BODY,
    ),
    (
        "completions-length-without-limit",
        "Texts that end by themselves are reported as cut.",
        edits.finish_reason("length", "stop"),
        Seam.BODY,
    ),
    (
        "completions-one-for-many",
        "Several prompts get one choice.",
        edits.whole(lambda body: body.update(choices=body["choices"][:1])),
        Seam.BODY,
    ),
    (
        "completions-usage-total-wrong",
        "total_tokens of text completions is no sum.",
        edits.each_usage(lambda usage: usage.update(total_tokens=usage["total_tokens"] + 7)),
        Seam.BODY,
    ),
    (
        "completions-logprobs-dropped",
        "logprobs of text completions are accepted and not answered.",
        edits.each_choice(lambda choice: choice.update(logprobs=None)),
        Seam.BODY,
    ),
    ("completions-logprobs-positive", "Scores of text completions are above 0.", _scores_texts(_positive), Seam.BODY),
    (
        "completions-limit-ignored",
        "max_tokens of text completions is overlooked.",
        edits.without("max_tokens"),
        Seam.REQUEST,
    ),
    (
        "completions-usage-option-ignored",
        "stream_options of text completions are overlooked.",
        edits.without("stream_options"),
        Seam.REQUEST,
    ),
    (
        "completions-cut-says-stop",
        "A cut text that is streamed is reported as finished.",
        edits.stream_finish_reason("stop", "length"),
        Seam.CHUNKS,
    ),
    (
        "completions-finish-key-omitted",
        "Chunks of a text before the end have no finish_reason.",
        _without_null_finish,
        Seam.CHUNKS,
    ),
    (
        "completions-finish-missing",
        "No chunk of a text carries a finish_reason.",
        edits.stream_finish_reason(None),
        Seam.CHUNKS,
    ),
    ("completions-stream-id-drift", "Every chunk of a text has an id of its own.", _ids, Seam.CHUNKS),
    ("completions-stream-cumulative", "Every chunk repeats the whole text so far.", _cumulative, Seam.CHUNKS),
)
for _name, _summary, _apply, _seam in _TEXT_FAULTS:
    rows.plain_operation_row(_name, _summary, _apply, rows.TEXT, seam=_seam)

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
        "completions-created-zero",
        "created of text completions is 0.",
        edits.whole(lambda body: body.update(created=0)),
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


def _of_one(usage: Json, choices: int) -> None:
    usage["completion_tokens"] //= choices
    usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]


rows.operation_row(
    "completions-output-of-one",
    "Of several texts the tokens of one are counted.",
    edits.whole(lambda body: _of_one(body["usage"], len(body["choices"]))),
    rows.TEXT,
)


@fault(
    "completions-usage-on-every-stream",
    "A usage chunk ends every stream of text, although nobody asked.",
    Seam.CHUNKS,
    on=rows.TEXT,
    stream=True,
    surface="completions.stream",
)
def _(chunks: list[Json], call: Call) -> list[Json]:
    if any("usage" in each for each in chunks):
        return chunks
    made = len(chunks)
    counts = {"prompt_tokens": call.prompt_tokens, "completion_tokens": made, "total_tokens": call.prompt_tokens + made}
    return [*chunks, {**chunks[0], "choices": [], "usage": counts}]
