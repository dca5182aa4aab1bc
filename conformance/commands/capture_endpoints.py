"""Capturing the endpoints of a command, several side by side, and judging each that was captured."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from conformance.capture.to_file import capture_endpoint
from conformance.catalogue.suites import Suites
from conformance.commands.console import note
from conformance.commands.folders import refuse_earlier_bundle
from conformance.commands.judge_bundle import Judged
from conformance.errors import UserError
from conformance.inputs.credentials import read_credentials
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import ChoiceOptions, OutputOptions
from conformance.store.bundle import RECORDING

if TYPE_CHECKING:
    from conformance.capture import Stop


class Judge(Protocol):
    """How a command judges what was captured; it goes to other processes, so it can be pickled and holds no key."""

    def judge(self, endpoint: Endpoint, out: Path) -> Judged:
        """Judge one endpoint; called in a process that judges."""

    def repeat(
        self, endpoint: Endpoint, out: Path, judged: Judged, *, environ: Mapping[str, str], suites: Suites, stop: Stop
    ) -> Callable[[Endpoint, Path], Judged] | None:
        """Capture what has to be seen again, where there is something; returns how to judge it.

        Called in the process that captures; what it returns, in one that judges.
        """


def capture_endpoints(
    places: list[tuple[Endpoint, Path]],
    choice: ChoiceOptions,
    output: OutputOptions,
    parallel: int,
    judge: Judge | None = None,
) -> list[Judged | UserError | None]:
    """Capture endpoints, `parallel` at a time, and judge each that was captured; among several, a failure is kept.

    Raises:
        UserError: the only endpoint cannot be captured or judged, or the user interrupted.
    """
    from conformance.capture import Stop

    environ, suites = dict(os.environ), Suites(choice.suites)
    if len(places) == 1:
        endpoint, out = places[0]
        _capture_one(endpoint, out, choice, output)
        if judge is None:
            return [None]
        judged = judge.judge(endpoint, out)
        again = judge.repeat(endpoint, out, judged, environ=environ, suites=suites, stop=Stop())
        return [again(endpoint, out) if again else judged]
    from conformance.commands.fleet import Fleet

    suites.load_checks()  # before there are threads
    for endpoint, _ in places:
        with contextlib.suppress(UserError):  # told when it is captured; the others go on
            read_credentials(endpoint, environ)

    def capture_one(endpoint: Endpoint, out: Path, stop: Stop) -> None:
        _capture_one(endpoint, out, choice, output, name=endpoint.name, environ=environ, suites=suites, stop=stop)

    if judge is None:
        return Fleet[Judged](places, capture_one, parallel=parallel).run()
    shelved, repeat = partial(_judge_shelved, judge.judge), partial(judge.repeat, environ=environ, suites=suites)

    def repeat_one(
        endpoint: Endpoint, out: Path, judged: Judged, stop: Stop
    ) -> Callable[[Endpoint, Path], Judged] | None:
        again = repeat(endpoint, out, judged, stop=stop)
        return again and partial(_judge_shelved, again)

    return Fleet(places, capture_one, shelved, repeat_one, parallel=parallel).run()


def _judge_shelved(judge: Callable[[Endpoint, Path], Judged], endpoint: Endpoint, out: Path) -> Judged:
    """Judge one of many endpoints, without holding its results."""
    return judge(endpoint, out).shelved()


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
        note(f"{name}: {endpoint.note}" if name else endpoint.note)
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
