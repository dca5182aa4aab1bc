"""`conformance judge`: recordings in, a bundle out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.commands.console import say
from conformance.commands.judge_bundle import judge_to
from conformance.commands.run import choice_of, gate_of, print_json, refuse_earlier_bundle, show_summary
from conformance.store.bundle import RECORDING


def judge(**given: Any) -> int:
    """Judge recordings and write the bundle."""
    from conformance.store.lock import claimed

    choice = choice_of(given)
    out: Path = given["out"] or Path("reports", f"judged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    recordings = list(given["recordings"])
    inside = len(recordings) == 1 and recordings[0].resolve() in {out.resolve(), (out / RECORDING).resolve()}
    gate = gate_of(given, choice)
    with claimed(out):
        refuse_earlier_bundle(out, overwrite=given["overwrite"] or inside)
        judged = judge_to(recordings, out, choice, gate=gate, partial=given["partial"], jobs=given["jobs"])
    if given["as_json"]:
        print_json([judged], judged.exit_code)
        return judged.exit_code
    if judged.foreign:
        from conformance.report.formats.tally import render

        say(render(judged.results))
    return show_summary(judged)
