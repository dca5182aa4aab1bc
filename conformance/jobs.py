"""What each command does, from parsed options to an exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.config import Endpoint
from conformance.console import complain, say
from conformance.errors import ExitCode, UserError
from conformance.gate import Gate
from conformance.report.text import one_line
from conformance.running import RECORDING, Choice, Judged, capture_endpoint, judge_to, plan_for
from conformance.targets import places_of, targets
from conformance.trial import Trial

if TYPE_CHECKING:
    from conformance.capture import Stop


def _choice(given: Mapping[str, Any]) -> Choice:
    suites = tuple(given.get("suites", ()))
    for folder in suites:
        if not folder.is_dir():
            raise UserError(
                f"{folder}: there is no such folder", "--suites takes a folder that holds <area>/test_*.py."
            )
    return Choice(given.get("select"), bool(given.get("quick")), suites)


def _gate(given: Mapping[str, Any], choice: Choice) -> Gate:
    from conformance.gatefiles import make_gate

    return make_gate(
        given["fail_on"],
        strict_inconclusive=given["strict_inconclusive"],
        known_failures=given["known_failures"],
        baseline=given["baseline"],
        requirements=Trial(extra_suites=choice.suites).catalogue.requirements if given["known_failures"] else (),
        today=datetime.now(UTC).date(),
    )


def _refuse(folder: Path, *, overwrite: bool, resume: bool = False) -> None:
    """Refuse to mix two bundles; an earlier one is replaced by whoever writes the new one, and not before."""
    from conformance.report.bundle import FILES

    if folder.is_file():
        raise UserError(f"{folder} is a file", "--out takes a folder.")
    if not (overwrite or resume) and any((folder / name).exists() for name in (RECORDING, *FILES)):
        raise UserError(f"{folder} holds an earlier bundle", "Give another --out, or --overwrite to replace it.")


def run(**given: Any) -> int:
    """Capture, judge and report every endpoint; the worst exit code counts, and several runs are compared."""
    choice = _choice(given)
    gate = _gate(given, choice)
    with targets(given) as (endpoints, base):
        judge_one = partial(_judge_one, given=dict(given), choice=choice, gate=gate)
        with places_of(given, endpoints, base) as places:
            outcomes = _captured(places, given, choice, judge_one)
    finished = [one for one in outcomes if isinstance(one, Judged)]
    code = worst([one.exit_code for one in outcomes if one is not None])
    for judged in () if given["as_json"] else finished:
        _show(judged)
    page = _compared(finished, quiet=given["as_json"])
    if given["as_json"]:
        _print_json(finished, code, page)
    return code


def _captured(
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
    from conformance.fleet import Fleet

    environ = dict(os.environ)
    trial = Trial(extra_suites=choice.suites)
    trial.fill_checks()  # before there are threads

    def capture_one(endpoint: Endpoint, out: Path, stop: Stop) -> None:
        about: dict[str, Any] = {"environ": environ, "trial": trial, "stop": stop, "name": endpoint.name}
        _capture_one(endpoint, out, choice, overwrite=given["overwrite"], resume=given["resume"], **about)

    return Fleet(places, capture_one, judge_one and partial(_shelved, judge_one), given["parallel"]).run()


def _shelved(judge_one: Callable[[Endpoint, Path], Judged], endpoint: Endpoint, out: Path) -> Judged:
    """Judge one of many endpoints, without holding its results."""
    return judge_one(endpoint, out).shelved()


def _compared(finished: Sequence[Judged], *, quiet: bool) -> Path | None:
    """Where the comparison of several runs lies."""
    if len(finished) < 2:
        return None
    from conformance.comparing import compare_folders

    page = finished[0].out.parent / "compare.html"
    compare_folders([judged.out for judged in finished], page, quiet=quiet)
    return page


def _print_json(finished: Sequence[Judged], code: int, page: Path | None = None) -> None:
    """Print the outcome for machines: one line, and the only one on standard output."""
    from conformance.report.outcome import outcome, render

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
    from conformance.confirming import flaky_failures

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

    _refuse(out, overwrite=overwrite, resume=resume)
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


def _show(judged: Judged) -> int:
    from conformance.report.terminal import print_summary

    for note in judged.notes[:5]:
        say(f"note: {one_line(note, 400)}")
    print_summary(judged.results, judged.out)
    return judged.exit_code


def plan(**given: Any) -> int:
    """Print the plan of every endpoint."""
    choice = _choice(given)
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

    from conformance.config import api_key
    from conformance.running import capture_to

    with tempfile.TemporaryDirectory() as folder:
        plan = plan_for(endpoint, choice)
        header = capture_to(
            replace(plan, entries=()),
            Path(folder, RECORDING),
            key=api_key(endpoint, os.environ),
            suites="",
        )
    return plan.refined(header.models, {model: model in header.thinking for model in header.models})


def capture(**given: Any) -> int:
    """Record every endpoint; what was cut off by a budget or a dead endpoint is no success."""
    from conformance.recording import read_ending

    choice = _choice(given)
    with targets(given) as (endpoints, base), places_of(given, endpoints, base) as places:
        outcomes = _captured(places, given, choice)
    codes = [outcome.exit_code for outcome in outcomes if outcome is not None]
    for (_, out), outcome in zip(places, outcomes, strict=True):
        if outcome is None:
            say(f"recorded: {out / RECORDING}")
            whole = read_ending(out / RECORDING) == "complete"
            codes.append(ExitCode.CONFORMANT if whole else ExitCode.UNREACHABLE)
    return worst(codes)


def judge(**given: Any) -> int:
    """Judge recordings and write the bundle."""
    from conformance.claims import claimed

    choice = _choice(given)
    out: Path = given["out"] or Path("reports", f"judged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    recordings = list(given["recordings"])
    inside = len(recordings) == 1 and recordings[0].resolve() in {out.resolve(), (out / RECORDING).resolve()}
    gate = _gate(given, choice)
    with claimed(out):
        _refuse(out, overwrite=given["overwrite"] or inside)
        judged = judge_to(recordings, out, choice, gate=gate, partial=given["partial"], jobs=given["jobs"])
    if given["as_json"]:
        _print_json([judged], judged.exit_code)
        return judged.exit_code
    if judged.foreign:
        from conformance.report.tally import render

        say(render(judged.results))
    return _show(judged)


def report(folder: Path) -> int:
    """Write a bundle's pages again."""
    from conformance.recording import read_recordings
    from conformance.report.bundle import write_bundle
    from conformance.report.evidence import collect, marks_of, wanted_ids
    from conformance.report.results_json import read_results

    results = read_results(folder / "results.json")
    recording = folder / RECORDING
    recordings = list(read_recordings([recording])) if recording.exists() else []
    variable = str(results.endpoint.get("api_key_env") or "OPENAI_API_KEY")
    evidence = collect(recordings, wanted_ids(results), marks_of(results), key_variable=variable)
    for path in write_bundle(folder, results, evidence):
        say(str(path))
    return ExitCode.CONFORMANT


def try_one(scenario: str, **given: Any) -> int:
    """Fire one scenario at the first endpoint named."""
    from conformance.config import api_key
    from conformance.trying import try_scenario

    with targets(given) as (endpoints, _):
        endpoint = endpoints[0]
        return try_scenario(scenario, endpoint, api_key(endpoint, os.environ), given["suites"])


def export_har(recording: Path, out: Path) -> int:
    """Write a recording as HAR."""
    from conformance.recording import read_recordings
    from conformance.recording.har_export import to_har
    from conformance.report.files import write_file

    exchanges = [exchange for one in read_recordings([recording]) for exchange in one.exchanges]
    write_file(out, to_har(exchanges))
    say(f"{out}: {len(exchanges)} entries")
    return ExitCode.CONFORMANT


def serve(**given: Any) -> int:
    """Serve the reference provider; its base URL is the first line printed."""
    from conformance.reference.dialects import dialect_named
    from conformance.reference.server import serve_forever

    def announce(url: str) -> None:
        say(url)
        click.echo(f"key: {dialect_named(given['dialect']).key}; Ctrl-C ends it", err=True)

    serve_forever(given["dialect"], given["faults"], given["host"], given["port"], given["delay"], announce)
    return ExitCode.CONFORMANT


def list_things(what: str, suites: tuple[Path, ...]) -> int:
    """Print one of the lists, a line each: a name, then words."""
    from conformance.lists import lines

    for name, words in lines(what, _choice({"suites": suites}).suites):
        say(f"{name:<36} {words}".rstrip())
    return ExitCode.CONFORMANT
