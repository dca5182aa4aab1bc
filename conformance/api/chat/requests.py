"""What chat requests hold."""

from __future__ import annotations

from conformance.model import Request


def prompt_of(request: Request) -> str:
    """The text of the last message of a chat request, or an empty text."""
    messages = request.param("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    content = last.get("content") if isinstance(last, dict) else None
    return content if isinstance(content, str) else ""
