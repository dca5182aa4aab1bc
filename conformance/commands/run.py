"""`conformance run`: capture, judge and report every endpoint."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.capture.to_file import capture_endpoint
from conformance.catalogue.suites import Suites
from conformance.commands.console import complain, say
from conformance.commands.judge_bundle import Judged, judge_to
from conformance.commands.targets import places_of, targets
from conformance.errors import ExitCode, UserError
from conformance.gate.gate import Gate
from conformance.inputs.endpoint import Endpoint
from conformance.planning.for_endpoint import Choice
from conformance.store.bundle import RECORDING
from conformance.text import one_line

if TYPE_CHECKING:
    from conformance.capture import Stop


def choice_of(given: Mapping[str, Any]) -> Choice:
    """What of the suites the options choose."""
    suites = tuple(given.get("suites", ()))
    for folder in suites:
        if not folder.is_dir():
            raise UserError(
                f"{folder}: there is no such folder", "--suites takes a folder that holds <area>/test_*.py."
            )
    return Choice(given.get("select"), bool(given.get("quick")), suites)


def gate_of(given: Mapping[str, Any], choice: Choice) -> Gate:
    """The gate that the options describe."""
    from conformance.gate.options import make_gate

    return make_gate(
        given["fail_on"],
        strict_inconclusive=given["strict_inconclusive"],
        known_failures=given["known_failures"],
        baseline=given["baseline"],
        requirements=Suites(choice.suites).catalogue.requirements if given["known_failures"] else (),
        today=datetime.now(UTC).date(),
    )


def refuse_earlier_bundle(folder: Path, *, overwrite: bool, resume: bool = False) -> None:
    """Refuse to mix two bundles; an earlier one is replaced by whoever writes the new one, and not before."""
    from conformance.store.bundle import PAGES

    if folder.is_file():
        raise UserError(f"{folder} is a file", "--out takes a folder.")
    if not (overwrite or resume) and any((folder / name).exists() for name in (RECORDING, *PAGES)):
        raise UserError(f"{folder} holds an earlier bundle", "Give another --out, or --overwrite to replace it.")


def run(**given: Any) -> int:
    """Capture, judge and report every endpoint; the worst exit code counts, and several runs are compared."""
    choice = choice_of(given)
    gate = gate_of(given, choice)
    with targets(given) as (endpoints, base):
        judge_one = partial(_judge_one, given=dict(given), choice=choice, gate=gate)
        with places_of(given, endpoints, base) as places:
            outcomes = capture_all(places, given, choice, judge_one)
    finished = [one for one in outcomes if isinstance(one, Judged)]
    code = worst([one.exit_code for one in outcomes if one is not None])
    for judged in () if given["as_json"] else finished:
        show_summary(judged)
    page = _compared(finished, quiet=given["as_json"])
    if given["as_json"]:
        print_json(finished, code, page)
    return code


def capture_all(
    places: list[tuple[Endpoint, Path]],
    given: Mapping[str, Any],
    choice: Choice,
    judge_one: Callable[[Endpoint, Path], Judged] | None = None,
) -> list[Judged | UserError | None]:
    """Capture endpoints, several side by side, and judge each that was captured; among several, a failure is kept."""
    if len(places) == 1:
        endpoint, out = places[0]
        _capture_one(endpoint, out, choice, overwrite=given["overwrite"], resume=given["resume"])
        return [judge_one(endpoint, out) if judge_one else None]
    from conformance.commands.fleet import Fleet

    environ = dict(os.environ)
    suites = Suites(choice.suites)
    suites.load_checks()  # before there are threads

    def capture_one(endpoint: Endpoint, out: Path, stop: Stop) -> None:
        about: dict[str, Any] = {"environ": environ, "suites": suites, "stop": stop, "name": endpoint.name}
        _capture_one(endpoint, out, choice, overwrite=given["overwrite"], resume=given["resume"], **about)

    return Fleet(places, capture_one, judge_one and partial(_shelved, judge_one), given["parallel"]).run()


def _shelved(judge_one: Callable[[Endpoint, Path], Judged], endpoint: Endpoint, out: Path) -> Judged:
    """Judge one of many endpoints, without holding its results."""
    return judge_one(endpoint, out).shelved()


def _compared(finished: Sequence[Judged], *, quiet: bool) -> Path | None:
    """Where the comparison of several runs lies."""
    if len(finished) < 2:
        return None
    from conformance.commands.compare import compare_folders

    page = finished[0].out.parent / "compare.html"
    compare_folders([judged.out for judged in finished], page, quiet=quiet)
    return page


def print_json(finished: Sequence[Judged], code: int, page: Path | None = None) -> None:
    """Print the outcome for machines: one line, and the only one on standard output."""
    from conformance.report.formats.json_line import outcome, render

    if finished:
        say(render([outcome(one.results, one.out, one.exit_code) for one in finished], code, page))


def worst(codes: Sequence[int]) -> int:
    """The exit code of several endpoints: the harness's own failure first, then usage, failed, unreachable."""
    order = (ExitCode.HARNESS, ExitCode.USAGE, ExitCode.FAILED, ExitCode.UNREACHABLE)
    return next((int(code) for code in order if code in codes), ExitCode.CONFORMANT)


def _judge_one(endpoint: Endpoint, out: Path, given: Mapping[str, Any], choice: Choice, gate: Gate) -> Judged:
    about = {"jobs": given["jobs"], "endpoint": _described(endpoint)}
    judged = judge_to([out / RECORDING], out, choice, gate=gate, **about)
    if given["confirm"] < 2 or judged.exit_code is not ExitCode.FAILED:
        return judged
    from conformance.commands.confirm import flaky_failures

    try:
        flaky = flaky_failures(endpoint, out, judged.results, choice.suites, given["confirm"])
    except UserError as error:  # the failures stand as they were seen
        complain(UserError(f"the failures could not be confirmed: {error.message}", error.hint))
        return judged
    return judge_to([out / RECORDING], out, choice, gate=replace(gate, flaky=flaky), **about) if flaky else judged


def _capture_one(
    endpoint: Endpoint, out: Path, choice: Choice, *, overwrite: bool, resume: bool, name: str = "", **about: Any
) -> None:
    """Capture one endpoint; `name` begins what is told of one among several, `about` goes to `capture_endpoint`."""
    from conformance.capture import make_progress

    refuse_earlier_bundle(out, overwrite=overwrite, resume=resume)
    if endpoint.note:
        click.echo(f"{name}: {endpoint.note}" if name else endpoint.note, err=True)
    how = {"overwrite": overwrite, "resume": resume, **about}
    capture_endpoint(endpoint, out / RECORDING, choice, progress=make_progress(name), **how)


def _described(endpoint: Endpoint) -> dict[str, Any]:
    """What the recording does not say of an endpoint; what was left open, such as the profile, it knows better."""
    facts = {
        "name": endpoint.name,
        "url": endpoint.base_url,
        "profile": endpoint.profile or "",
        "label": endpoint.label,
        "api_key_env": endpoint.api_key_env or "",
    }
    return {name: value for name, value in facts.items() if value}


def show_summary(judged: Judged) -> int:
    """Print what was found; returns the exit code."""
    from conformance.report.formats.terminal import print_summary

    for note in judged.notes[:5]:
        say(f"note: {one_line(note, 400)}")
    print_summary(judged.results, judged.out)
    return judged.exit_code
