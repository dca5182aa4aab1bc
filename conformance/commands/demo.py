"""`conformance demo`: the embedded reference provider, captured, judged and reported as any endpoint is."""

from __future__ import annotations

import os
from dataclasses import replace

from conformance.commands.run import run_endpoints
from conformance.inputs.options import (
    BudgetOptions,
    ChoiceOptions,
    GateOptions,
    OutputOptions,
    TargetOptions,
    WorkOptions,
)
from conformance.inputs.targets import resolve_url

_KEY = "CONFORMANCE_REFERENCE_KEY"


def demo(
    target: TargetOptions,
    choice: ChoiceOptions,
    output: OutputOptions,
    *,
    budget: BudgetOptions,
    work: WorkOptions,
    gate: GateOptions,
) -> int:
    """Serve the reference provider in this process and run on it; returns the exit code.

    Raises:
        UserError: as `run`.
    """
    from conformance.reference.server.serving import ReferenceServer

    with ReferenceServer() as server:
        os.environ[_KEY] = server.api_key
        models = target.models or ("reference-chat",)
        served = replace(target, url=server.base_url, api_key_env=_KEY, models=models)
        endpoint = resolve_url(served, budget, name="reference")
        return run_endpoints([endpoint], None, choice, output, work=work, gate=gate)
