"""Folding chunks into messages as a client does; what contradicts what is noted, and nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.api.chat.folding import Chunk, FoldedStream, fold_chunks
from conformance.model.location import Location


def chunks(*values) -> list[Chunk]:
    return [Chunk(number, value, Location.event(number + 1)) for number, value in enumerate(values)]


def one(delta=None, finish=None, index=0, **choice):
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish, **choice}]}


def calls(*fragments, finish=None):
    return one({"tool_calls": list(fragments)}, finish)


def folded(*values) -> FoldedStream:
    return fold_chunks(chunks(*values))


def test_text_is_joined_and_the_rest_is_null():
    stream = folded(
        one({"role": "assistant", "content": ""}), one({"content": "a"}), one({"content": "b"}), one({}, "stop")
    )
    choice = stream.choices[0]
    assert choice.message == {"role": "assistant", "content": "ab", "refusal": None}
    assert choice.finish_reason == "stop"
    assert stream.contradictions == []


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_found_under_both_names(name):
    choice = folded(one({name: "hm"}), one({name: "."}), one({"content": "a"})).choices[0]
    assert choice.reasoning == "hm."
    assert choice.message[name] == "hm."


def test_a_refusal_is_joined_and_content_stays_null():
    message = folded(one({"refusal": "I "}), one({"refusal": "won't."})).choices[0].message
    assert (message["content"], message["refusal"]) == (None, "I won't.")


def test_choices_are_kept_apart_by_index():
    stream = folded(one({"content": "a"}), one({"content": "b"}, index=1), one({"content": "c"}))
    assert {index: choice.text("content") for index, choice in stream.choices.items()} == {0: "ac", 1: "b"}


@pytest.mark.parametrize("index", [None, "0", True, 1.5])
def test_without_an_index_the_position_counts(index):
    assert list(folded(one({"content": "a"}, index=index)).choices) == [0]


def test_parallel_calls_are_joined_by_index():
    stream = folded(
        calls({"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}),
        calls({"index": 0, "function": {"arguments": "{"}}),
        calls({"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": "[]"}}),
        calls({"index": 0, "function": {"arguments": "}"}}, finish="tool_calls"),
    )
    assert stream.choices[0].message["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "[]"}},
    ]
    assert stream.contradictions == []


def test_without_an_index_a_new_id_is_a_new_call_and_the_rest_goes_to_the_last():
    stream = folded(
        calls({"id": "c1", "function": {"name": "f", "arguments": "1"}}),
        calls({"function": {"arguments": "2"}}),
        calls({"id": "c2", "function": {"name": "g", "arguments": "3"}}),
        calls({"function": {"arguments": "4"}}),
        calls({"id": "c1", "function": {"arguments": "5"}}),
    )
    assert [call["function"]["arguments"] for call in stream.choices[0].message["tool_calls"]] == ["125", "34"]


def test_usage_objects_are_kept_with_their_chunk():
    stream = folded({"choices": [], "usage": None}, {"choices": [], "usage": {"total_tokens": 3}})
    assert [(usage, chunk.number) for usage, chunk in stream.usages] == [({"total_tokens": 3}, 1)]


def test_logprobs_are_joined_over_chunks():
    choice = folded(
        one({}, logprobs={"content": [1]}), one({}, logprobs=None), one({}, logprobs={"content": [2]})
    ).choices[0]
    assert choice.logprobs == [1, 2]
    assert folded(one({}, logprobs=None)).choices[0].logprobs is None
    assert folded(one({}, logprobs={"content": None})).choices[0].logprobs == []


@pytest.mark.parametrize("hostile", [7, "x", {"a": 1}, True])
def test_logprobs_that_are_no_list_are_none_at_all(hostile):
    assert folded(one({}, logprobs={"content": hostile})).choices[0].logprobs == []


@pytest.mark.parametrize("hostile", [["stop"], {"a": []}], ids=["array", "object"])
def test_a_finish_reason_can_be_looked_up_whatever_it_is(hostile):
    assert folded(one({}, hostile)).choices[0].finish_reason not in {"stop", "length"}


CONTRADICTIONS = {
    "text-after-finish": ([one({}, "stop"), one({"content": "a"})], "a delta follows the finish_reason", 1),
    "finish-twice": ([one({}, "stop"), one({}, "length")], 'finish_reason "length" after finish_reason "stop"', 1),
    "id-changes": (
        [calls({"index": 0, "id": "a"}), calls({"index": 0, "id": "b"})],
        'the id of tool call 0 changes from "a" to "b"',
        1,
    ),
    "name-changes": (
        [calls({"index": 0, "function": {"name": "f"}}), calls({"index": 0, "function": {"name": "g"}})],
        'the name of tool call 0 changes from "f" to "g"',
        1,
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_noted_with_their_place(name):
    values, text, number = CONTRADICTIONS[name]
    (found,) = folded(*values).contradictions
    assert found.text == text
    assert str(found.place).startswith(f"event {number + 1} /choices/0")


AGREE = {
    "empty-after-finish": [one({}, "stop"), one({})],
    "empty-text-after-finish": [one({}, "stop"), one({"content": ""})],
    "text-with-finish": [one({"content": "a"}, "stop")],
    "id-repeated": [calls({"index": 0, "id": "a"}), calls({"index": 0, "id": "a"})],
    "name-emptied": [calls({"index": 0, "function": {"name": "f"}}), calls({"index": 0, "function": {"name": ""}})],
    "another-choice-goes-on": [one({}, "stop"), one({"content": "a"}, index=1)],
}


@pytest.mark.parametrize("name", AGREE)
def test_what_agrees_is_no_contradiction(name):
    assert folded(*AGREE[name]).contradictions == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "index", "delta", "content", "role", "tool_calls", "function", "arguments", "id", "name",
                 "finish_reason", "usage", "logprobs", "reasoning"]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "usage", "id"]), JSON), max_size=4))
def test_no_chunk_raises(values):
    stream = folded(*values)
    for choice in stream.choices.values():
        assert choice.message["content"] is None or isinstance(choice.message["content"], str)
        assert choice.reasoning is None or isinstance(choice.reasoning, str)
        assert choice.logprobs is None or isinstance(choice.logprobs, list)
