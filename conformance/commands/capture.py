"""`conformance capture`: send and record; judge later."""

from __future__ import annotations

from typing import Any

from conformance.commands.console import say
from conformance.commands.run import capture_all, choice_of, worst
from conformance.commands.targets import places_of, targets
from conformance.errors import ExitCode
from conformance.store.bundle import RECORDING


def capture(**given: Any) -> int:
    """Record every endpoint; what was cut off by a budget or a dead endpoint is no success."""
    from conformance.recording import read_ending

    choice = choice_of(given)
    with targets(given) as (endpoints, base), places_of(given, endpoints, base) as places:
        outcomes = capture_all(places, given, choice)
    codes = [outcome.exit_code for outcome in outcomes if outcome is not None]
    for (_, out), outcome in zip(places, outcomes, strict=True):
        if outcome is None:
            say(f"recorded: {out / RECORDING}")
            whole = read_ending(out / RECORDING) == "complete"
            codes.append(ExitCode.CONFORMANT if whole else ExitCode.UNREACHABLE)
    return worst(codes)
