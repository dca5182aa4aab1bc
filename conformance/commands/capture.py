"""`conformance capture`: send and record; judge later."""

from __future__ import annotations

from conformance.api.registry import operations
from conformance.commands.capture_endpoints import capture_endpoints
from conformance.commands.console import say
from conformance.commands.folders import hold_folders
from conformance.commands.outcome import pick_exit_code
from conformance.errors import ExitCode
from conformance.inputs.options import BudgetOptions, ChoiceOptions, OutputOptions, TargetOptions, WorkOptions
from conformance.inputs.targets import resolve_targets
from conformance.store.bundle import RECORDING


def capture_all(
    target: TargetOptions, choice: ChoiceOptions, output: OutputOptions, budget: BudgetOptions, work: WorkOptions
) -> int:
    """Record every endpoint; what was cut off by a budget or a dead endpoint is no success."""
    from conformance.recording import read_ending

    endpoints, base = resolve_targets(target, budget, operations())
    with hold_folders(endpoints, output, base) as places:
        outcomes = capture_endpoints(places, choice, output, work.parallel)
    codes = [outcome.exit_code for outcome in outcomes if outcome is not None]
    for (_, out), outcome in zip(places, outcomes, strict=True):
        if outcome is None:
            say(f"recorded: {out / RECORDING}")
            whole = read_ending(out / RECORDING) == "complete"
            codes.append(ExitCode.CONFORMANT if whole else ExitCode.UNREACHABLE)
    return pick_exit_code(codes)
