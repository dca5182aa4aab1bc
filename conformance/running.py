"""The jobs behind the command line: plan, capture, judge, report. Each is one function."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.config import Endpoint, api_key, endpoint_from_url
from conformance.errors import ExitCode, UserError
from conformance.gate import Gate
from conformance.model import Header, Results
from conformance.plan import Plan, make_plan
from conformance.profiles import Profile, profile_for
from conformance.resources import schemas_dir
from conformance.trial import Trial

if TYPE_CHECKING:
    from conformance.capture import Stop
    from conformance.material import Material

RECORDING = "recording.jsonl"
TESTS = "tests.html"


@dataclass(frozen=True)
class Choice:
    """What of the suites is sent and judged."""

    select: str | None = None
    quick: bool = False
    suites: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Judged:
    """The outcome of judging: the results, where the bundle lies, what to exit with."""

    out: Path
    exit_code: ExitCode
    held: Results | None
    notes: tuple[str, ...] = field(default_factory=tuple)
    foreign: bool = False

    @property
    def results(self) -> Results:
        """The results as judged, or read again from the bundle."""
        from conformance.report.results_json import read_results

        return self.held or read_results(self.out)

    def shelved(self) -> Judged:
        """The same without the results, of which there may be many to hold."""
        return replace(self, held=None)


def plan_for(endpoint: Endpoint, choice: Choice, trial: Trial | None = None) -> Plan:
    """Plan what is sent to an endpoint.

    Raises:
        UserError: an unknown profile, a mistake in the selection or in a suite.
    """
    trial = trial or Trial(extra_suites=choice.suites)
    profile = profile_for(endpoint.profile, endpoint.host, trial.profiles)
    if choice.select is None:
        return make_plan(trial.scenarios, endpoint, profile, quick=choice.quick)
    trial.fill_checks()
    needed = needed_scenarios(trial, trial.selected(choice.select), profile)
    selection = trial.selection(choice.select)
    return make_plan(trial.scenarios, endpoint, profile, select=selection, quick=choice.quick, needed=needed)


def needed_scenarios(trial: Trial, requirements: frozenset[str], profile: Profile) -> set[str]:
    """The scenarios of a profile's plan that show something to the judges of these requirements."""
    from conformance.coverage import cover
    from conformance.material import UNNAMED
    from conformance.scenarios import Context

    sent = {name: one for name, one in trial.scenarios.items() if one.profile in {None, profile.name}}
    return cover(trial.looks(sorted(requirements)), sent, Context(model=UNNAMED))


def capture_to(
    plan: Plan,
    path: Path,
    *,
    key: str | None,
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
    from conformance.recording import RecordingWriter, Secrets
    from conformance.resuming import broken_off, came_to_its_end

    secrets = Secrets((key,) if key else ())

    known = broken_off(path, plan, suites) if resume and path.exists() else None
    if known and came_to_its_end(known):
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
        key=key,
        progress=progress,
        settings=Settings(suites=suites, stop=stop or Stop(), earlier=Earlier(known, reopened) if known else None),
    )
    return result.header


def _remove_pages(folder: Path) -> None:
    """Remove the pages of an earlier bundle: they speak of another recording."""
    from conformance.report.bundle import FILES

    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def capture_endpoint(
    endpoint: Endpoint,
    path: Path,
    choice: Choice,
    *,
    environ: Mapping[str, str] | None = None,
    progress: Any = None,
    trial: Trial | None = None,
    overwrite: bool = False,
    stop: Stop | None = None,
    resume: bool = False,
) -> Header:
    """Plan and capture one endpoint, with the key from the environment; else as `capture_to`."""
    trial = trial or Trial(extra_suites=choice.suites)
    plan = plan_for(endpoint, choice, trial)
    key = api_key(endpoint, os.environ if environ is None else environ)
    suites = digest(trial.suite_dirs)
    how: dict[str, Any] = {"progress": progress, "overwrite": overwrite, "stop": stop, "resume": resume}
    return capture_to(plan, path, key=key, suites=suites, **how)


def capture_for_pytest(
    url: str,
    *,
    models: Sequence[str],
    profile: str | None,
    api_key_env: str | None,
    out: str | None,
    trial: Trial,
    requirements: frozenset[str],
) -> Path:
    """Capture what bare pytest needs; returns the recording's path."""
    import tempfile

    endpoint = endpoint_from_url(url, models=models, profile=profile, api_key_env=api_key_env)
    folder = Path(out) if out else Path(tempfile.mkdtemp(prefix="conformance-"))
    trial.fill_checks()
    promised = profile_for(endpoint.profile, endpoint.host, trial.profiles)
    plan = make_plan(trial.scenarios, endpoint, promised, needed=needed_scenarios(trial, requirements, promised))
    path = folder / RECORDING
    capture_to(plan, path, key=api_key(endpoint, os.environ), suites=digest(trial.suite_dirs))
    return path


def judge_to(
    paths: Sequence[Path],
    out: Path,
    choice: Choice,
    *,
    gate: Gate | None = None,
    partial: bool = False,
    jobs: int = 1,
    endpoint: Mapping[str, Any] | None = None,
) -> Judged:
    """Judge recordings and write the bundle.

    Raises:
        UserError: a recording cannot be read or is incomplete, the selection has a mistake, a suite cannot be
            collected, the bundle not written.
    """
    from conformance.pytest_session import run_pytest
    from conformance.report.build import build, exit_code
    from conformance.report.bundle import write_bundle
    from conformance.report.evidence import collect, marks_of, wanted_ids
    from conformance.report.files import make_folder
    from conformance.timing import timing

    trial = Trial(recordings=paths, extra_suites=choice.suites, partial=partial, gate=gate or Gate())
    if choice.select:
        trial.selection(choice.select)
    material = trial.material
    if not any(recording.exchanges for recording in material.recordings):
        raise UserError("the recording holds no exchange", "Capture something first.", ExitCode.UNREACHABLE)
    make_folder(out)
    (out / TESTS).unlink(missing_ok=True)
    html = None if material.foreign else out / TESTS
    if html:
        html.touch(mode=0o600)  # whoever writes it keeps the mode
    found = run_pytest(trial, html=html, select=choice.select, jobs=jobs)
    rows = trial.catalogue.requirements
    if choice.select or material.foreign:
        judged = {result.requirement for result in found}
        rows = {id_: row for id_, row in rows.items() if id_ in judged}
    cells = [cell for cells in material.matrices.values() for cell in cells]
    measured = {} if material.foreign else timing({name.model: own for name, own in material.exchanges.items()})
    facts = {"contradictions": contradictions_of(material), **(endpoint or {})}
    results = build(
        material.numbered,
        found,
        rows,
        cells,
        gate=trial.gate,
        endpoint=facts,
        timing=measured,
        needs=trial.capabilities_of(),
    )
    results = replace(results, run={**results.run, "suites": digest(trial.suite_dirs)})  # who judged, not who asked
    evidence = collect(material.numbered, wanted_ids(results), marks_of(results), key_variable=_variable(endpoint))
    write_bundle(out, results, evidence)
    notes = tuple(dict.fromkeys(note for recording in material.recordings for note in recording.notes))
    return Judged(out, exit_code(results), results, notes, material.foreign)


def contradictions_of(material: Material) -> list[dict[str, Any]]:
    """Where the documents of the judged providers disagree, with themselves or with OpenAI's, both sides cited."""
    profiles = {profile.name: profile for profile in map(material.profile, material.endpoints)}
    return [
        {
            "provider": profile.title,
            "topic": one.topic,
            "statements": [{"says": side.says, "source": side.source} for side in one.statements],
        }
        for profile in profiles.values()
        for one in profile.contradictions
    ]


def _variable(endpoint: Mapping[str, Any] | None) -> str:
    return str((endpoint or {}).get("api_key_env") or "OPENAI_API_KEY")


def digest(suite_dirs: Sequence[Path]) -> str:
    """What tells one version of the suites from another: a hash over their files, and over the schemas that judge."""
    hashed = hashlib.sha256()
    for folder in (*suite_dirs, schemas_dir() / "openai"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".yaml", ".json"} and "__pycache__" not in path.parts:
                hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]
