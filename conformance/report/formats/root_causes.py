"""Root causes in words: what stands in the way, how much hangs on it, what mending it brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHOWN = 12
"""Root causes that a page of text shows; results.json holds them all."""

_NAMES = {"over_budget": "the budget", "unreachable": "the endpoint, which was gone"}


def name_cause(cause: Mapping[str, Any]) -> str:
    """What is to be mended: a requirement's id, an exchange, or what the run lacked."""
    if cause["by"]:
        return str(cause["by"])
    return f"exchange {cause['exchange']}" if cause["exchange"] else _NAMES.get(cause["cause"], "another failure")


def say_gain(cause: Mapping[str, Any]) -> str:
    """What mending it brings: `mending it lets 3 requirements be judged, 2 of them MUST`."""
    count, musts = len(cause["blocks"]), cause["musts"]
    if count == 1:
        return "mending it lets 1 requirement be judged" + (", a MUST" if musts else "")
    return f"mending it lets {count} requirements be judged" + (f", {musts} of them MUST" if musts else "")
