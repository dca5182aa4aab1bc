"""What the probe reads out of answers, tolerantly: nothing that an endpoint sends may raise here."""

from __future__ import annotations

import re
from typing import Any

from conformance.api.openai import CHAT, MODELS
from conformance.api.own_words import words_in_body
from conformance.model import Exchange, Request
from conformance.secrets.masking import Secrets
from conformance.text import brief
from conformance.wire import strict_json

_LONGEST_ID = 200
_LONGEST_WORDS = 4096  # shortened only after masking, or half a key would be left of one that is cut
_NOT_FOR_CHAT = re.compile(
    r"embed|whisper|tts|speech|audio|transcri|realtime|image|dall-?e|diffusion|flux|sora|video|veo|moderation|rerank"
    r"|guard|\bocr|\bbge|\bclip|\bgte-|babbage|davinci|-instruct-\d",
    re.IGNORECASE,
)
_EMBEDS = re.compile(r"embed|\bbge\b|\bgte\b|\be5-|\bvoyage-\d", re.IGNORECASE)
_UNKNOWN_MODEL = re.compile(
    r"model_?not_?found|unknown[ _]model|no such model|invalid[ _]model|model[^.]{0,300}?(does not exist|doesn't exist"
    r"|not found|not exist|not available|unknown|no longer|is not (a )?(valid|supported|served))",
    re.IGNORECASE | re.DOTALL,
)
_RAN_OUT_THINKING = "model output limit was reached"


def list_request() -> Request:
    """The request for the list of models."""
    return Request(method=MODELS.method, path=MODELS.path, expects=MODELS.plain)


def tiny_chat(model: str, prompt: str) -> dict[str, Any]:
    """The body of the smallest chat."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}]}


def document(exchange: Exchange) -> Any:
    """The body as JSON, or None."""
    return strict_json.parse_json(exchange.content).value


def look_up(value: Any, *path: str | int) -> Any:
    """What lies at a path of names and indexes, or None."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and len(value) > step:
            value = value[step]
        else:
            return None
    return value


def listed_models(exchange: Exchange) -> tuple[str, ...]:
    """Ids of a model list, likely chat models first, else in the list's order."""
    body = document(exchange) if exchange.ok else None
    entries = body if isinstance(body, list) else look_up(body, "data")
    found = [look_up(entry, "id") for entry in entries] if isinstance(entries, list) else []
    ids = [name for name in found if isinstance(name, str) and 0 < len(name) <= _LONGEST_ID and name.isprintable()]
    return tuple(sorted(dict.fromkeys(ids), key=lambda name: bool(_NOT_FOR_CHAT.search(name))))


def embedding_model(exchange: Exchange) -> str:
    """The first id of a model list that by its name makes embeddings; empty where there is none."""
    return next((name for name in listed_models(exchange) if _EMBEDS.search(name)), "")


def words(exchange: Exchange, secrets: Secrets) -> str:
    """What an error answer says, for people: masked, one line, short; empty where it says nothing."""
    return brief(secrets.mask_words(words_in_body(exchange.content, most=_LONGEST_WORDS)))


def is_web_page(exchange: Exchange) -> bool:
    """Whether HTML came back."""
    start = exchange.content[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html"))


def says_unknown_model(exchange: Exchange) -> bool:
    """Whether an error answer says that there is no such model."""
    if exchange.status not in {400, 403, 404, 422} or is_web_page(exchange):
        return False
    error = look_up(document(exchange), "error")
    if look_up(error, "code") == "model_not_found" or look_up(error, "type") == "model_not_found":
        return True
    return bool(_UNKNOWN_MODEL.search(words(exchange, Secrets())))


def other_limit_field(exchange: Exchange, tried: str) -> str | None:
    """The output limit's other name, when a 400 asks for that one instead of the one tried."""
    if exchange.status not in {400, 422} or tried not in CHAT.limit_fields or not document(exchange):
        return None
    said = words(exchange, Secrets())
    names = [name for name in CHAT.limit_fields if re.search(rf"\b{name}\b", said)]
    refused = tried in names or look_up(document(exchange), "error", "param") == tried
    return next((name for name in names if refused and name != tried), None)


def answers_chat(exchange: Exchange) -> bool:
    """Whether a chat request was answered by a chat completion, or by the word that all was spent on thinking."""
    return (exchange.ok and isinstance(look_up(document(exchange), "choices"), list)) or _ran_out(exchange)


def thinks(exchange: Exchange) -> bool:
    """Whether the model thought before it spoke."""
    body = document(exchange)
    choice = look_up(body, "choices", 0)
    message = look_up(choice, "message")
    if any(look_up(message, name) for name in ("reasoning_content", "reasoning", "reasoning_details")):
        return True
    spent = look_up(body, "usage", "completion_tokens_details", "reasoning_tokens")
    if isinstance(spent, int) and spent > 0:
        return True
    content = look_up(message, "content")
    cut = isinstance(message, dict) and not content and look_up(choice, "finish_reason") == "length"
    return cut or (isinstance(content, str) and content.lstrip().startswith("<think>")) or _ran_out(exchange)


def _ran_out(exchange: Exchange) -> bool:
    return exchange.status == 400 and _RAN_OUT_THINKING in words(exchange, Secrets())
