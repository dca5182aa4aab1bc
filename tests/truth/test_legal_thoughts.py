"""Thoughts that break nothing, though they look as some fault does: one test for each requirement."""

from __future__ import annotations

import pytest
from exchanges import ask, chunk, completion, counts, exchange, sse, verdict


def thought(text, content="Done.", **asked):
    return exchange(ask(**asked), completion(content, reasoning_content=text))


@pytest.mark.parametrize(
    "text",
    ["The user wants vector<function<void()>> as a member.", "In the pom I must add a <parameter> element."],
    ids=["template", "xml"],
)
def test_reasoning_clean(text):
    assert verdict("reasoning.clean", thought(text)) == "pass"


COUNT = ", ".join(map(str, range(1, 41)))


@pytest.mark.parametrize(
    ("text", "content", "said"),
    [("It is 391, surely.", "It is 391, surely.", "pass"), (COUNT, f"{COUNT}, 41", "pass"), (COUNT, COUNT, "fail")],
    ids=["short", "draft", "same"],
)
def test_reasoning_copy(text, content, said):
    assert verdict("reasoning.copy", thought(text, content)) == said


def hidden(prompt, **asked):
    made = {**chunk({}), "choices": [], "usage": counts(5, 70, thought=64)}
    stream = sse(chunk({"role": "assistant", "content": "Hi"}), chunk({}, "stop"), made)
    return exchange(ask(prompt, stream=True, **asked), stream, "stream", id="2")


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (hidden("Say ho."), "not_applicable"),
        (hidden("Say hi.", include_reasoning=False), "not_applicable"),
        (hidden("Say hi."), "fail"),
    ],
    ids=["another-prompt", "not-wanted", "lost"],
)
def test_reasoning_twin(stream, said):
    assert verdict("reasoning.twin", thought("The user wants a greeting."), stream) == said
