"""Answers that break nothing, though they look as some fault does: one test for each requirement."""

from __future__ import annotations

import pytest
from exchanges import ask, chunk, completion, counts, exchange, sse, typed, verdict

from conformance.model import Advertised, CapabilityResult, Observed

ASSISTANT = {"role": "assistant"}


@pytest.mark.parametrize(
    "texts",
    [("No. ", "No. ", "No."), ("Row, row, row your boat. ", "Row, row, row your boat, gently down the stream.")],
    ids=["refrain", "two-pieces"],
)
def test_stream_text_repeated(texts):
    deltas = [chunk({**ASSISTANT, "content": text}) for text in texts]
    assert verdict("stream.text.repeated", exchange(ask(), sse(*deltas, chunk({}, "stop")), "stream")) != "fail"


@pytest.mark.parametrize(
    "error",
    [{"code": 429, "message": "Slow down."}, {"code": "content_filter"}, {"code": "data_inspection_failed"}],
    ids=["limit", "filter", "inspection"],
)
def test_stream_failed(error):
    stream = sse(chunk({**ASSISTANT, "content": "Hi"}), {"error": error})
    assert verdict("stream.failed", exchange(ask(), stream, "stream")) == "inconclusive"


WRONG = {"auth": "wrong", "invalid": "the key is wrong"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Invalid token"}}, "inconclusive"),
        (b"<!doctype html><title>App</title>", "inconclusive"),
        ({"output": [], "error": None}, "fail"),
    ],
    ids=["error", "page", "answer"],
)
def test_responses_wrong_key(body, said):
    at = {"path": "/responses", "request": WRONG, "scenario": "responses.wrong_key"}
    chat = exchange(ask(), {"error": {}}, "error", request=WRONG, scenario="auth.wrong_key", status=401)
    assert verdict("responses.wrong_key", chat, exchange({"input": "Say hi."}, body, "error", **at)) == said


OUTPUT = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}
AT = {"output_index": 0, "item_id": "msg_1", "content_index": 0}


@pytest.mark.parametrize("requirement", ["responses.stream.closed", "responses.stream.items"])
@pytest.mark.parametrize(("reason", "said"), [("content_filter", "inconclusive"), ("max_output_tokens", "fail")])
def test_responses_broken_off(requirement, reason, said):
    cut = {"id": "resp_1", "status": "incomplete", "incomplete_details": {"reason": reason}, "output": [OUTPUT]}
    events = typed(
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_item.added", "output_index": 0, "item": OUTPUT},
        {"type": "response.content_part.added", **AT, "part": {"type": "output_text", "text": ""}},
        {"type": "response.output_text.delta", **AT, "delta": "Hi"},
        {"type": "response.incomplete", "response": cut},
    )
    asked = {"model": "m", "input": "Say hi.", "stream": True}
    assert verdict(requirement, exchange(asked, events, "response_stream", path="/responses")) == said


@pytest.mark.parametrize(("total", "said"), [(135, "not_applicable"), (41, "fail")], ids=["added", "part"])
def test_responses_usage_parts(total, said):
    usage = {"input_tokens": 32, "output_tokens": 9, "total_tokens": total}
    body = {
        "object": "response",
        "output": [OUTPUT],
        "usage": {**usage, "output_tokens_details": {"reasoning_tokens": 94}},
    }
    asked = {"model": "m", "input": "Say hi."}
    assert verdict("responses.usage.parts", exchange(asked, body, "response", path="/responses")) == said


COMPLETIONS = {"expects": "text_completion", "path": "/completions"}
IDS = {
    "completions": ({"prompt": "Say hi."}, {"id": "a", "choices": [{"index": 0, "text": "Hi"}]}, COMPLETIONS),
    "responses": ({"input": "Say hi."}, {"id": "a", "output": [OUTPUT]}, {"expects": "response", "path": "/responses"}),
    "chat": (ask(), completion("Hi"), {}),
}


@pytest.mark.parametrize("api", IDS)
def test_id_unique_of_a_cache(api):
    asked, body, more = IDS[api]
    twice = [exchange({"model": "m", **asked}, body, id=id_, **more) for id_ in ("1", "2")]
    assert verdict(f"{api}.id.unique", *twice) != "fail"
    assert (
        verdict(f"{api}.id.unique", *twice, exchange({"model": "m", **asked, "n": 1}, body, id="3", **more)) == "fail"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [("<s> Say hi. Hi", "pass"), (" Say hi. Hi", "pass"), ("<s> Hi", "fail")],
    ids=["token", "space", "none"],
)
def test_completions_echo(text, said):
    body = {"id": "a", "choices": [{"index": 0, "text": text}]}
    asked = {"model": "m", "prompt": "Say hi.", "echo": True}
    assert verdict("completions.echo", exchange(asked, body, **COMPLETIONS)) == said


@pytest.mark.parametrize(
    ("alone", "several", "count", "said"),
    [
        ("Hi!", ("Hi there! How can I assist you today?", "Hi!"), 14, "pass"),
        ("\U0001f44b", ("Hi!", "Hi!"), 5, "pass"),
        ("Hi there! How can I help?", ("Hi there! How can I help?", "Hi there! How can I help?"), 8, "fail"),
    ],
    ids=["short-and-long", "emoji", "first-alone"],
)
def test_usage_n(alone, several, count, said):
    one = exchange(ask(), completion(alone, usage=counts(9, max(count // len(several), 8))))
    assert verdict("usage.n", one, exchange(ask(n=2), completion(*several, usage=counts(9, count)), id="2")) == said


PROSE = "The river left the mountains slowly and carried the first light of the morning with it. "
BEGUN = {"messages": [*ask()["messages"], {"role": "assistant", "content": PROSE}]}
SOURCED = {"annotations": [{"type": "url_citation", "url_citation": {}}]}
COUNTED = {
    "reasoning-added": ({}, completion(PROSE * 9, usage=counts(30, 180, 360, 150), reasoning_content="Rivers …")),
    "links": ({}, completion(PROSE, usage=counts(5, 2), **SOURCED)),
    "canned": ({}, completion(PROSE, usage=counts(5, 1), finish="content_filter")),
    "begun": (BEGUN, completion(PROSE, usage=counts(5, 3))),
    "by-chance": ({}, completion(PROSE, usage=counts(5, len(PROSE)))),
}


@pytest.mark.parametrize("case", COUNTED)
def test_usage_plausible(case):
    more, body = COUNTED[case]
    assert verdict("usage.plausible", exchange(ask(**more), body)) != "fail"


def test_usage_plausible_of_what_is_miscounted():
    few = exchange(ask(), completion(PROSE, usage=counts(5, 1)))
    letters = [exchange(ask(), COUNTED["by-chance"][1], id=id_) for id_ in ("1", "2")]
    assert verdict("usage.plausible", few) == verdict("usage.plausible", *letters) == "fail"


@pytest.mark.parametrize(
    "texts", [("None", "theless", ", it works."), ("Use", " Color.", "None")], ids=["word-begins", "after-a-stop"]
)
def test_stream_text_nothing(texts):
    deltas = [chunk({"content": text}) for text in texts]
    assert verdict("stream.text.nothing", exchange(ask(), sse(*deltas, chunk({}, "stop")), "stream")) == "pass"


def test_chat_choice_members():
    body = completion("Hi")
    body["choices"][0]["delta"] = None
    assert verdict("chat.choice.members", exchange(ask(), body)) == "pass"


def test_completions_logprobs_text():
    scores = {"tokens": ["Hi", "!", "<|endoftext|>"], "token_logprobs": [-0.1, -0.2, -0.3]}
    body = {"id": "a", "choices": [{"index": 0, "text": "Hi!", "logprobs": scores}]}
    asked = {"model": "m", "prompt": "Say hi.", "logprobs": 1}
    assert verdict("completions.logprobs.text", exchange(asked, body, **COMPLETIONS)) == "pass"


SCHEMA = {"type": "json_schema", "json_schema": {"name": "t", "strict": True, "schema": {"type": "object"}}}
THINKING = CapabilityResult("reasoning", "Reasoning", "m", Advertised.SILENT, Observed.WORKS)


@pytest.mark.parametrize(
    ("text", "finish", "alone", "offers", "said"),
    [
        ("Okay, so the user", "length", "{}", {"reasoning": THINKING}, "inconclusive"),
        ("Okay, so the user", "length", "Okay, so the user wants {}", {}, "inconclusive"),
        ('"', "length", "{}", {}, "inconclusive"),
        ("I'm sorry, but I", "content_filter", "{}", {}, "inconclusive"),
        ("Acme is urgent and", "length", "{}", {}, "fail"),
    ],
    ids=["thinker", "thought", "quote", "filter", "lost"],
)
def test_structured_tools(text, finish, alone, offers, said):
    asked = ask(response_format=SCHEMA, tools=[{"type": "function"}], tool_choice="none", max_tokens=5)
    beside = exchange(asked, completion(text, finish=finish), scenario="structured.truncated")
    without = exchange(ask(response_format=SCHEMA), completion(alone), scenario="offer.json_schema", id="2")
    assert verdict("structured.tools", beside, without, offers=offers) == said


@pytest.mark.parametrize(
    ("statuses", "said"), [((504,), "inconclusive"), ((500,), "inconclusive"), ((500, 500), "fail")], ids=str
)
def test_structured_references(statuses, said):
    failed = {"error": {"message": "upstream"}}
    sent = [
        exchange(ask(), failed, scenario="structured.keywords", status=status, id=str(step), step=step)
        for step, status in enumerate(statuses)
    ]
    plain = exchange(ask(), completion("Hi"), id="plain", scenario="chat.basic")
    assert verdict("structured.references", plain, *sent) == said


def test_chat_model_path():
    answer = completion("Hi") | {"model": "~vendor/large-latest"}
    assert verdict("chat.model.path", exchange(ask(), answer)) == "pass"


@pytest.mark.parametrize(
    ("text", "finish", "said"),
    [
        ("Model\nYear\nPrice", "stop", "pass"),
        ("Agent: I see.\nUser:", "length", "pass"),
        ("Agent: I see.\nUser:", "stop", "fail"),
        ("model\nHi there!", "stop", "fail"),
    ],
    ids=["column", "cut", "next-turn", "template"],
)
def test_chat_content_role(text, finish, said):
    answer = completion(text, finish=finish)
    every = [exchange(ask(f"Say {word}."), answer, id=word) for word in ("hi", "ho", "hey")]
    assert verdict("chat.content.role", *every) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BERT uses [CLS], [PAD], [UNK] and [MASK].", "pass"),
        ("\u0120IMG\u0126A TAJBA!", "pass"),
        ("Hi there.[PAD]", "fail"),
        ("\u0120Hi there", "fail"),
    ],
    ids=["named", "maltese", "padded", "vocabulary"],
)
def test_chat_content_control(text, said):
    every = [exchange(ask(f"Say {word}."), completion(text), id=word) for word in ("hi", "ho", "hey")]
    assert verdict("chat.content.control", *every) == said
