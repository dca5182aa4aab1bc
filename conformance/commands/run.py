"""`conformance run`: capture, judge and report every endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.api.registry import operations
from conformance.catalogue.suites import Suites
from conformance.commands.capture_endpoints import capture_endpoints
from conformance.commands.console import complain
from conformance.commands.folders import hold_folders
from conformance.commands.judge_bundle import Judged, judge_to
from conformance.commands.outcome import pick_exit_code, print_json, show_summary
from conformance.errors import ExitCode, UserError
from conformance.gate.gate import Gate
from conformance.gate.options import make_gate
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import (
    BudgetOptions,
    ChoiceOptions,
    GateOptions,
    OutputOptions,
    TargetOptions,
    WorkOptions,
)
from conformance.inputs.targets import resolve_targets
from conformance.store.bundle import RECORDING

if TYPE_CHECKING:
    from conformance.capture import Stop


def run(
    target: TargetOptions,
    choice: ChoiceOptions,
    output: OutputOptions,
    *,
    budget: BudgetOptions,
    work: WorkOptions,
    gate: GateOptions,
) -> int:
    """Capture, judge and report the endpoints that are named; returns the exit code, the worst where they are several.

    Raises:
        UserError: no endpoint is named, an option cannot be used, or the only endpoint cannot be captured or judged.
    """
    endpoints, base = resolve_targets(target, budget, operations())
    return run_endpoints(endpoints, base, choice, output, work=work, gate=gate)


def run_endpoints(
    endpoints: Sequence[Endpoint],
    base: Path | None,
    choice: ChoiceOptions,
    output: OutputOptions,
    *,
    work: WorkOptions,
    gate: GateOptions,
) -> int:
    """Capture, judge and report endpoints; the worst exit code counts, and several runs are compared."""
    made = make_gate(gate, Suites(choice.suites), datetime.now(UTC).date())
    with hold_folders(endpoints, output, base) as places:
        outcomes = capture_endpoints(places, choice, output, work.parallel, _Run(choice, work, made))
    finished = [one for one in outcomes if isinstance(one, Judged)]
    code = pick_exit_code([one.exit_code for one in outcomes if one is not None])
    for judged in () if output.as_json else finished:
        show_summary(judged)
    page = _compare(finished, quiet=output.as_json)
    if output.as_json:
        print_json(finished, code, page)
    return code


def _compare(finished: Sequence[Judged], *, quiet: bool) -> Path | None:
    """Compare several runs; returns where the comparison lies."""
    if len(finished) < 2:
        return None
    from conformance.commands.compare import compare_folders

    page = finished[0].out.parent / "compare.html"
    compare_folders([judged.out for judged in finished], page, quiet=quiet)
    return page


@dataclass(frozen=True)
class _Run:
    """Judging and confirming as the options say; it goes to the processes that judge, and holds no key."""

    choice: ChoiceOptions
    work: WorkOptions
    gate: Gate

    def judge(self, endpoint: Endpoint, out: Path) -> Judged:
        """Judge what was recorded."""
        return self._judge(endpoint, out, self.gate)

    def repeat(
        self, endpoint: Endpoint, out: Path, judged: Judged, *, environ: Mapping[str, str], suites: Suites, stop: Stop
    ) -> Callable[[Endpoint, Path], Judged] | None:
        """Fire what failed again, where that was asked for; returns how to judge it, where there is something."""
        if self.work.confirm < 2 or judged.exit_code is not ExitCode.FAILED:
            return None
        from conformance.commands.confirm import capture_repeats

        try:
            results, times = judged.results, self.work.confirm
            fired = capture_repeats(endpoint, out, results, suites, times, environ=environ, stop=stop)
        except UserError as error:  # the failures stand as they were seen
            complain(UserError(f"the failures could not be confirmed: {error.message}", error.hint))
            return None
        return partial(self.judge_again, judged=judged.shelved()) if fired else None

    def judge_again(self, endpoint: Endpoint, out: Path, judged: Judged) -> Judged:
        """Judge anew where a failure did not come again."""
        from conformance.commands.confirm import flaky_failures

        flaky = flaky_failures(endpoint, out, judged.results, self.choice.suites, self.work.confirm)
        return self._judge(endpoint, out, replace(self.gate, flaky=flaky)) if flaky else judged

    def _judge(self, endpoint: Endpoint, out: Path, gate: Gate) -> Judged:
        facts = _describe(endpoint)
        return judge_to([out / RECORDING], out, self.choice, gate=gate, jobs=self.work.jobs, endpoint=facts)


def _describe(endpoint: Endpoint) -> dict[str, Any]:
    """What the recording does not say of an endpoint; what was left open, such as the profile, it knows better."""
    facts = {
        "name": endpoint.name,
        "url": endpoint.base_url,
        "profile": endpoint.profile or "",
        "label": endpoint.label,
        "api_key_env": endpoint.api_key_env or "",
    }
    return {name: value for name, value in facts.items() if value}
