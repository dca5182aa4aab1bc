"""Judging recordings and writing the bundle."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.catalogue.suites import Suites
from conformance.errors import ExitCode, UserError
from conformance.gate.gate import Gate
from conformance.judging.session import JudgingSession
from conformance.model import CheckResult, Results

if TYPE_CHECKING:
    from conformance.judging.slots import Material

from conformance.catalogue.digest import digest
from conformance.inputs.options import ChoiceOptions
from conformance.store.bundle import TESTS_PAGE


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
        from conformance.store.results_file import read_results

        return self.held or read_results(self.out)

    def shelved(self) -> Judged:
        """The same without the results, of which there may be many to hold."""
        return replace(self, held=None)


def judge_to(
    paths: Sequence[Path],
    out: Path,
    choice: ChoiceOptions,
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
    session = JudgingSession(Suites(choice.suites), recordings=paths, partial=partial, gate=gate or Gate())
    return judge_session(session, out, choice.select, jobs=jobs, endpoint=endpoint)


def judge_session(
    session: JudgingSession,
    out: Path,
    select: str | None,
    *,
    jobs: int = 1,
    endpoint: Mapping[str, Any] | None = None,
) -> Judged:
    """Judge what a session holds and write the bundle.

    Raises:
        UserError: as `judge_to`.
    """
    from conformance.report.bundle import write_bundle
    from conformance.report.evidence.collect import collect, marks_of, wanted_ids
    from conformance.report.results.build import build, exit_code
    from conformance.report.timing import measure_timing
    from conformance.store.atomic import make_folder

    if select:
        session.suites.parse_selection(select)
    material = session.material
    refuse_nothing(material)
    _check_profiles(material)
    make_folder(out)
    found, log = _judged(session, select, jobs)
    rows = session.suites.catalogue.requirements
    if select or material.foreign:
        judged = {result.requirement for result in found}
        rows = {id_: row for id_, row in rows.items() if id_ in judged}
    cells = [cell for cells in material.matrices.values() for cell in cells]
    measured = {} if material.foreign else measure_timing({name.model: own for name, own in material.exchanges.items()})
    facts = {"contradictions": contradictions_of(material), **_judged_by(material), **(endpoint or {})}
    results = build(
        material.numbered,
        found,
        rows,
        cells,
        gate=session.gate,
        endpoint=facts,
        timing=measured,
        needs=session.suites.capabilities_of(),
    )
    results = replace(
        results, run={**results.run, "suites": digest(session.suites.folders)}
    )  # who judged, not who asked
    evidence = collect(material.numbered, wanted_ids(results), marks_of(results), key_variable=_variable(endpoint))
    write_bundle(out, results, evidence, log)
    notes = tuple(dict.fromkeys(note for recording in material.recordings for note in recording.notes))
    return Judged(out, exit_code(results), results, notes, material.foreign)


def _check_profiles(material: Material) -> None:
    """Tell at once of a recording that names a profile which nobody knows."""
    for recording in material.recordings:
        if not recording.header.foreign:
            try:
                material.profile(recording.header.endpoint)
            except UserError as error:
                hint = f"{error.hint} Give the suites that it was captured with: --suites."
                raise UserError(f"{recording.path}: {error.message}", hint) from None


def _judged(session: JudgingSession, select: str | None, jobs: int) -> tuple[list[CheckResult], str]:
    """The verdicts with every key masked that the run knows, and the page of the tests, empty where there is none."""
    from conformance.judging.runner import run_pytest
    from conformance.report.results.masked import mask_verdict
    from conformance.secrets.known import known_secrets

    log = ""
    if session.material.foreign:
        found = run_pytest(session, select=select, jobs=jobs)
    else:
        with tempfile.TemporaryDirectory(prefix="conformance-") as private:  # its owner's alone
            draft = Path(private, TESTS_PAGE)
            found = run_pytest(session, html=draft, select=select, jobs=jobs)
            log = draft.read_text(encoding="utf-8", errors="replace")
    return [mask_verdict(result, known_secrets()) for result in found], log


def refuse_nothing(material: Material) -> None:
    """Refuse recordings in which there is nothing to judge, and say what became of what they hold.

    Raises:
        UserError: there is nothing.
    """
    from conformance.report.results.left_out import count_left_out, say_left_out

    if any(recording.exchanges for recording in material.numbered):
        return
    counted = count_left_out(material.numbered)
    if not counted:
        raise UserError("the recording holds no exchange", "Capture something first.", ExitCode.UNREACHABLE)
    hint = "docs/recordings.md says which recordings are read, and what of them is judged."
    raise UserError(f"nothing is left to judge: {say_left_out(counted)}", hint, ExitCode.UNREACHABLE)


def _judged_by(material: Material) -> dict[str, str]:
    """The profiles by which others' recordings were judged: the hosts chose them, for no header of theirs names one."""
    if not material.foreign:
        return {}
    return {"profile": ", ".join(dict.fromkeys(material.profile(one).name for one in material.endpoints))}


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
    return str((endpoint or {}).get("api_key_env") or "")
