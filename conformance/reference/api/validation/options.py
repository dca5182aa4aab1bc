"""Tools, tool choice and response formats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.reference.api.problems import ApiError, bad_length, missing_parameter, wrong_type, wrong_value
from conformance.reference.api.validation import fields

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def check_tools(body: Mapping[str, Any]) -> None:
    """Checks `tools`, `tool_choice` and `parallel_tool_calls` of a chat request.

    Raises:
        ApiError: 400 with the path of the first thing that is wrong.
    """
    tools = body.get("tools")
    if tools is not None:
        _check_list(tools)
    for name in ("tool_choice", "parallel_tool_calls"):
        if name in body and not tools and body.get(name) not in ("none", "auto"):
            raise ApiError(
                400, f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.", name
            )
    if "tool_choice" in body:
        _check_choice(body["tool_choice"], tools or [])


def _check_list(tools: Any) -> None:
    fields.array("tools", tools)
    if not tools:
        raise bad_length("tools", "array", 1, 0, long=False)
    for position, tool in enumerate(tools):
        at = f"tools[{position}]"
        fields.mapping(at, tool)
        if tool.get("type") is None:
            raise missing_parameter(f"{at}.type")
        if tool["type"] != "function":
            raise wrong_value(f"{at}.type", tool["type"], ("function", "custom"))
        if tool.get("function") is None:
            raise missing_parameter(f"{at}.function")
        check_function(tool["function"], f"{at}.function")


def check_function(function: Any, at: str) -> None:
    """Checks one function definition: its name, and its parameters as a JSON Schema."""
    fields.mapping(at, function)
    check_name(function.get("name"), f"{at}.name")
    if function.get("description") is not None:
        fields.string(f"{at}.description", function["description"])
    if function.get("strict") is not None:
        fields.boolean(f"{at}.strict", function["strict"])
    if function.get("parameters") is not None:
        check_schema(
            function["parameters"], f"{at}.parameters", f"function '{function['name']}'", "invalid_function_parameters"
        )


def check_name(name: Any, at: str) -> None:
    """Checks a name of a function or a schema."""
    if name is None:
        raise missing_parameter(at)
    fields.string(at, name)
    if not _NAME.fullmatch(name):
        text = f"Invalid '{at}': string does not match pattern. Expected a string that matches '^[a-zA-Z0-9_-]+$'."
        raise ApiError(400, text, at, "invalid_value")


def check_schema(schema: Any, at: str, what: str, code: str) -> None:
    """Refuses what is not a JSON Schema."""
    fields.mapping(at, schema)
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ApiError(400, f"Invalid schema for {what}: {error.message[:200]}", at, code) from error


def _check_choice(choice: Any, tools: list[Mapping[str, Any]]) -> None:
    if isinstance(choice, str):
        fields.one_of("none", "auto", "required")("tool_choice", choice)
        return
    if not isinstance(choice, dict):
        raise wrong_type("tool_choice", "one of a string or object", choice)
    kind = choice.get("type")
    if kind not in ("function", "allowed_tools"):
        raise (
            missing_parameter("tool_choice.type")
            if kind is None
            else wrong_value("tool_choice.type", kind, ("function", "allowed_tools", "custom"))
        )
    if kind == "allowed_tools":
        fields.mapping("tool_choice.allowed_tools", choice.get("allowed_tools"))
        fields.array("tool_choice.allowed_tools.tools", choice["allowed_tools"].get("tools"))
        return
    function = choice.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise missing_parameter(
            "tool_choice.function" if not isinstance(function, dict) else "tool_choice.function.name"
        )
    if function["name"] not in {tool["function"]["name"] for tool in tools}:
        text = f"Invalid value for 'tool_choice': the function '{function['name']}' is not in 'tools'."
        raise ApiError(400, text, "tool_choice", "invalid_value")


def check_format(form: Any, messages: list[dict[str, Any]]) -> None:
    """Checks `response_format` of a chat request."""
    fields.mapping("response_format", form)
    if form.get("type") is None:
        raise missing_parameter("response_format.type")
    fields.one_of("json_object", "json_schema", "text")("response_format.type", form["type"])
    if form["type"] == "json_object" and "json" not in str(messages).lower():
        text = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        raise ApiError(400, text, "messages")
    if form["type"] == "json_schema":
        if form.get("json_schema") is None:
            raise missing_parameter("response_format.json_schema")
        check_json_schema(form["json_schema"], "response_format.json_schema")


def check_json_schema(form: Any, at: str) -> None:
    """Checks a named schema: `name`, `schema`, `strict`."""
    fields.mapping(at, form)
    check_name(form.get("name"), f"{at}.name")
    if form.get("strict") is not None:
        fields.boolean(f"{at}.strict", form["strict"])
    if form.get("schema") is not None:
        check_schema(form["schema"], f"{at}.schema", f"response_format '{form['name']}'", "invalid_json_schema")
    elif form.get("strict"):
        raise missing_parameter(f"{at}.schema")
