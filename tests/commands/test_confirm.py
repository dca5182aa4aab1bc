"""`run --confirm`: what fails once is flaky, what stays broken closes the gate; and `--json`, several endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from conformance.commands import capture_endpoints, confirm
from conformance.commands.app import cli
from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint
from conformance.model import Results
from conformance.reference.faults import faults_named
from conformance.reference.server.serving import ReferenceServer

FAULT = "finish-reason-end-turn"
BROKEN = "chat.finish_reason"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReferenceServer]:
    with ReferenceServer(faults=(FAULT,)) as running:
        monkeypatch.setenv("REFERENCE_KEY", running.api_key)
        yield running


@pytest.fixture
def recovers(server: ReferenceServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Mends the server after so many judgings and captures of the command."""

    def arrange(after: int) -> None:
        done = [0]

        def counted(job: Callable[..., Any]) -> Callable[..., Any]:
            def call(*words: Any, **named: Any) -> Any:
                value = job(*words, **named)
                done[0] += 1
                if done[0] == after:
                    server.app.routes[0].app.faults = faults_named(())
                return value

            return call

        monkeypatch.setattr(capture_endpoints, "capture_endpoint", counted(capture_endpoints.capture_endpoint))
        monkeypatch.setattr(confirm, "capture_to", counted(confirm.capture_to))

    return arrange


def run(server: ReferenceServer, out: Path, *more: str) -> Result:
    words = ["run", server.base_url, "-m", "reference-chat", "--api-key-env", "REFERENCE_KEY"]
    return CliRunner().invoke(cli, [*words, "--select", BROKEN, "--out", str(out), *more])


def row(out: Path) -> dict[str, Any]:
    (found,) = (one for one in json.loads((out / "results.json").read_text())["requirements"] if one["id"] == BROKEN)
    return found


def test_a_failure_that_does_not_come_again_is_flaky_everywhere_and_closes_no_gate(
    server: ReferenceServer, recovers: Callable[[int], None], tmp_path: Path
) -> None:
    recovers(1)
    done = run(server, tmp_path / "out", "--confirm", "2")
    assert done.exit_code == 0, done.output
    found = row(tmp_path / "out")
    assert (found["verdict"], found["gate"]) == ("fail", "flaky")
    assert found["note"] == "failed, and passed when it was fired again"
    cases = ET.parse(tmp_path / "out" / "junit.xml").iter("testcase")
    (skipped,) = [case.find("skipped") for case in cases if BROKEN in case.attrib["name"]]
    assert skipped is not None
    assert skipped.attrib["message"].startswith("flaky: ")
    assert "flaky" in (tmp_path / "out" / "index.html").read_text()
    assert "(flaky)" in done.stdout
    assert (tmp_path / "out" / "confirm-2.repeat").is_file()


def test_a_failure_that_stays_closes_the_gate(server: ReferenceServer, tmp_path: Path) -> None:
    done = run(server, tmp_path / "out", "--confirm", "2")
    assert done.exit_code == 1
    assert row(tmp_path / "out")["gate"] == "fail"


def test_a_third_firing_may_tell_what_the_second_did_not(
    server: ReferenceServer, recovers: Callable[[int], None], tmp_path: Path
) -> None:
    recovers(2)
    assert run(server, tmp_path / "out", "--confirm", "3").exit_code == 0
    assert {path.name for path in (tmp_path / "out").glob("confirm-*")} == {"confirm-2.repeat", "confirm-3.repeat"}


def test_the_repeats_are_not_judged_with_the_run(
    server: ReferenceServer, recovers: Callable[[int], None], tmp_path: Path
) -> None:
    recovers(1)
    assert run(server, tmp_path / "out", "--confirm", "2").exit_code == 0
    before = row(tmp_path / "out")
    CliRunner().invoke(cli, ["judge", str(tmp_path / "out"), "--out", str(tmp_path / "again"), "--select", BROKEN])
    assert row(tmp_path / "again")["judged"] == before["judged"]


def test_a_healthy_endpoint_is_asked_once(server: ReferenceServer, tmp_path: Path) -> None:
    server.app.routes[0].app.faults = faults_named(())
    assert run(server, tmp_path / "out", "--confirm", "2").exit_code == 0
    assert not list((tmp_path / "out").glob("confirm-*"))


def test_an_endpoint_that_dies_before_the_second_firing_leaves_the_failure_as_it_was(
    server: ReferenceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise UserError("nobody answers", "Try later.")

    monkeypatch.setattr(confirm, "capture_to", gone)
    done = run(server, tmp_path / "out", "--confirm", "2")
    assert done.exit_code == 1
    assert "could not be confirmed: nobody answers" in done.stderr


def test_a_pass_by_another_scenario_confirms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario that failed was not judged again: 429 for ever, say."""
    failure = (BROKEN, "m")
    monkeypatch.setattr(confirm, "_failing", lambda _: {failure: frozenset({"chat.basic"})})
    seen = {failure: frozenset({"chat.n"})}
    monkeypatch.setattr(confirm, "_passing", lambda *_: seen)
    asked: Any = (Endpoint("e", "http://h/v1"), tmp_path, Results({}, (), {}, (), (), {}), (), 2)
    assert confirm.flaky_failures(*asked) == frozenset()
    seen[failure] = frozenset({"chat.n", "chat.basic"})
    assert confirm.flaky_failures(*asked) == {failure}


# --- --json -----------------------------------------------------------------------------------------------------------


def test_json_is_one_line_and_all_that_stands_on_standard_output(server: ReferenceServer, tmp_path: Path) -> None:
    done = run(server, tmp_path / "out", "--json")
    assert done.exit_code == 1
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["exit_code"], told["bundle"], told["summary"]["result"]) == (
        1,
        str(tmp_path / "out"),
        "not conformant",
    )
    assert [one["id"] for one in told["failed"]] == [BROKEN]
    assert told["endpoint"]["profile"] == "openai"


def test_judging_tells_json_too(server: ReferenceServer, tmp_path: Path) -> None:
    run(server, tmp_path / "out")
    words = ["judge", str(tmp_path / "out" / "recording.jsonl"), "--select", BROKEN, "--json"]
    (line,) = CliRunner().invoke(cli, [*words, "--out", str(tmp_path / "again")]).stdout.splitlines()
    assert json.loads(line)["exit_code"] == 1


def test_a_mistake_prints_nothing_on_standard_output(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["run", "http://127.0.0.1:9/v1", "--json", "--out", str(tmp_path / "out")])
    assert done.exit_code == 4
    assert done.stdout == ""


# --- several endpoints ------------------------------------------------------------------------------------------------


def config(path: Path, *endpoints: dict[str, Any], **more: Any) -> Path:
    path.write_text(json.dumps({"endpoints": list(endpoints), **more}))
    return path


def endpoint(server: ReferenceServer, name: str) -> dict[str, Any]:
    return {"name": name, "url": server.base_url, "models": ["reference-chat"], "api_key_env": "REFERENCE_KEY"}


@pytest.mark.parametrize("as_json", [False, True], ids=["words", "json"])
def test_a_config_with_several_endpoints_ends_with_their_comparison(
    server: ReferenceServer, tmp_path: Path, as_json: bool
) -> None:
    with ReferenceServer() as healthy:
        file = config(tmp_path / "c.yaml", endpoint(server, "bent"), endpoint(healthy, "straight"))
        words = ["run", "--config", str(file), "--select", BROKEN, "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(cli, [*words, *(["--json"] if as_json else [])])
    assert done.exit_code == 1, done.output
    made = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert [column["folder"] for column in made["columns"]] == ["bent", "straight"]
    assert made["requirements"][0]["differs"]
    if as_json:
        (line,) = done.stdout.splitlines()
        told = json.loads(line)
        assert told["comparison"] == str(tmp_path / "out" / "compare.html")
        assert [one["exit_code"] for one in told["runs"]] == [1, 0]
    else:
        assert "1 of 1 requirements differ over 2 columns" in done.stdout


def test_options_that_a_config_would_swallow_are_refused(server: ReferenceServer, tmp_path: Path) -> None:
    file = config(tmp_path / "c.yaml", endpoint(server, "a"))
    for option in (["--model", "x"], ["--api-key-env", "X_KEY"], ["--profile", "openai"], ["--insecure"]):
        done = CliRunner().invoke(cli, ["run", "--config", str(file), *option])
        assert done.exit_code == 2, option
        assert option[0] in done.stderr


def test_a_label_is_for_every_endpoint_of_a_config(server: ReferenceServer, tmp_path: Path) -> None:
    file = config(tmp_path / "c.yaml", endpoint(server, "a"))
    words = ["run", "--config", str(file), "--select", BROKEN, "--label", "version=7", "--out", str(tmp_path / "out")]
    CliRunner().invoke(cli, words)
    assert json.loads((tmp_path / "out" / "a" / "results.json").read_text())["endpoint"]["label"] == "version=7"


def test_repeats_are_paid_from_the_budget_of_the_run(
    server: ReferenceServer, recovers: Callable[[int], None], tmp_path: Path
) -> None:
    run(server, tmp_path / "first")
    used = json.loads((tmp_path / "first" / "results.json").read_text())["summary"]["requests"]
    recovers(1)
    done = run(server, tmp_path / "out", "--confirm", "2", "--max-requests", str(used))
    assert done.exit_code == 1, done.output
    assert "could not be confirmed: the run has spent its budget" in done.stderr


def test_a_budget_that_gives_out_while_confirming_leaves_the_failures(server: ReferenceServer, tmp_path: Path) -> None:
    run(server, tmp_path / "first")
    used = json.loads((tmp_path / "first" / "results.json").read_text())["summary"]["requests"]
    done = run(server, tmp_path / "out", "--confirm", "3", "--max-requests", str(used + 1))
    assert done.exit_code == 1, done.output
    assert "could not be confirmed" in done.stderr
    assert "Traceback" not in done.stderr
