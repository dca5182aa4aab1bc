"""Capturing an endpoint into a recording on the disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.catalogue.profiles import profile_for
from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.inputs.credentials import Credentials, read_credentials
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import ChoiceOptions
from conformance.model import Header
from conformance.planning.plan import Plan, make_plan

if TYPE_CHECKING:
    from conformance.capture import Stop

from conformance.catalogue.digest import digest
from conformance.planning.for_endpoint import needed_scenarios, plan_for
from conformance.store.bundle import RECORDING


def capture_to(
    plan: Plan,
    path: Path,
    *,
    credentials: Credentials,
    suites: str,
    progress: Any = None,
    overwrite: bool = False,
    stop: Stop | None = None,
    resume: bool = False,
) -> Header:
    """Send a plan and record it in `path`; returns the recording's header.

    With `overwrite` the bundle in the same folder is replaced, once the endpoint has answered. `stop` ends the capture
    from another thread. With `resume` a recording that was broken off is gone on with, and a whole one left alone.

    Raises:
        UserError: see `capture.capture`; the recording exists already.
    """
    from conformance.capture import Earlier, Settings, Stop, capture
    from conformance.capture.resume import is_finished, read_interrupted
    from conformance.recording import RecordingWriter
    from conformance.secrets.known import known_secrets

    secrets = known_secrets(credentials.key)

    known = read_interrupted(path, plan, suites) if resume and path.exists() else None
    if known and is_finished(known):
        return known.header
    if path.exists() and not overwrite and not known:
        raise UserError(f"{path} exists already", "Give another --out, or --overwrite to replace it.")

    def opened(header: Header) -> RecordingWriter:
        if overwrite:
            _remove_pages(path.parent)
        return RecordingWriter(path, header, secrets, overwrite=overwrite)

    def reopened(header: Header, keep: frozenset[str]) -> RecordingWriter:
        _remove_pages(path.parent)
        return RecordingWriter(path, header, secrets, keep=keep)

    result = capture(
        plan,
        opened,
        key=credentials.key,
        progress=progress,
        settings=Settings(
            suites=suites,
            stop=stop or Stop(),
            earlier=Earlier(known, reopened) if known else None,
            headers=credentials.headers,
            proxy=credentials.proxy,
        ),
    )
    return result.header


def _remove_pages(folder: Path) -> None:
    """Remove the pages of an earlier bundle: they speak of another recording."""
    from conformance.store.bundle import PAGES

    for name in PAGES:
        (folder / name).unlink(missing_ok=True)


def capture_endpoint(
    endpoint: Endpoint,
    path: Path,
    choice: ChoiceOptions,
    *,
    environ: Mapping[str, str] | None = None,
    progress: Any = None,
    suites: Suites | None = None,
    overwrite: bool = False,
    stop: Stop | None = None,
    resume: bool = False,
) -> Header:
    """Plan and capture one endpoint, with the credentials of the environment; else as `capture_to`."""
    suites = suites or Suites(choice.suites)
    plan = plan_for(endpoint, choice, suites)
    credentials = read_credentials(endpoint, os.environ if environ is None else environ)
    return capture_to(
        plan,
        path,
        credentials=credentials,
        suites=digest(suites.folders),
        progress=progress,
        overwrite=overwrite,
        stop=stop,
        resume=resume,
    )


def capture_for_pytest(endpoint: Endpoint, *, out: Path | None, suites: Suites, requirements: frozenset[str]) -> Path:
    """Capture what bare pytest needs; returns the recording's path."""
    import tempfile

    folder = out or Path(tempfile.mkdtemp(prefix="conformance-"))
    suites.load_checks()
    promised = profile_for(endpoint.profile, endpoint.host, suites.profiles)
    plan = make_plan(suites.scenarios, endpoint, promised, needed=needed_scenarios(suites, requirements, promised))
    path = folder / RECORDING
    capture_to(plan, path, credentials=read_credentials(endpoint, os.environ), suites=digest(suites.folders))
    return path
