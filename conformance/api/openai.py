"""The rows of the OpenAI API, and of what its hosts add to it."""

from __future__ import annotations

from conformance.api.chat.payloads import DONE
from conformance.api.chat.reply import Completion, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.completions import TextCompletion, TextReply, TextStream
from conformance.api.embeddings import Embeddings
from conformance.api.models import Balance, Metadata, ModelList, ModelObject
from conformance.api.registry import register
from conformance.api.responses.response import ResponseObject, ResponseReply, ResponseStream
from conformance.api.surface import StreamEnd, Surface, UsageFields

_API = "openai"
_LISTED = r"|.*/v\d+|.*/openai"
"""What a list of models stands below: other sites have a page /models too."""

CHAT = Surface(
    name="chat",
    api=_API,
    path="/chat/completions",
    view=Completion,
    stream_view=ChatStream,
    shared_view=Reply,
    request_schema="request.chat",
    body_schemas=("completion",),
    event_schemas=("chunk",),
    prompt_members=("messages", "tools", "response_format"),
    limit_fields=("max_tokens", "max_completion_tokens"),
    limit_by_profile=True,
    end=StreamEnd(DONE),
    objects=("chat.completion", "chat.completion.chunk"),
)

COMPLETIONS = Surface(
    name="completions",
    api=_API,
    path="/completions",
    view=TextCompletion,
    stream_view=TextStream,
    shared_view=TextReply,
    request_schema="request.completions",
    body_schemas=("text_completion",),
    event_schemas=("text_chunk",),
    prompt_members=("prompt",),
    limit_fields=("max_tokens",),
    end=StreamEnd(DONE),
    objects=("text_completion",),
)

RESPONSES = Surface(
    name="responses",
    api=_API,
    path="/responses",
    view=ResponseObject,
    stream_view=ResponseStream,
    shared_view=ResponseReply,
    request_schema="request.responses",
    body_schemas=(
        "response",
        "response_message",
        "response_text",
        "response_function_call",
        "response_reasoning",
    ),
    event_schemas=("response_event",),
    body_in_stream=True,
    prompt_members=("input", "instructions", "tools"),
    limit_fields=("max_output_tokens",),
    usage=UsageFields("input_tokens", "output_tokens", "total_tokens", (("usage",), ("response", "usage"))),
    end=StreamEnd(DONE),  # hosts add it; the last typed event is the view's own matter
    objects=("response",),
)

EMBEDDINGS = Surface(
    name="embeddings",
    api=_API,
    path="/embeddings",
    view=Embeddings,
    request_schema="request.embeddings",
    body_schemas=("embeddings",),
    generates=False,
    prompt_members=("input",),
    told_by="input",
    objects=("list",),
)

MODELS = Surface(
    name="models",
    api=_API,
    method="GET",
    path="/models",
    view=ModelList,
    body_schemas=("models",),
    generates=False,
    foreign_base=_LISTED,
)

MODEL = Surface(
    name="model",
    api=_API,
    method="GET",
    path="/models/{model}",
    view=ModelObject,
    body_schemas=("model",),
    generates=False,
    foreign_base=_LISTED,
)

METADATA = Surface(name="metadata", api=_API, method="GET", view=Metadata, body_schemas=("metadata",), generates=False)
BALANCE = Surface(name="balance", api=_API, method="GET", view=Balance, body_schemas=("balance",), generates=False)

register(CHAT, COMPLETIONS, RESPONSES, EMBEDDINGS, MODELS, MODEL, METADATA, BALANCE)
