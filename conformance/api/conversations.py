"""What a request says to the model, whichever its API."""

from __future__ import annotations

import json

from conformance.model import Request

_SAID = ("messages", "prompt", "input")


def conversation_of(request: Request) -> str:
    """All that is said to the model, as text that is the same for the same conversation; empty where nothing is."""
    said = next((given for name in _SAID if (given := request.param(name))), None)
    return "" if said is None else json.dumps(said, sort_keys=True)
