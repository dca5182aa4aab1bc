"""A recording too large to hold stays on the disk and is judged exchange by exchange, to the same results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.api.chat.stream import ChatStream
from conformance.commands.app import cli
from conformance.errors import UserError
from conformance.judging import sweep
from conformance.judging.session import JudgingSession
from conformance.model import CheckResult, Exchange, Verdict
from conformance.recording import read_recording, stored_reads
from conformance.reference.server.serving import ReferenceServer

FEW = 2
"""Streams of a scenario that it names: so many a check of a whole run may read again."""

TOLD_APART = ("created", "seconds")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a whole run on a provider of whom much is to be said."""
    out = tmp_path_factory.mktemp("large") / "out"
    with ReferenceServer("yuhuanstudio-literal") as server:
        words = ["capture", server.base_url, "--model", "reference-chat", "--profile", "yuhuanstudio"]
        done = CliRunner(env={"KEY": server.api_key}).invoke(cli, [*words, "--api-key-env", "KEY", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out / "recording.jsonl"


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_reads, "LARGE", 1)


def results(recording: Path) -> list[CheckResult]:
    session = JudgingSession(recordings=[recording])
    session.suites.load_checks()
    rows = session.suites.catalogue.judged(session.material.recordings[0].header.profile)
    return [session.judge(row, name) for row in rows for name in session.slot_names(row)]


def test_a_large_recording_is_judged_as_a_small_one_is(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = results(recorded)
    assert {Verdict.PASS, Verdict.FAIL, Verdict.NOT_APPLICABLE} <= {one.verdict for one in held}
    monkeypatch.setattr(stored_reads, "LARGE", 1)
    assert results(recorded) == held


@pytest.mark.usefixtures("_large")
def test_no_exchange_is_held_in_its_parsed_form(recorded: Path) -> None:
    session = JudgingSession(recordings=[recorded])
    session.suites.load_checks()
    row = session.suites.catalogue.requirements["stream.done"]
    session.judge(row, session.slot_names(row)[0])
    members = {name for one in session.material.recordings[0].exchanges for name in vars(one)}
    assert members == stored_members()


def stored_members() -> set[str]:
    from dataclasses import fields

    from conformance.model import Exchange

    return {field.name for field in fields(Exchange)}


@pytest.mark.usefixtures("_large")
def test_reads_on_the_disk_are_those_that_were_written(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = read_recording(recorded).exchanges
    assert all(one.on_disk for one in large)
    monkeypatch.setattr(stored_reads, "LARGE", 1 << 40)
    small = read_recording(recorded).exchanges
    assert not any(one.on_disk for one in small)
    assert [tuple(one.raw) for one in large] == [one.raw for one in small]
    assert [len(one.raw) for one in large] == [len(one.raw) for one in small]
    streamed = max(large, key=lambda one: len(one.raw))
    assert (streamed.raw[0], streamed.raw[1:3]) == (next(iter(streamed.raw)), tuple(streamed.raw)[1:3])


@pytest.mark.usefixtures("_large")
def test_a_file_that_changes_meanwhile_is_told(recorded: Path, tmp_path: Path) -> None:
    copy = tmp_path / "recording.jsonl"
    copy.write_bytes(recorded.read_bytes())
    (first, *_) = read_recording(copy).exchanges
    copy.write_bytes(b"{}\n" * 9)
    with pytest.raises(UserError, match=r"recording\.jsonl has changed while it was read"):
        first.content  # noqa: B018 -- reading it is the test


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_the_report_of_a_large_recording_is_that_of_a_small_one(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    said = {}
    for name, size in (("small", 1 << 40), ("large", 1)):
        monkeypatch.setattr(stored_reads, "LARGE", size)
        words = ["judge", str(recorded), "--out", str(tmp_path / name), "--jobs", jobs]
        assert CliRunner().invoke(cli, words).exit_code == 1
        said[name] = json.loads((tmp_path / name / "results.json").read_text())
        said[name]["run"] = {key: value for key, value in said[name]["run"].items() if key not in TOLD_APART}
    assert said["small"] == said["large"]


@pytest.mark.usefixtures("_large")
def test_no_check_of_a_whole_run_reads_an_exchange_again(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a check of runs asks of every chat stream is kept of it: see Answer.settle, and add to what it keeps."""
    again: dict[str, int] = {}
    finish = sweep.SlotJob.finish

    def watched(job: sweep.SlotJob, settle: Callable[[Exchange], None]) -> CheckResult:
        made = {id_: one[""] for id_, one in job.slot.made.made.items() if isinstance(one.get(""), ChatStream)}
        before = {id_: frozenset(vars(one)) for id_, one in made.items()}
        settled: list[Exchange] = []
        result = finish(job, settled.append)
        again[job.requirement] = sum("stream" in vars(one).keys() - before[id_] for id_, one in made.items())
        for exchange in settled:
            settle(exchange)
        return result

    monkeypatch.setattr(sweep.SlotJob, "finish", watched)
    session = JudgingSession(recordings=[recorded])
    session.suites.load_checks()
    row = session.suites.catalogue.requirements["stream.done"]
    session.judge(row, session.slot_names(row)[0])
    runs = {check.requirement for check in session.suites.checks.values() if check.view == "run"}
    assert max(again[id_] for id_ in runs & set(again)) <= FEW
