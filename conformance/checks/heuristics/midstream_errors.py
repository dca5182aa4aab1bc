"""Errors in the middle of a stream that may be no fault of the server: the model's own mistake, a filter, a limit."""

from __future__ import annotations

import json
import re
from typing import Any

_BAD_CALL = re.compile(r"tool[ _](?:call|use)|failed_generation|function call", re.IGNORECASE)
"""What errors say where a model wrote a call that its server would not pass on."""

_POLICY = re.compile(r"content_?(?:filter|policy)|data_inspection|moderation", re.IGNORECASE)
_LIMIT = re.compile(r"\b429\b|rate_?limit|overloaded", re.IGNORECASE)
"""Codes of errors that are no failure; before anything was said a limit is told by the status."""


def excuse(error: Any, *, tools: bool, begun: bool) -> str:
    """Why an error in the middle may be no fault of the server; empty if it is one.

    Args:
        error: the member `error` of the event.
        tools: whether the request declared any.
        begun: whether text or a call had come before.
    """
    code = f"{error.get('code')} {error.get('type')}" if isinstance(error, dict) else str(error)
    if tools and _BAD_CALL.search(json.dumps(error, ensure_ascii=False)[:2000]):
        return "the model's own call was refused as invalid"
    if _POLICY.search(code):
        return "a filter stopped the answer"
    return "a limit stopped the answer" if begun and _LIMIT.search(code) else ""
