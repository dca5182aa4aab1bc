"""`conformance judge`: recordings in, a bundle out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from conformance.catalogue.suites import Suites
from conformance.commands.console import say
from conformance.commands.folders import refuse_earlier_bundle
from conformance.commands.judge_bundle import judge_session
from conformance.commands.outcome import print_json, show_summary
from conformance.gate.options import make_gate
from conformance.inputs.options import ChoiceOptions, GateOptions, OutputOptions, WorkOptions
from conformance.judging.session import JudgingSession
from conformance.store.bundle import RECORDING


def judge(
    recordings: Sequence[Path],
    choice: ChoiceOptions,
    output: OutputOptions,
    *,
    work: WorkOptions,
    gate: GateOptions,
    partial: bool,
) -> int:
    """Judge recordings and write the bundle; returns the exit code.

    Raises:
        UserError: a recording or an option cannot be used.
    """
    from conformance.commands.judge_hosts import judge_hosts
    from conformance.store.lock import folder_lock

    now = datetime.now(UTC)
    out = output.out or Path("reports", f"judged-{now:%Y%m%d-%H%M%S}")
    inside = len(recordings) == 1 and recordings[0].resolve() in {out.resolve(), (out / RECORDING).resolve()}
    made = make_gate(gate, Suites(choice.suites), now.date())
    with folder_lock(out):
        refuse_earlier_bundle(out, overwrite=output.overwrite or inside)
        session = JudgingSession(Suites(choice.suites), recordings=recordings, partial=partial, gate=made)
        if len(session.material.endpoints) > 1:
            return judge_hosts(session, out, choice.select, output, jobs=work.jobs)
        judged = judge_session(session, out, choice.select, jobs=work.jobs)
    if output.as_json:
        print_json([judged], judged.exit_code)
        return judged.exit_code
    if judged.foreign:
        from conformance.report.formats.tally import render

        say(render([judged.results]))
    return show_summary(judged)
