"""What a model may do by itself, once or now and then, and what is the server's doing because it is the rule."""

from __future__ import annotations

import pytest
from exchanges import ask, chunk, completion, counts, exchange, sse, verdict

ASSISTANT = {"role": "assistant"}
PROMPTS = tuple(f"Say {word}." for word in ("hi", "ho", "hey", "hum", "hop", "hat"))


def stream_of(*texts, finish="stop", usage=None):
    """A stream of one choice, a delta for each text."""
    chunks = [chunk({**ASSISTANT, "content": ""}), *(chunk({"content": text}) for text in texts), chunk({}, finish)]
    return sse(*chunks, *([{**chunk({}), "choices": [], "usage": usage}] if usage else []))


def whole(texts, **usage):
    return [
        exchange(ask(prompt), completion(text, **usage), id=str(at))
        for at, (prompt, text) in enumerate(zip(PROMPTS, texts, strict=False))
    ]


def streamed(texts, **usage):
    return [
        exchange(ask(prompt, stream=True), stream_of(*text, **usage), "stream", id=f"s{at}")
        for at, (prompt, text) in enumerate(zip(PROMPTS, texts, strict=False))
    ]


def texts(reply_id, text):
    path = "/completions" if reply_id.startswith("completions") else "/responses"
    kind = "text_completion" if path == "/completions" else "response"
    made = [text, *["Fine."] * 5]

    def body(said):
        if path == "/completions":
            return {"object": "text_completion", "choices": [{"index": 0, "text": said, "finish_reason": "stop"}]}
        part = {"type": "output_text", "text": said, "annotations": []}
        return {"object": "response", "status": "completed", "output": [{"type": "message", "content": [part]}]}

    def asked(prompt):
        return {"model": "m", "prompt" if path == "/completions" else "input": prompt}

    return [
        [exchange(asked(p), body(said), kind, path=path, id=p) for p, said in zip(PROMPTS, many, strict=False)]
        for many in (made, [text] * 6)
    ]


ODDITIES = [
    ("chat.content.text", ""),
    ("chat.content.control", "Fine </s> thanks"),
    ("chat.content.role", "assistant: fine"),
    ("chat.content.unicode", "Fine \ufffd thanks"),
    ("chat.content.space", " Fine"),
    ("reasoning.markup", "Fine </think> thanks"),
]


@pytest.mark.parametrize(("requirement", "text"), ODDITIES)
def test_one_odd_answer_of_many_is_left_open(requirement, text):
    assert verdict(requirement, *whole([text, *["Fine."] * 5])) == "inconclusive"


@pytest.mark.parametrize(("requirement", "text"), ODDITIES)
def test_the_same_in_most_answers_fails(requirement, text):
    assert verdict(requirement, *whole([text] * 6)) == "fail"


@pytest.mark.parametrize(("requirement", "text"), ODDITIES)
def test_what_is_the_rule_in_streams_alone_fails(requirement, text):
    made = streamed([[text] if text else []] * 4)
    assert verdict(requirement, *whole(["Fine."] * 6), *made) == "fail"


def test_the_same_prompt_again_is_no_rule():
    same = [exchange(ask(), completion(""), id=str(at)) for at in range(9)]
    assert verdict("chat.content.text", *same, *whole(["", "Fine.", "Fine.", "Fine."])) == "inconclusive"


@pytest.mark.parametrize(("made", "said"), [(1, "inconclusive"), (16, "fail")], ids=["ended", "lost"])
def test_tokens_that_are_counted_and_not_shown_decide_at_once(made, said):
    assert verdict("chat.content.text", *whole([""], usage=counts(9, made)), *whole(["Fine."] * 6)[1:]) == said
    assert verdict("stream.text", *streamed([[]], usage=counts(9, made)), *streamed([["Fine."]] * 6)[1:]) == said


@pytest.mark.parametrize(
    ("requirement", "pieces"),
    [("stream.text", []), ("stream.text.characters", ["Fine ", "\ufffd"])],
)
def test_one_odd_stream_is_left_open_and_the_rule_fails(requirement, pieces):
    fine = ["Fine, ", "naïve ", "thanks"]
    assert verdict(requirement, *streamed([pieces, *[fine] * 5])) == "inconclusive"
    assert verdict(requirement, *streamed([pieces] * 6)) == "fail"


@pytest.mark.parametrize("requirement", ["chat.content.unicode", "stream.text.characters"])
def test_a_text_to_be_repeated_that_lost_its_letters_fails_at_once(requirement):
    echo = ask("Repeat exactly: naïve café and so on", stream=True)
    assert (
        verdict(requirement, exchange(echo, stream_of("na\ufffdve caf", "\ufffd\ufffd and so on"), "stream")) == "fail"
    )


@pytest.mark.parametrize("requirement", ["completions.text.control", "responses.text.control"])
def test_one_stray_token_of_many_texts_is_left_open(requirement):
    once, always = texts(requirement, "Fine </s> thanks")
    assert verdict(requirement, *once) == "inconclusive"
    assert verdict(requirement, *always) == "fail"


def test_one_empty_response_of_many_is_left_open():
    once, always = texts("responses.said", "")
    assert verdict("responses.said", *once) == "inconclusive"
    assert verdict("responses.said", *always) == "fail"


@pytest.mark.parametrize(("made", "said"), [(21, "inconclusive"), (40, "fail")], ids=["ended", "lost"])
def test_thoughts_without_an_answer(made, said):
    thinks = completion("", usage=counts(9, made, thought=20), reasoning_content="Well, let me think.")
    others = [exchange(ask(p), completion("Fine.", reasoning_content="Hm."), id=p) for p in PROMPTS]
    assert verdict("reasoning.answer", exchange(ask("Why?"), thinks), *others) == said
