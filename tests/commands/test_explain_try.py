"""`explain ID` and `try SCENARIO`: the loop of someone who is mending a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from report_samples import HOSTILE, requirement

from conformance.commands.app import cli
from conformance.commands.try_ import _code, _Live, _show
from conformance.errors import ExitCode
from conformance.inputs.endpoint import endpoint_from_url
from conformance.model import CheckResult, Exchange, Finding, Level, Location, Outcome, Read, Request, Verdict
from conformance.recording import Secrets
from conformance.reference.server.serving import ReferenceServer


@pytest.fixture(scope="module")
def server() -> Iterator[ReferenceServer]:
    with ReferenceServer() as running:
        yield running


def invoke(*words: str, key: str = "") -> Result:
    done = CliRunner().invoke(cli, list(words), env={"REFERENCE_KEY": key, "OPENAI_API_KEY": ""})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done


def tried(server: ReferenceServer, scenario: str, *more: str) -> Result:
    target = (server.base_url, "--api-key-env", "REFERENCE_KEY", "-m", "reference-chat")
    done = invoke("try", scenario, *target, *more, key=server.api_key)
    assert server.api_key not in done.output
    return done


# --- explain ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (
            "error.bad_json",
            ["judged by: test_", "shown by: ", "run only it: conformance run URL --select error.bad_json"],
        ),
        (
            "chat.finish_reason",
            ["why: ", "breaks: ", "mend: ", "judged by: a constraint in the schema", "fire it: conformance try chat."],
        ),
        ("deepseek.balance", ["a promise of deepseek", "--select deepseek.balance --profile deepseek"]),
    ],
    ids=["check", "schema", "promise"],
)
def test_explain_says_what_why_who_breaks_and_how_to_run_it(identity: str, told: list[str]) -> None:
    done = invoke("explain", identity)
    assert done.exit_code == 0
    assert [words for words in (identity, "source: ", *told) if words not in done.stdout] == []
    assert max(map(len, done.stdout.splitlines())) < 200


def test_explain_says_why_a_row_is_not_judged_and_offers_no_way_to_run_it() -> None:
    done = invoke("explain", "chat.sdk")
    assert done.exit_code == 0
    assert "excluded: " in done.stdout
    assert "known and not judged" in done.stdout
    assert "run only it" not in done.stdout


def test_explain_of_an_unknown_id_says_what_was_likely_meant() -> None:
    done = invoke("explain", "chat.finish_reson")
    assert done.exit_code == 2
    assert "did you mean `chat.finish_reason`?" in done.stderr


# --- try --------------------------------------------------------------------------------------------------------------


def test_try_shows_request_answer_and_what_every_check_says(server: ReferenceServer) -> None:
    done = tried(server, "chat.basic")
    assert done.exit_code == 0, done.output
    assert "> POST http://127.0.0.1" in done.stdout
    assert '< "object": "chat.completion"' in done.stdout.replace("  ", "")
    assert "pass  MUST   chat.finish_reason" in done.stdout
    assert "FAIL" not in done.stdout


def test_try_shows_the_events_of_a_stream_as_they_arrive(server: ReferenceServer) -> None:
    done = tried(server, "stream.basic")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    events = [number for number, line in enumerate(lines) if " ms  {" in line or line.endswith(" ms  [DONE]")]
    status = next(number for number, line in enumerate(lines) if line.startswith("< HTTP 200"))
    assert len(events) > 2
    assert events[-1] < status, "the events come before the end is told"


def test_try_drives_a_scenario_that_reacts(server: ReferenceServer) -> None:
    done = tried(server, "tools.roundtrip")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("> POST ") >= 2
    assert '"role": "tool"' in done.stdout


@pytest.mark.parametrize(
    ("scenario", "fault", "failed"),
    [
        ("chat.basic", "finish-reason-end-turn", "FAIL  MUST   chat.finish_reason"),
        ("stream.basic", "finish-chunk-missing-terminal", "FAIL  MUST   stream."),
    ],
    ids=["json", "stream"],
)
def test_try_shows_what_fails_last_and_ends_with_1(scenario: str, fault: str, failed: str) -> None:
    with ReferenceServer(faults=(fault,)) as bent:
        done = tried(bent, scenario)
    assert done.exit_code == 1, done.output
    assert failed in done.stdout
    assert ": expected " in done.stdout.splitlines()[-1]


def test_try_without_a_model_takes_the_first_that_is_listed(server: ReferenceServer) -> None:
    done = invoke("try", "chat.basic", server.base_url, "--api-key-env", "REFERENCE_KEY", key=server.api_key)
    assert done.exit_code == 0, done.output
    assert '"model": "reference-' in done.stdout


def test_try_of_an_unknown_scenario_says_what_was_likely_meant(server: ReferenceServer) -> None:
    done = tried(server, "chat.basik")
    assert done.exit_code == 2
    assert "did you mean `chat.basic`?" in done.stderr


def test_try_at_nobody_is_unreachable() -> None:
    done = invoke("try", "chat.basic", "http://127.0.0.1:9/v1", "-m", "m")
    assert done.exit_code == 4
    assert "no answer, refused" in done.stdout


def test_what_an_endpoint_says_is_never_printed_raw(capsys: pytest.CaptureFixture[str]) -> None:
    key = "sk-proj-0123456789abcdefghij"
    live = _Live(Secrets((key,)))
    request = Request(path="/chat/completions", body=b"{}")
    live.sending(request, f"https://h/{HOSTILE}")
    live.reading(0.1, f"data: {key} {HOSTILE}\n\n".encode("utf-8", "surrogatepass"))
    answer = Exchange(
        "1", request, "https://h/v1", status=200, reason=f"{HOSTILE} {key}", detail=f"\x9b {key}",
        response_headers=((HOSTILE, f"{HOSTILE} {key}"),), outcome=Outcome.CUT_SHORT,
    )  # fmt: skip
    live.answered(answer)
    live.sending(request, "https://h/v1")
    live.answered(
        Exchange("2", request, "u", status=500, raw=(Read(0.1, b'{"a": "\\ud800\\u001b' + key.encode() + b'"}'),))
    )
    finding = Finding(HOSTILE, HOSTILE, Location.part(HOSTILE))
    _show(requirement("a.b"), CheckResult("a.b", "m", Verdict.FAIL, findings=(finding,), crash=HOSTILE))
    said = capsys.readouterr().out
    assert key not in said
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\ud800"} & set(said)
    said.encode()


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], ExitCode.UNREACHABLE),
        ([(Level.SHOULD, Verdict.FAIL), (Level.MUST, Verdict.PASS)], ExitCode.CONFORMANT),
        ([(Level.MUST, Verdict.FAIL)], ExitCode.FAILED),
        ([(Level.MUST, Verdict.FAIL), (Level.MAY, Verdict.ERROR)], ExitCode.HARNESS),
    ],
    ids=["nothing judged", "a should", "a must", "a crash"],
)
def test_try_ends_as_a_run_would(verdicts: list[tuple[Level, Verdict]], code: ExitCode) -> None:
    assert _code([(requirement("a.b", level), CheckResult("a.b", "m", verdict)) for level, verdict in verdicts]) == code


def test_try_takes_suites_of_ones_own(server: ReferenceServer, tmp_path: Path) -> None:
    area = tmp_path / "suites" / "mine"
    area.mkdir(parents=True)
    (area / "scenarios.yaml").write_text(
        "- name: mine.hello\n  purpose: A greeting.\n  request:\n"
        "    json: {model: $model, messages: [{role: user, content: Hi.}]}\n"
    )
    done = tried(server, "mine.hello", "--suites", str(tmp_path / "suites"))
    assert done.exit_code == 0, done.output
    assert endpoint_from_url(server.base_url).base_url in done.stdout
