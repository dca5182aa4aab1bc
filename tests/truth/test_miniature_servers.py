"""A whole run against a server with one fault of its own says that one thing, and nothing false beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_runs import invoke
from miniature_servers import CutsStreams, Miniature, Stalls, miniature

from conformance.model import Recording
from conformance.recording import read_recording

TIMEOUTS = {"connect": 5, "first_byte": 2, "idle": 2, "total": 20}


def judged(kind: type[Miniature], folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Mapping[str, Any], Recording]:
    """The results and the recording of a whole run."""
    monkeypatch.chdir(folder)
    with miniature(kind) as (url, key):
        monkeypatch.setenv("MINIATURE_KEY", key)
        endpoint = {
            "name": "miniature", "url": url, "api_key_env": "MINIATURE_KEY", "models": ["reference-chat"],
            "timeouts": TIMEOUTS,
        }  # fmt: skip
        Path("conformance.yaml").write_text(yaml.safe_dump({"endpoints": [endpoint]}), encoding="utf-8")
        done = invoke("run", "--config", "conformance.yaml", "--out", "out")
    assert done.exit_code in {0, 1}, done.output
    results = json.loads(Path("out", "miniature", "results.json").read_text(encoding="utf-8"))
    return results, read_recording(Path("out", "miniature", "recording.jsonl"))


def failing(results: Mapping[str, Any]) -> dict[str, list[str]]:
    """The failing rows with what was found."""
    rows = (row for row in results["requirements"] if row["verdict"] in {"fail", "error"})
    return {row["id"]: [finding["actual"] for finding in row["findings"]] for row in rows}


def test_a_server_without_a_fault_passes_and_is_asked_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results, recording = judged(Miniature, tmp_path, monkeypatch)
    verdicts = {row["id"]: row["verdict"] for row in results["requirements"]}
    assert failing(results) == {}
    assert {verdicts[id_] for id_ in ("stream.beside", "transport.beside", "transport.stalls")} == {"pass"}
    assert not [one.id for one in recording.exchanges if one.repeats]
    assert max(one.beside for one in recording.exchanges) > 0


def test_streams_that_are_cut_beside_others_are_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results, recording = judged(CutsStreams, tmp_path, monkeypatch)
    found = failing(results)
    assert list(found) == ["stream.beside"]
    assert len(found["stream.beside"]) == 1
    assert "broke off beside" in found["stream.beside"][0]
    again = [one for one in recording.exchanges if one.repeats]
    assert again
    assert {one.beside for one in again} == {0}
    assert {one.repeats for one in again} <= {one.id for one in recording.exchanges if not one.repeats}


def test_a_stall_over_many_requests_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results, recording = judged(Stalls, tmp_path, monkeypatch)
    found = failing(results)
    assert list(found) == ["transport.stalls"]
    assert len(found["transport.stalls"]) == 1
    assert "17 of the requests had no whole answer in time" in found["transport.stalls"][0]
    assert len({one.repeats for one in recording.exchanges if one.repeats}) >= 10
