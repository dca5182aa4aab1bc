"""Tools in requests and calls in answers, as checks read them."""

from __future__ import annotations

import json

import pytest

from conformance.api.chat.folding import Chunk, FoldedCall, fold_chunks
from conformance.api.chat.reply import Choice
from conformance.api.chat.tools import choice_of, declared_functions, is_call_forced, named_function
from conformance.checks.heuristics.markup import (
    call_acted_in,
    call_alone_in,
    call_spelt_in,
    call_thought_in,
    call_written_in,
    markup_in,
    typed_as_text,
)
from conformance.model import Request
from conformance.model.location import Location

WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}


def request(**body):
    return Request(method="POST", path="/chat/completions", body=json.dumps({"model": "m", **body}).encode())


def folded(*fragments):
    chunks = [
        Chunk(number, {"choices": [{"index": 0, "delta": {"tool_calls": [one]}}]}, Location.event(number + 1))
        for number, one in enumerate(fragments)
    ]
    return list(fold_chunks(chunks).choices[0].calls.values())


def call(*pieces) -> FoldedCall:
    return folded(*({"index": 0, "function": {"arguments": piece}} for piece in pieces))[0]


@pytest.mark.parametrize(
    ("said", "kind", "demanded"),
    [
        (None, "auto", False),
        ("none", "none", False),
        ("required", "required", True),
        ("any", "required", True),
        ({"type": "function", "function": {"name": "get_weather"}}, "named", True),
        ({"type": "allowed_tools", "allowed_tools": {}}, "auto", False),
    ],
    ids=["absent", "none", "required", "any", "named", "allowed"],
)
def test_the_choice_is_read(said, kind, demanded):
    asked = request(tools=[WEATHER], tool_choice=said)
    assert (choice_of(asked), is_call_forced(asked)) == (kind, demanded)
    assert bool(named_function(asked)) is (kind == "named")


@pytest.mark.parametrize("tools", [None, [], "x", [1], [{"type": "function"}], [{"function": {}}]])
def test_hostile_tools_declare_nothing(tools):
    assert declared_functions(request(tools=tools)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>",
        "ok\n</tool_call>",
        "<function",
        "<function=get_weather>",
        "<|python_tag|>f()",
        "[TOOL_CALLS] [{}]",
        "<｜tool▁calls▁begin｜>",
        '<invoke name="f">',
        "<minimax:tool_call>",
        "<|channel|>commentary to=functions.f",
    ],
)
def test_markup_is_found(text):
    assert markup_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#include <functional>",
        "a < b and c > d",
        "Map<String, Function>",
        "use the tool_call object",
        "[1] <b>x</b>",
    ],
)
def test_plain_text_is_no_markup(text):
    assert not markup_in(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"name": "get_weather", "arguments": {}}', True),
        ('Sure: {"city": "Paris"}', True),
        ("The weather in Paris is fine.", False),
        ('{"name": "somebody"}', False),
    ],
    ids=["call", "arguments", "prose", "other json"],
)
def test_a_written_call_is_found(text, found):
    assert bool(call_written_in(text, frozenset({"get_weather"}), ('{"city":"Paris"}', "{}"))) is found


@pytest.mark.parametrize(
    ("pieces", "at"),
    [
        (['{"a":', "1}"], None),
        (['{"a":', "1}", '{"a":1}'], 2),
        (['{"a"', '{"a":1', '{"a":1}'], 1),
        (["{}", "{}"], 1),
        (['{"a":"x', "x", 'x"}'], None),
        (['{"a":', ""], None),
    ],
    ids=["pieces", "whole again", "cumulative", "empty twice", "repeating text", "cut"],
)
def test_repeated_arguments_are_found(pieces, at):
    made = call(*pieces)
    assert made.repeats is (None if at is None else made.fragments[at])


def test_an_empty_object_beside_the_name_is_not_repeated():
    head = {"index": 0, "function": {"name": "get_time", "arguments": "{}"}}
    assert folded(head, {"index": 0, "function": {"arguments": "{}"}})[0].repeats is None


@pytest.mark.parametrize(
    "text",
    [
        '[get_weather(city="Paris")]',
        "get_weather(city='Paris')\n",
        '```tool_code\nprint(get_weather("Paris"))\n```',
    ],
    ids=["list", "code", "fence"],
)
def test_a_call_that_is_spelt_out_is_found(text):
    assert call_spelt_in(text, frozenset({"get_weather"}))


@pytest.mark.parametrize("text", ["", "I call get_weather(city) now.", "Action: none", "other(1)"])
def test_prose_about_calls_is_no_call(text):
    assert not call_spelt_in(text, frozenset({"get_weather"}))
    assert not call_spelt_in(text, frozenset())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"name": "get_weather", "parameters": {"city": "Paris"}}', True),
        ('```json\n[{"function": {"name": "get_weather", "arguments": "{}"}}]\n```', True),
        ('{"name": "get_weather", "parameters": {}}', False),
        ('{"name": "get_weather", "parameters": {"type": "object", "properties": {}}}', False),
        ('I can: {"name": "get_weather", "parameters": {"city": "Paris"}}', False),
        ("[]", False),
        ("{", False),
    ],
    ids=["object", "fenced", "nothing", "declared", "beside-prose", "empty", "broken"],
)
def test_a_text_may_be_nothing_but_a_call(text, found):
    assert bool(call_alone_in(text, frozenset({"get_weather"}))) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I look it up.\nAction: get_weather\nAction Input: Paris", True),
        ("Thought: I need it.\nAction: get_weather", False),
        ("Action: get_time\nAction Input: now", False),
    ],
    ids=["action", "announced", "other"],
)
def test_an_action_has_its_input(text, found):
    assert bool(call_acted_in(text, frozenset({"get_weather"}))) is found
    assert not call_acted_in(text, frozenset())


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"reasoning": "I look it up. <tool_call>"}, True),
        ({"reasoning_content": '{"name": "get_weather"}', "content": " "}, True),
        ({"reasoning": "I look it up."}, False),
        ({"reasoning": "<tool_call>", "content": "It is sunny."}, False),
        ({"reasoning": "<tool_call>", "tool_calls": [{}]}, False),
    ],
    ids=["markup", "json", "thought", "answered", "called"],
)
def test_a_call_in_the_thoughts_is_found_where_it_is_nowhere_else(message, found):
    choice = Choice(0, message, "stop", None, Location.at("/choices/0"))
    assert bool(call_thought_in(choice, frozenset({"get_weather"}))) is found


STOPS = {"type": "array", "items": {"type": "object", "properties": {"nights": {"type": "integer"}}}}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"stops": "[]"}, ["/stops"]),
        ({"stops": ["{}"]}, ["/stops/0"]),
        ({"stops": [{"nights": "3"}]}, ["/stops/0/nights"]),
        ({"stops": [{"nights": 3}], "note": "[]"}, []),
        ({"stops": "none"}, []),
    ],
    ids=["array", "object", "number", "right", "prose"],
)
def test_values_in_text_are_found(value, found):
    schema = {"type": "object", "properties": {"stops": STOPS, "note": {"type": ["string", "null"]}}}
    assert [pointer for pointer, _ in typed_as_text(schema, value)] == found


@pytest.mark.parametrize("schema", [None, [], {"type": 1}, {"type": ["array"], "properties": 3, "items": 7}])
def test_hostile_schemas_want_nothing(schema):
    assert list(typed_as_text(schema, {"a": ["x", {"b": None}]})) == []
