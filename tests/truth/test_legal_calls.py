"""Tool calls that break nothing, though they look as some fault does: one test for each requirement."""

from __future__ import annotations

import json

import pytest
from exchanges import ask, chunk, completion, exchange, sse, verdict

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


@pytest.mark.parametrize(
    ("status", "with_them", "said"),
    [(400, 400, "not_run"), (504, 200, "inconclusive"), (500, 500, "not_run"), (422, 200, "fail")],
    ids=["history", "outage", "crash", "refused"],
)
def test_tools_parameters_absent(status, with_them, said):
    time = {"type": "function", "function": {"name": "get_time"}}
    given = {"type": "function", "function": {"name": "get_time", "parameters": {}}}
    at = {"scenario": "tools.roundtrip", "source": "r#1"}
    bare = exchange(ask(tools=[time]), {"error": {"message": "no"}}, status=status, **at)
    twin = exchange(ask(tools=[given]), completion("It is noon."), status=with_them, id="2", step=1, **at)
    assert verdict("tools.parameters.absent", bare, twin) == said


@pytest.mark.parametrize("id_", ["", "call_0", "functions.get_weather:0"], ids=["empty", "counted", "kimi"])
def test_tools_roundtrip_heeded(id_):
    made, at = call(id_=id_), {"scenario": "tools.roundtrip"}
    asked = ask(tools=[WEATHER])
    result = {"role": "tool", "tool_call_id": id_, "content": "sunny"}
    answered = {**asked, "messages": [*asked["messages"], {"role": "assistant", "tool_calls": [made]}, result]}
    second = called(made, asked=answered, id="2", step=1, **at)
    assert verdict("tools.roundtrip.heeded", called(made, **at), second) == "inconclusive"


def test_tools_delta_blank():
    first = {"index": 0, **call("")}
    later = {"index": 0, "id": None, "type": None, "function": {"name": None, "arguments": "{}"}}
    stream = sse(chunk({"role": "assistant", "tool_calls": [first]}), chunk({"tool_calls": [later]}, "tool_calls"))
    assert verdict("tools.delta.blank", exchange(ask(tools=[WEATHER]), stream, "stream")) == "pass"


def test_tools_id_length():
    assert verdict("tools.id.length", called(call(id_="functions.get_weather:0"))) == "pass"


def test_header_cors_error():
    page = {"request": {"headers": (("Origin", "https://app.example"),)}}
    read = (("access-control-allow-origin", "*"),)
    fine = exchange(ask(), completion("Hi"), response_headers=read, **page)
    edge = exchange(ask(), b"<html>504</html>", status=504, id="2", **page)
    assert verdict("header.cors.error", fine, edge) == "not_applicable"


@pytest.mark.parametrize(
    "arguments",
    ['{"city": "Paris"', '{"city": "Paris"}}', "{'city': 'Paris'}", '{"city": "Pa\nris"}'],
    ids=["open", "closed-twice", "python", "raw-newline"],
)
def test_tools_arguments_spelling(arguments):
    bad, other = called(call(arguments)), called(call('{"city": "Rome"}'), id="2")
    assert verdict("tools.arguments.spelling", bad, other) == "inconclusive"
    assert verdict("tools.arguments.spelling", bad, other, called(call(arguments), id="3")) == "fail"


def test_tools_arguments_spelling_of_a_call_that_comes_whole_too():
    bad, whole = called(call('{"city": "Paris"')), called(call(), id="2")
    assert verdict("tools.arguments.spelling", bad, whole) == "fail"


NOTED = 'Use this note exactly: a && b < "c" é漢 \\ d'


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ('a && b < \\"c\\" é漢 \\\\ d', "inconclusive"),
        ('a &amp;&amp; b &lt; "c" é漢 \\ d', "inconclusive"),
        ("a &amp;&amp; b &lt; &quot;c&quot; é漢 \\ d", "fail"),
        ('a && b < "c" Ã©æ¼¢ \\ d', "fail"),
    ],
    ids=["escapes", "some-entities", "entities", "latin-1"],
)
def test_tools_arguments_text(note, said):
    made = called(call(json.dumps({"note": note})), asked=ask(NOTED, tools=[WEATHER]))
    assert verdict("tools.arguments.text", made) == said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"code": 429, "message": "Slow down."}, "inconclusive"),
        ({"code": "content_filter", "message": "No."}, "inconclusive"),
        ({"code": "tool_use_failed", "message": "The call is no JSON."}, "inconclusive"),
        ({"code": 500, "message": "Oh."}, "fail"),
        ("Internal error", "fail"),
        (None, "not_applicable"),
    ],
    ids=["limit", "filter", "bad-call", "failure", "words", "none"],
)
def test_tools_stream_failed(error, said):
    begun = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"c'}}
    delta = {"role": "assistant", "content": None, "tool_calls": [begun]} if error else {"content": "Hi"}
    stream = sse(chunk(delta), *([{"error": error}] if error else []))
    assert verdict("tools.stream.failed", exchange(ask(tools=[WEATHER]), stream, "stream")) == said
