"""Tool calls that break nothing, though they look as some fault does: one test for each requirement."""

from __future__ import annotations

import json

import pytest
from exchanges import ask, completion, exchange, verdict

WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


def call(arguments='{"city": "Paris"}', id_="call_abcdefghijkl", name="get_weather"):
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def called(*calls, content=None, asked=None, **more):
    answer = completion(content, finish="tool_calls", tool_calls=list(calls))
    return exchange(asked or ask(tools=[WEATHER]), answer, **more)


def spoken(content):
    return exchange(ask(tools=[WEATHER]), completion(content))


@pytest.mark.parametrize(
    "content",
    ["Thought: I need the weather.\nAction: get_weather", "**Plan**\nAction: get_weather for Paris, then summarise."],
    ids=["react", "plan"],
)
@pytest.mark.parametrize("row", ["arguments", "action"])
def test_tools_leak(row, content):
    assert verdict(f"tools.leak.{row}", called(call(), content=content)) == "pass"


LISTED = 'I have one tool:\n```json\n{"name": "get_weather", "parameters": {}}\n```'


def test_tools_leak_arguments():
    assert verdict("tools.leak.arguments", spoken(LISTED)) == "pass"


@pytest.mark.parametrize(
    "content",
    [
        LISTED,
        "I would do this:\nAction: get_weather\nbut I need the city first.",
        'get_weather(city="Paris")',
        '{"name": "get_weather", "parameters": {}}',
    ],
    ids=["listed", "explained", "code", "declared"],
)
def test_tools_auto(content):
    assert verdict("tools.auto", spoken(content)) == "inconclusive"


def test_tools_auto_fails_for_a_call_that_is_the_text():
    assert verdict("tools.auto", spoken(json.dumps({"name": "get_weather", "parameters": {"city": "Paris"}}))) == "fail"
