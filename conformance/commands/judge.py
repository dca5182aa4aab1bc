"""`conformance judge`: recordings in, a bundle out.

Recordings of several endpoints give a bundle for each of them, and a page that compares them, as a fleet's run has.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from conformance.catalogue.suites import Suites
from conformance.commands.console import complain, say
from conformance.commands.folders import refuse_earlier_bundle
from conformance.commands.judge_bundle import Judged, judge_session
from conformance.commands.outcome import pick_exit_code, print_json, show_summary
from conformance.errors import UserError
from conformance.gate.options import make_gate
from conformance.inputs.options import ChoiceOptions, GateOptions, OutputOptions, WorkOptions
from conformance.judging.session import JudgingSession
from conformance.store.bundle import PAGES, RECORDING
from conformance.text import one_line

COMPARISON = "compare.html"

_TAKEN = frozenset({*PAGES, RECORDING, COMPARISON, "compare.json", "compare.md"})
_LONGEST = 100


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


def judge_hosts(session: JudgingSession, out: Path, select: str | None, output: OutputOptions, *, jobs: int = 1) -> int:
    """Judge each endpoint of a session's recordings by itself, into a folder of its own below `out`.

    Returns:
        The exit code: the worst of all of them.

    Raises:
        UserError: a folder holds an earlier bundle, the selection has a mistake, or no endpoint can be judged.
    """
    endpoints = list(session.material.endpoints)
    folders = [out / name for name in folder_names(endpoints)]
    for folder in folders:
        refuse_earlier_bundle(folder, overwrite=output.overwrite)
    outcomes = [_judge_one(session, *place, select, jobs) for place in zip(endpoints, folders, strict=True)]
    finished = [one for one in outcomes if isinstance(one, Judged)]
    if not finished:
        failed = next((one for one in outcomes if one is not None), None)
        raise failed if isinstance(failed, UserError) else _nothing_left()
    code = pick_exit_code([one.exit_code for one in outcomes if one is not None])
    said = _left_out(session)
    if not output.as_json:
        _show(finished, said)
    page = _compare(finished, out, said, quiet=output.as_json)
    if output.as_json:
        print_json(finished, code, page)
    return code


def folder_names(endpoints: Sequence[str]) -> list[str]:
    """A folder's name for each endpoint: lower-case letters, digits, dots, `-` and `_`, none of them twice."""
    names: list[str] = []
    for endpoint in endpoints:
        plain = re.sub(r"[^a-z0-9._-]+", "-", endpoint.lower())[:_LONGEST].strip("-._") or "endpoint"
        name, number = plain, 1
        while name in names or name in _TAKEN:
            number += 1
            name = f"{plain}-{number}"
        names.append(name)
    return names


def _judge_one(
    session: JudgingSession, endpoint: str, folder: Path, select: str | None, jobs: int
) -> Judged | UserError | None:
    """The outcome of one endpoint; None where the selection leaves nothing of it, what went wrong where it does."""
    from conformance.judging.runner import NothingLeft

    own = JudgingSession(
        session.suites,
        recordings=session.recordings,
        held=session.material.recordings,
        only=endpoint,
        partial=session.partial,
        gate=session.gate,
    )
    try:
        return judge_session(own, folder, select, jobs=jobs).shelved()
    except NothingLeft:
        with contextlib.suppress(OSError):
            folder.rmdir()  # it was made for this alone; an earlier bundle stays
        return None
    except UserError as error:
        told = UserError(f"{endpoint}: {error.message}", error.hint, error.exit_code)
        complain(told)
        return told


def _nothing_left() -> UserError:
    return UserError("nothing is left to judge", "Look at --select; `conformance list checks` shows what there is.")


def _left_out(session: JudgingSession) -> str:
    """What was left out of all recordings, in words."""
    from conformance.report.results.left_out import count_left_out, say_left_out

    return say_left_out(count_left_out(session.material.numbered))


def _show(finished: Sequence[Judged], said: str) -> None:
    from conformance.report.formats.tally import render

    if any(one.foreign for one in finished):
        say(render(one.results for one in finished))
    for one in finished:
        show_summary(one)
    if said:
        say(one_line(f"Of all recordings: {said}", 600))


def _compare(finished: Sequence[Judged], out: Path, said: str, *, quiet: bool) -> Path | None:
    """Compare the endpoints; returns where the comparison lies."""
    if len(finished) < 2:
        return None
    from conformance.commands.compare import compare_folders

    page = out / COMPARISON
    compare_folders([one.out for one in finished], page, quiet=quiet, note=said)
    return page
