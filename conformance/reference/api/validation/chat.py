"""The chat request: every parameter, then the rules that span several of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.reference.api.problems import (
    ApiError,
    missing_parameter,
    unknown_model,
    unsupported_parameter,
    wrong_type,
)
from conformance.reference.api.validation import fields
from conformance.reference.api.validation.messages import check_messages
from conformance.reference.api.validation.options import check_format, check_tools
from conformance.reference.engine import scripted_model
from conformance.reference.model_list import MODELS, ModelCard

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
_KNOWN: Mapping[str, fields.Checker] = {
    "audio": fields.mapping,
    "frequency_penalty": fields.number(-2, 2),
    "function_call": fields.anything,
    "functions": fields.array,
    "logit_bias": fields.logit_bias,
    "logprobs": fields.boolean,
    "max_completion_tokens": fields.integer(1),
    "max_tokens": fields.integer(1),
    "messages": fields.anything,
    "metadata": fields.metadata,
    "modalities": fields.array,
    "model": fields.string,
    "moderation": fields.mapping,
    "n": fields.integer(1, 128),
    "parallel_tool_calls": fields.boolean,
    "prediction": fields.mapping,
    "presence_penalty": fields.number(-2, 2),
    "prompt_cache_key": fields.string,
    "prompt_cache_options": fields.mapping,
    "prompt_cache_retention": fields.string,
    "reasoning_effort": fields.one_of(*EFFORTS),
    "response_format": fields.mapping,
    "safety_identifier": fields.string,
    "seed": fields.integer(),
    "service_tier": fields.one_of("auto", "default", "flex", "priority", "scale"),
    "stop": fields.stop,
    "store": fields.boolean,
    "stream": fields.boolean,
    "stream_options": fields.mapping,
    "temperature": fields.number(0, 2),
    "tool_choice": fields.anything,
    "tools": fields.array,
    "top_logprobs": fields.integer(0, 20),
    "top_p": fields.number(0, 1),
    "user": fields.string,
    "verbosity": fields.one_of("low", "medium", "high"),
    "web_search_options": fields.mapping,
}
_NEVER = (
    "audio",
    "functions",
    "function_call",
    "prediction",
    "web_search_options",
)  # known to OpenAI, not offered here
_NEEDS = {
    "tools": ("tools", "tool_choice", "parallel_tool_calls"),
    "logprobs": ("logprobs", "top_logprobs"),
    "reasoning": ("reasoning_effort",),
}


def model_of(body: Mapping[str, Any], kind: str = "chat") -> ModelCard:
    """The served model that a request names.

    Raises:
        ApiError: 400 without a model, 404 for an unknown one, 400 for one of another kind.
    """
    name = body.get("model")
    if name is None or name == "":
        raise ApiError(400, "you must provide a model parameter")
    if not isinstance(name, str):
        raise wrong_type("model", "a string", name)
    card = MODELS.get(name)
    if card is None:
        raise unknown_model(name)
    if card.kind != kind:
        wanted = "an embedding" if kind == "embedding" else "a chat"
        raise ApiError(400, f"The model `{name}` is not {wanted} model and cannot be used with this endpoint.", "model")
    return card


def validate_chat(body: Mapping[str, Any], *, strict: bool) -> tuple[dict[str, Any], ModelCard]:
    """The chat request without null members, and the model that answers it.

    Args:
        body: the request as sent.
        strict: refuse parameters that are not known.

    Raises:
        ApiError: 400 or 404, as api.openai.com words it.
    """
    present = fields.check_fields(body, _KNOWN, strict=strict)
    if "model" not in present:
        raise ApiError(400, "you must provide a model parameter")
    if "messages" not in present:
        raise missing_parameter("messages")
    card = model_of(present)
    _check_offered(present, card)
    check_messages(present["messages"], card)
    _check_combinations(present, card)
    check_tools(present)
    if "response_format" in present:
        check_format(present["response_format"], present["messages"])
    _check_size(present, card)
    return present, card


def _check_offered(body: Mapping[str, Any], card: ModelCard) -> None:
    for name in _NEVER:
        if name in body:
            raise unsupported_parameter(name, card.id)
    if any(kind != "text" for kind in body.get("modalities", ())):
        raise unsupported_parameter("modalities", card.id)
    for feature, names in _NEEDS.items():
        for name in names:
            if name in body and body[name] is not False and not card.offers(feature):
                raise unsupported_parameter(name, card.id)
    if body.get("n", 1) > 1 and "n" not in card.parameters:
        raise unsupported_parameter("n", card.id)
    if body.get("logit_bias") and "logit_bias" not in card.parameters:
        raise unsupported_parameter("logit_bias", card.id)
    kind = body.get("response_format", {}).get("type")
    needed = (
        {"json_object": "json_mode", "json_schema": "structured_outputs"}.get(kind) if isinstance(kind, str) else None
    )
    if needed and not card.offers(needed):
        raise ApiError(
            400,
            f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model.",
            "response_format",
            "unsupported_parameter",
        )


def _check_combinations(body: Mapping[str, Any], card: ModelCard) -> None:
    if "stream_options" in body:
        if not body.get("stream"):
            raise ApiError(
                400, "The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options"
            )
        fields.check_fields(
            {f"stream_options.{name}": value for name, value in body["stream_options"].items()},
            {"stream_options.include_usage": fields.boolean, "stream_options.include_obfuscation": fields.boolean},
        )
    if "top_logprobs" in body and not body.get("logprobs"):
        raise ApiError(400, "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs")
    if "max_tokens" in body and "max_completion_tokens" in body:
        text = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise ApiError(400, text, "max_tokens", "invalid_parameter_combination")
    for name in ("max_tokens", "max_completion_tokens"):
        if body.get(name, 0) > card.max_output_length:
            text = (
                f"{name} is too large: {body[name]}. This model supports at most {card.max_output_length} "
                f"completion tokens, whereas you provided {body[name]}."
            )
            raise ApiError(400, text, name, "invalid_value")


def _check_size(body: Mapping[str, Any], card: ModelCard) -> None:
    size = scripted_model.prompt_tokens(body)
    if size > card.context_length:
        text = (
            f"This model's maximum context length is {card.context_length} tokens. "
            f"However, your messages resulted in {size} tokens. Please reduce the length of the messages."
        )
        raise ApiError(400, text, "messages", "context_length_exceeded")
