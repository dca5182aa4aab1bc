"""What commands say of what they judged, and the code they end with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.commands.console import say
from conformance.errors import ExitCode
from conformance.text import one_line

if TYPE_CHECKING:
    from conformance.commands.judge_bundle import Judged


_NOTES = 5  # that are printed; results.json holds them all


def pick_exit_code(codes: Sequence[int]) -> int:
    """The exit code of several endpoints: our own failure first, then the machine's, usage, failed, unreachable."""
    order = (ExitCode.HARNESS, ExitCode.USAGE, ExitCode.FAILED, ExitCode.UNREACHABLE)
    return next((int(code) for code in order if code in codes), ExitCode.CONFORMANT)


def print_json(finished: Sequence[Judged], code: int, page: Path | None = None) -> None:
    """Print the outcome for machines: one line, and the only one on standard output."""
    from conformance.report.formats.json_line import outcome, render

    if finished:
        say(render([outcome(one.results, one.out, one.exit_code) for one in finished], code, page))


def show_summary(judged: Judged) -> int:
    """Print what was found; returns the exit code."""
    from conformance.report.formats.terminal import print_summary

    for note in judged.notes[:_NOTES]:
        say(f"note: {one_line(note, 400)}")
    if len(judged.notes) > _NOTES:
        say(f"note: and {len(judged.notes) - _NOTES} more in results.json")
    print_summary(judged.results, judged.out)
    return judged.exit_code
