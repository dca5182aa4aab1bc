"""`conformance plan`: what would be sent, and its price."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.commands.console import say
from conformance.commands.run import choice_of
from conformance.commands.targets import targets
from conformance.errors import ExitCode
from conformance.inputs.endpoint import Endpoint
from conformance.planning.for_endpoint import Choice, plan_for
from conformance.store.bundle import RECORDING


def plan(**given: Any) -> int:
    """Print the plan of every endpoint."""
    choice = choice_of(given)
    with targets(given) as (endpoints, _):
        for endpoint in endpoints:
            _print_plan(endpoint, choice, probe=given["probe"])
    return ExitCode.CONFORMANT


def _print_plan(endpoint: Endpoint, choice: Choice, *, probe: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    made = plan_for(endpoint, choice)
    if probe:
        made = probed(endpoint, choice)
    table = Table(title=f"{endpoint.name}: {endpoint.base_url}", title_justify="left", box=None, pad_edge=False)
    for name in ("wave", "scenario", "model", "requests", "tokens", "purpose"):
        table.add_column(name, justify="right" if name in {"requests", "tokens"} else "left")
    for row in made.rows():
        table.add_row(*(str(cell) for cell in row))
    Console(soft_wrap=False).print(table)
    low, high = made.minimum, made.maximum
    say(f"requests: {low.requests} to {high.requests}; tokens: about {low.tokens} to {high.tokens}, the probe included")


def probed(endpoint: Endpoint, choice: Choice) -> Any:
    """The plan after asking the endpoint for its models and whether they think before they speak."""
    import tempfile

    from conformance.capture.to_file import capture_to
    from conformance.inputs.endpoint import api_key

    with tempfile.TemporaryDirectory() as folder:
        plan = plan_for(endpoint, choice)
        header = capture_to(
            replace(plan, entries=()),
            Path(folder, RECORDING),
            key=api_key(endpoint, os.environ),
            suites="",
        )
    return plan.refined(header.models, {model: model in header.thinking for model in header.models})
