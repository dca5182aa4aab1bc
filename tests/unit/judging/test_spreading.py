"""Judging spread over processes: the same results, by the same gate, over the same part of the recording."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli_runs import KEY, MODEL, invoke

from conformance.reference.server.serving import ReferenceServer


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a faulty provider answers."""
    folder = tmp_path_factory.mktemp("spread")
    with ReferenceServer(faults=["stream-done-missing"]) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY[1], server.api_key)
        done = invoke("capture", server.base_url, *MODEL, *KEY, "--quick", "--out", folder)
    assert done.exit_code == 0, done.output
    return folder / "recording.jsonl"


def judged(recording: Path, out: Path, *options: object) -> tuple[int, dict[str, Any]]:
    """The exit code and the results without what says when they were made; rows in a fixed order."""
    done = invoke("judge", recording, "--out", out, *options)
    results = json.loads((out / "results.json").read_text())
    results["requirements"].sort(key=lambda row: (row["id"], row["model"]))
    results["run"] = {name: value for name, value in results["run"].items() if name not in {"judged", "created"}}
    return done.exit_code, results


def known(folder: Path) -> Path:
    path = folder / "known.yaml"
    path.write_text("- {requirement: stream.done, reason: we know, since: '2026-01-01'}\n")
    return path


def outcomes(out: Path) -> dict[str, int]:
    """How many tests ended how, by pytest's own log."""
    told = re.findall(r">(\d+) (Failed|Passed|Skipped|Expected failures)", (out / "tests.html").read_text())
    return {name: int(count) for count, name in told}


@pytest.mark.parametrize("options", [(), ("--fail-on", "never"), ("known",)], ids=["gated", "never", "known"])
def test_two_processes_judge_like_one(options: tuple[str, ...], recording: Path, tmp_path: Path) -> None:
    given = ("--known-failures", known(tmp_path)) if options == ("known",) else options
    one = judged(recording, tmp_path / "one", *given)
    two = judged(recording, tmp_path / "two", *given, "--jobs", 2)
    assert two == one
    gates = {row["gate"] for row in one[1]["requirements"] if row["id"] == "stream.done"}
    assert gates == {"known"} if options == ("known",) else {"fail"} if not options else {"off"}
    assert outcomes(tmp_path / "two") == outcomes(tmp_path / "one"), "the gate reaches the workers"
    assert bool(outcomes(tmp_path / "two")["Failed"]) != bool(options)


def test_workers_take_an_incomplete_recording_too(recording: Path, tmp_path: Path) -> None:
    cut = tmp_path / "recording.jsonl"
    cut.write_text("".join(recording.read_text().splitlines(keepends=True)[:-1]))
    choice = ("--partial", "--select", "stream.done")
    one = judged(cut, tmp_path / "one", *choice)
    two = judged(cut, tmp_path / "two", *choice, "--jobs", 2)
    assert two == one
    assert [row["verdict"] for row in two[1]["requirements"]] == ["fail"]
