"""Capturing the endpoints of a command, several side by side, and judging each that was captured."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.capture.to_file import capture_endpoint
from conformance.catalogue.suites import Suites
from conformance.commands.folders import refuse_earlier_bundle
from conformance.commands.judge_bundle import Judged
from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import ChoiceOptions, OutputOptions
from conformance.store.bundle import RECORDING

if TYPE_CHECKING:
    from conformance.capture import Stop


def capture_endpoints(
    places: list[tuple[Endpoint, Path]],
    choice: ChoiceOptions,
    output: OutputOptions,
    parallel: int,
    judge_one: Callable[[Endpoint, Path], Judged] | None = None,
) -> list[Judged | UserError | None]:
    """Capture endpoints, `parallel` at a time, and judge each that was captured; among several, a failure is kept.

    Raises:
        UserError: the only endpoint cannot be captured or judged, or the user interrupted.
    """
    if len(places) == 1:
        endpoint, out = places[0]
        _capture_one(endpoint, out, choice, output)
        return [judge_one(endpoint, out) if judge_one else None]
    from conformance.commands.fleet import Fleet

    environ = dict(os.environ)
    suites = Suites(choice.suites)
    suites.load_checks()  # before there are threads

    def capture_one(endpoint: Endpoint, out: Path, stop: Stop) -> None:
        _capture_one(endpoint, out, choice, output, name=endpoint.name, environ=environ, suites=suites, stop=stop)

    return Fleet(places, capture_one, judge_one and partial(_judge_shelved, judge_one), parallel).run()


def _judge_shelved(judge_one: Callable[[Endpoint, Path], Judged], endpoint: Endpoint, out: Path) -> Judged:
    """Judge one of many endpoints, without holding its results."""
    return judge_one(endpoint, out).shelved()


def _capture_one(
    endpoint: Endpoint,
    out: Path,
    choice: ChoiceOptions,
    output: OutputOptions,
    *,
    name: str = "",
    environ: Mapping[str, str] | None = None,
    suites: Suites | None = None,
    stop: Stop | None = None,
) -> None:
    """Capture one endpoint; `name` begins what is told of one among several."""
    from conformance.capture import make_progress

    refuse_earlier_bundle(out, overwrite=output.overwrite, resume=output.resume)
    if endpoint.note:
        click.echo(f"{name}: {endpoint.note}" if name else endpoint.note, err=True)
    capture_endpoint(
        endpoint,
        out / RECORDING,
        choice,
        environ=environ,
        progress=make_progress(name),
        suites=suites,
        overwrite=output.overwrite,
        stop=stop,
        resume=output.resume,
    )
