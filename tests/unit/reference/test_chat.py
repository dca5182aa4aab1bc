"""The scripted model and the validation in front of it, without a socket."""

from __future__ import annotations

import json

import jsonschema
import pytest

from conformance.reference.dialects import DIALECTS
from conformance.reference.engine.samples import Sampler
from conformance.reference.engine.scripted_model import tokenize
from conformance.reference.faults import faults_named
from conformance.reference.server.app import Provider
from conformance.reference.server.call import Call

DIALECT = DIALECTS["openai"]
PROVIDER = Provider(DIALECT, faults_named(()), delay=0.0, keys=(DIALECT.key,))
RED = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)


def tool(name="get_weather", **properties):
    properties = properties or {"city": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


def post(path, **body):
    headers = {"authorization": f"Bearer {DIALECT.key}", "content-type": "application/json"}
    reply = PROVIDER.reply_to(Call("POST", f"/v1{path}", headers, {}, json.dumps(body).encode()))
    return reply.status, json.loads(reply.body)


def chat(content="Say hi.", model="reference-chat", **more):
    messages = content if isinstance(content, list) else [{"role": "user", "content": content}]
    return post("/chat/completions", model=model, messages=messages, **more)


def choice(*args, **more):
    status, body = chat(*args, **more)
    assert status == 200, body
    return body["choices"][0]


def calls(*args, **more):
    made = choice(*args, **more)["message"].get("tool_calls", [])
    return [(each["function"]["name"], json.loads(each["function"]["arguments"])) for each in made]


@pytest.mark.parametrize("text", ["", "Say hi.", "é漢😀 x_y\n\t1234", " \u2028\x85 a  b", "don’t"], ids=range(5))
def test_tokens_concatenate_to_the_text(text):
    assert "".join(tokenize(text)) == text


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_limits_cut_and_say_so(limit):
    status, body = chat("Count from 1 to 100.", **{limit: 5})
    assert (status, body["choices"][0]["finish_reason"], body["usage"]["completion_tokens"]) == (200, "length", 5)


@pytest.mark.parametrize("stop", ["5", ["x", "5"]], ids=["string", "array"])
def test_stop_ends_before_the_stop_string(stop):
    made = choice("Count from 1 to 9.", stop=stop)
    assert (made["message"]["content"], made["finish_reason"]) == ("1, 2, 3, 4, ", "stop")


def test_logprobs_agree_with_the_text():
    made = choice(logprobs=True, top_logprobs=3)
    entries = made["logprobs"]["content"]
    assert "".join(each["token"] for each in entries) == made["message"]["content"]
    assert bytes(byte for each in entries for byte in each["bytes"]).decode() == made["message"]["content"]
    for each in entries:
        ranked = [other["logprob"] for other in each["top_logprobs"]]
        assert len(ranked) == 3
        assert ranked == sorted(ranked, reverse=True)


def test_thinking_is_apart_and_counted():
    status, body = chat(model="reference-thinker")
    message = body["choices"][0]["message"]
    assert status == 200
    assert message["reasoning_content"]
    assert message["content"] == "Hi there! How can I help you?"
    assert 30 < body["usage"]["completion_tokens_details"]["reasoning_tokens"] < body["usage"]["completion_tokens"]


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("What is the weather in Paris?", {}, ["Paris"]),
        ("What is the weather in Paris and Tokyo?", {}, ["Paris", "Tokyo"]),
        ("What is the weather in Paris and Tokyo?", {"parallel_tool_calls": False}, ["Paris"]),
        ("What is the weather in Paris and Tokyo?", {"tool_choice": "none"}, []),
        ("Say hi.", {}, []),
        ("Say hi.", {"tool_choice": "required"}, ["city"]),
    ],
    ids=["one", "two", "serial", "none", "off-topic", "required"],
)
def test_tools_are_called_when_they_should_be(content, options, expected):
    assert [arguments["city"] for _, arguments in calls(content, tools=[tool()], **options)] == expected


def test_a_named_tool_is_called_and_nothing_else():
    named = {"type": "function", "function": {"name": "add"}}
    tools = [tool(), tool("add", a={"type": "integer"}, b={"type": "integer"})]
    assert calls("What is 17 plus 25?", tools=tools, tool_choice=named) == [("add", {"a": 17, "b": 25})]


def test_a_tool_without_parameters_gets_an_empty_object():
    assert calls("Say hi.", tools=[{"type": "function", "function": {"name": "ping"}}], tool_choice="required") == [
        ("ping", {})
    ]


def test_the_round_trip_quotes_the_result():
    asked = {"role": "user", "content": "What is the weather in Paris?"}
    message = choice([asked], tools=[tool()])["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "21 degrees"}
    assert "21 degrees" in choice([asked, message, result], tools=[tool()])["message"]["content"]


def test_arguments_cut_by_the_limit_are_reported_as_such():
    made = choice("What is the weather in Paris?", tools=[tool()], max_tokens=7)
    assert made["finish_reason"] == "length"
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(made["message"]["tool_calls"][0]["function"]["arguments"])


SCHEMAS = [
    {"type": "object", "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 9}}, "required": ["a"]},
    {"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "b": {"const": 3}}, "required": ["a", "b"]},
    {"type": "array", "items": {"type": "string", "minLength": 12}, "minItems": 3},
    {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/a"}},
        "$defs": {"a": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{2,4}$"}},
    },
    {"anyOf": [{"type": "number", "exclusiveMinimum": 7}, {"type": "null"}]},
    {"type": "object", "properties": {"n": {"type": ["string", "null"], "format": "date-time"}}, "required": ["n"]},
    {"type": "object", "properties": {"t": {"$ref": "#"}}, "required": []},
    {
        "allOf": [
            {"properties": {"a": {"type": "boolean"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer", "multipleOf": 7}}, "required": ["b"]},
        ]
    },
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
def test_values_satisfy_their_schema(schema):
    made = Sampler(schema).value()
    assert jsonschema.Draft202012Validator(schema).is_valid(made), made


@pytest.mark.parametrize("model", ["reference-chat", "reference-dumb", "reference-thinker"])
def test_structured_output_satisfies_its_schema(model):
    form = {"type": "json_schema", "json_schema": {"name": "s", "strict": True, "schema": SCHEMAS[0]}}
    content = choice(model=model, response_format=form)["message"]["content"]
    assert jsonschema.Draft202012Validator(SCHEMAS[0]).is_valid(json.loads(content)), content


def test_the_dumb_model_obeys_only_force():
    assert calls("What is the weather in Paris?", model="reference-dumb", tools=[tool()]) == []
    assert len(calls("Hm.", model="reference-dumb", tools=[tool()], tool_choice="required")) == 1
    assert "Bananas" in choice("Repeat exactly: x", model="reference-dumb")["message"]["content"]


def test_a_picture_is_seen_and_counted():
    parts = [{"type": "text", "text": "Which colour?"}, {"type": "image_url", "image_url": {"url": RED}}]
    status, body = chat([{"role": "user", "content": parts}])
    plain = chat([{"role": "user", "content": parts[:1]}])[1]
    assert (status, body["choices"][0]["message"]["content"]) == (200, "The picture is red.")
    assert body["usage"]["prompt_tokens"] > plain["usage"]["prompt_tokens"]


IMAGE = {"type": "image_url", "image_url": {"url": RED}}
REFUSED = {
    "no-model": ({"model": None}, 400, None, None),
    "unknown-model": ({"model": "nope"}, 404, None, "model_not_found"),
    "embedding-model": ({"model": "reference-embedding"}, 400, "model", None),
    "no-messages": ({"messages": None}, 400, "messages", "missing_required_parameter"),
    "empty-messages": ({"messages": []}, 400, "messages", "empty_array"),
    "string-messages": ({"messages": "hi"}, 400, "messages", "invalid_type"),
    "unknown-role": ({"messages": [{"role": "robot", "content": "x"}]}, 400, "messages[0].role", "invalid_value"),
    "null-content": ({"messages": [{"role": "user", "content": None}]}, 400, "messages[0].content", "invalid_type"),
    "unknown-field": ({"foo": 1}, 400, None, None),
    "hot": ({"temperature": 2.1}, 400, "temperature", "decimal_above_max_value"),
    "hot-text": ({"temperature": "hot"}, 400, "temperature", "invalid_type"),
    "top-p": ({"top_p": -1}, 400, "top_p", "decimal_below_min_value"),
    "penalty": ({"presence_penalty": 3}, 400, "presence_penalty", "decimal_above_max_value"),
    "five-stops": ({"stop": list("abcde")}, 400, "stop", "array_above_max_length"),
    "no-tokens": ({"max_tokens": 0}, 400, "max_tokens", "integer_below_min_value"),
    "too-many-tokens": ({"max_tokens": 10**9}, 400, "max_tokens", "invalid_value"),
    "both-limits": ({"max_tokens": 1, "max_completion_tokens": 1}, 400, "max_tokens", "invalid_parameter_combination"),
    "stream-text": ({"stream": "yes"}, 400, "stream", "invalid_type"),
    "stream-options": ({"stream_options": {"include_usage": True}}, 400, "stream_options", None),
    "top-logprobs-alone": ({"top_logprobs": 2}, 400, "top_logprobs", None),
    "top-logprobs-many": ({"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs", "integer_above_max_value"),
    "nameless-tool": (
        {"tools": [{"type": "function", "function": {}}]},
        400,
        "tools[0].function.name",
        "missing_required_parameter",
    ),
    "no-tools": ({"tools": []}, 400, "tools", "empty_array"),
    "bad-tool-schema": (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "nope"}}}]},
        400,
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    "choice-without-tools": ({"tool_choice": "required"}, 400, "tool_choice", None),
    "unknown-choice": (
        {"tools": [tool()], "tool_choice": {"type": "function", "function": {"name": "x"}}},
        400,
        "tool_choice",
        "invalid_value",
    ),
    "stray-result": (
        {"messages": [{"role": "tool", "tool_call_id": "x", "content": ""}]},
        400,
        "messages.[0].role",
        None,
    ),
    "unknown-format": ({"response_format": {"type": "xml"}}, 400, "response_format.type", "invalid_value"),
    "nameless-schema": (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        400,
        "response_format.json_schema.name",
        "missing_required_parameter",
    ),
    "json-unsaid": ({"response_format": {"type": "json_object"}}, 400, "messages", None),
    "corrupt-picture": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,@@"}}]}
            ]
        },
        400,
        "messages[0].content[0].image_url",
        "image_parse_error",
    ),
    "text-model-tools": ({"model": "reference-text", "tools": [tool()]}, 400, "tools", "unsupported_parameter"),
    "text-model-picture": (
        {"model": "reference-text", "messages": [{"role": "user", "content": [IMAGE]}]},
        400,
        "messages[0].content[0].image_url",
        "unsupported_parameter",
    ),
    "text-model-overflow": (
        {"model": "reference-text", "messages": [{"role": "user", "content": "word " * 9000}]},
        400,
        "messages",
        "context_length_exceeded",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_mistakes_are_refused_in_openais_words(name):
    change, status, param, code = REFUSED[name]
    answered, body = post(
        "/chat/completions", **{"model": "reference-chat", "messages": [{"role": "user", "content": "Hi"}], **change}
    )
    assert (answered, body["error"]["param"], body["error"]["code"]) == (status, param, code), body
    assert list(body["error"]) == ["message", "type", "param", "code"]
    assert body["error"]["type"] == "invalid_request_error"


def test_nulls_and_known_extras_change_nothing():
    extras = {
        "user": "u",
        "metadata": {"a": "b"},
        "store": False,
        "prompt_cache_key": "k",
        "service_tier": "auto",
        "verbosity": "low",
    }
    nulls = dict.fromkeys(
        ("stream", "stop", "temperature", "tools", "tool_choice", "n", "max_tokens", "response_format")
    )
    assert choice(**extras, **nulls) == choice()


def test_prompt_tokens_grow_with_the_prompt():
    assert chat("Hi.")[1]["usage"]["prompt_tokens"] < chat("Hi, and a few words more.")[1]["usage"]["prompt_tokens"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Repeat exactly: é漢😀", "é漢😀"),
        ("Say exactly: alpha beta", "alpha beta"),
        ("Reply with the single word: pong", "pong"),
        ("Reply with only the word OK.", "OK"),
        ("Write the numbers from 1 to 4, separated by spaces.", "1 2 3 4"),
        ("Count from 3 to 5, one per line.", "3\n4\n5"),
        ("What is 2+2?", "4"),
        ('Return a JSON object with the key "name".', '{"name": "value"}'),
    ],
    ids=range(8),
)
def test_the_good_model_obeys(prompt, expected):
    assert choice(prompt)["message"]["content"] == expected
