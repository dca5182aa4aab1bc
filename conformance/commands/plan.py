"""`conformance plan`: what would be sent, and its price."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.api.registry import operations
from conformance.commands.console import say
from conformance.errors import ExitCode
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import BudgetOptions, ChoiceOptions, TargetOptions
from conformance.inputs.targets import resolve_targets
from conformance.planning.for_endpoint import plan_for
from conformance.store.bundle import RECORDING

if TYPE_CHECKING:
    from conformance.planning.plan import Plan


def plan(target: TargetOptions, choice: ChoiceOptions, *, probe: bool) -> int:
    """Print the plan of every endpoint."""
    for endpoint in resolve_targets(target, BudgetOptions(), operations())[0]:
        _print_plan(endpoint, choice, probe=probe)
    return ExitCode.CONFORMANT


def _print_plan(endpoint: Endpoint, choice: ChoiceOptions, *, probe: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from conformance.secrets.known import known_secrets

    mask = known_secrets().mask_text

    made = refine_plan(endpoint, choice) if probe else plan_for(endpoint, choice)
    table = Table(title=f"{endpoint.name}: {endpoint.base_url}", title_justify="left", box=None, pad_edge=False)
    for name in ("wave", "scenario", "model", "requests", "tokens", "purpose"):
        table.add_column(name, justify="right" if name in {"requests", "tokens"} else "left")
    for row in made.rows():
        table.add_row(*(mask(str(cell)) for cell in row))
    Console(soft_wrap=False).print(table)
    low, high = made.minimum, made.maximum
    say(f"requests: {low.requests} to {high.requests}; tokens: about {low.tokens} to {high.tokens}, the probe included")
    say(f"answers that break off, stall or fail beside others: at most {made.second_tries} requests more, one by one")


def refine_plan(endpoint: Endpoint, choice: ChoiceOptions) -> Plan:
    """The plan after asking the endpoint for its models and whether they think before they speak."""
    import tempfile

    from conformance.capture.to_file import capture_to
    from conformance.inputs.credentials import read_credentials

    with tempfile.TemporaryDirectory() as folder:
        plan = plan_for(endpoint, choice)
        header = capture_to(
            replace(plan, entries=()),
            Path(folder, RECORDING),
            credentials=read_credentials(endpoint, os.environ),
            suites="",
        )
    return plan.refined(header.models, {model: model in header.thinking for model in header.models})
