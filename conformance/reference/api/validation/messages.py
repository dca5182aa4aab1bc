"""Messages: roles, content parts, pictures, and tool calls that pair up with their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.reference.api.problems import ApiError, bad_length, missing_parameter, wrong_type, wrong_value
from conformance.reference.engine.pictures import decode_picture
from conformance.reference.model_list import ModelCard

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_PARTS = ("text", "image_url", "input_audio", "refusal", "audio", "file")


def check_messages(messages: Any, card: ModelCard) -> None:
    """Checks the conversation.

    Raises:
        ApiError: 400 with the path of the first thing that is wrong.
    """
    if not isinstance(messages, list):
        raise wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise bad_length("messages", "array", 1, 0, long=False)
    for position, message in enumerate(messages):
        at = f"messages[{position}]"
        if not isinstance(message, dict):
            raise wrong_type(at, "an object", message)
        _check_message(message, at, card)
    _check_pairs(messages)


def _check_message(message: Mapping[str, Any], at: str, card: ModelCard) -> None:
    role = message.get("role")
    if role is None:
        raise missing_parameter(f"{at}.role")
    if not isinstance(role, str):
        raise wrong_type(f"{at}.role", f"one of {', '.join(ROLES)}", role)
    if role not in ROLES:
        raise wrong_value(f"{at}.role", role, ROLES)
    _check_content(message, at, card)
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise missing_parameter(f"{at}.tool_call_id")
    if message.get("tool_calls") is not None:
        if role != "assistant":
            raise ApiError(400, "Only messages with role 'assistant' may have 'tool_calls'.", f"{at}.tool_calls")
        _check_calls(message["tool_calls"], f"{at}.tool_calls")


def _check_content(message: Mapping[str, Any], at: str, card: ModelCard) -> None:
    content = message.get("content")
    if content is None:
        if message["role"] != "assistant" or not (
            message.get("tool_calls") or message.get("function_call") or message.get("refusal")
        ):
            raise _no_content(message, at)
    elif isinstance(content, list):
        _check_parts(content, f"{at}.content", card)
    elif not isinstance(content, str):
        raise wrong_type(f"{at}.content", "one of a string or array of objects", content)


def _no_content(message: Mapping[str, Any], at: str) -> ApiError:
    if "content" not in message:
        return missing_parameter(f"{at}.content")
    text = f"Invalid value for 'content': expected a string, got null. ({at})"
    return ApiError(400, text, f"{at}.content", "invalid_type")


def _check_parts(parts: list[Any], at: str, card: ModelCard) -> None:
    if not parts:
        raise bad_length(at, "array", 1, 0, long=False)
    for position, part in enumerate(parts):
        where = f"{at}[{position}]"
        if not isinstance(part, dict):
            raise wrong_type(where, "an object", part)
        kind = part.get("type")
        if kind is None:
            raise missing_parameter(f"{where}.type")
        if kind not in _PARTS:
            raise wrong_value(f"{where}.type", kind, _PARTS)
        if kind == "text" and not isinstance(part.get("text"), str):
            raise (
                missing_parameter(f"{where}.text")
                if part.get("text") is None
                else wrong_type(f"{where}.text", "a string", part["text"])
            )
        if kind == "image_url":
            _check_picture(part, f"{where}.image_url", card)


def _check_picture(part: Mapping[str, Any], at: str, card: ModelCard) -> None:
    if "image" not in card.modalities:
        text = f"Invalid content type. image_url is not supported by the model {card.id}."
        raise ApiError(400, text, at, "unsupported_parameter")
    picture = part.get("image_url")
    if picture is None:
        raise missing_parameter(at)
    if not isinstance(picture, dict):
        raise wrong_type(at, "an object", picture)
    url = picture.get("url")
    if not isinstance(url, str) or not url:
        raise missing_parameter(f"{at}.url")
    if picture.get("detail") not in (None, "low", "high", "auto"):
        raise wrong_value(f"{at}.detail", picture["detail"], ("low", "high", "auto"))
    if url.startswith("data:") and decode_picture(url) is None:
        raise ApiError(
            400, "You uploaded an unsupported image. Please make sure your image is valid.", at, "image_parse_error"
        )
    if not url.startswith(("data:", "https://", "http://")):
        text = f"Invalid '{at}.url'. Expected a base64-encoded data URL with an image MIME type, or an https URL."
        raise ApiError(400, text, f"{at}.url", "invalid_value")


def _check_calls(calls: Any, at: str) -> None:
    if not isinstance(calls, list):
        raise wrong_type(at, "an array of objects", calls)
    if not calls:
        raise bad_length(at, "array", 1, 0, long=False)
    for position, call in enumerate(calls):
        where = f"{at}[{position}]"
        if not isinstance(call, dict):
            raise wrong_type(where, "an object", call)
        for name in ("id", "type", "function"):
            if call.get(name) is None:
                raise missing_parameter(f"{where}.{name}")
        for name in ("name", "arguments"):
            if not isinstance(call["function"], dict) or not isinstance(call["function"].get(name), str):
                raise missing_parameter(f"{where}.function.{name}")


def _check_pairs(messages: list[dict[str, Any]]) -> None:
    """Every tool result answers a call of the assistant message before it, and every call is answered."""
    waiting: dict[str, None] = {}
    for position, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                raise _stray_result(position)
            del waiting[message["tool_call_id"]]
            continue
        if waiting:
            raise _unanswered(list(waiting), position)
        waiting = {call["id"]: None for call in message.get("tool_calls") or ()}
    if waiting:
        raise _unanswered(list(waiting), len(messages))


def _stray_result(position: int) -> ApiError:
    text = "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
    return ApiError(400, text, f"messages.[{position}].role")


def _unanswered(ids: list[str], position: int) -> ApiError:
    text = (
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(ids)}"
    )
    return ApiError(400, text, f"messages.[{position}].role")
