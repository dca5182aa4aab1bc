"""pytest as the judge: a test for each thing that it promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from plugin_samples import (
    LEVELS,
    SUITES,
    TEXTS,
    CountingServer,
    Ran,
    bare_pytest,
    cassette,
    run_python,
    write_recording,
    write_suite,
)

from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.gate.gate import FailOn, Gate, KnownFailure, KnownFailures
from conformance.judging.runner import run_pytest
from conformance.judging.session import JudgingSession
from conformance.model import CheckResult, Scope, Verdict
from conformance.recording import read_recordings
from conformance.store.results_file import dump_verdict, load_verdict

KEY = "REFERENCE_KEY"
SMALL = SUITES / "errors"
"""An area, for what does not need them all."""

SAFE = re.compile(r"[a-z0-9._-]+")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("suites"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recorded") / "recording.jsonl")


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


def judged(recording: Path, zoo: Path, select: str = "zoo", **options: object) -> list[CheckResult]:
    session = JudgingSession(Suites([zoo]), recordings=[recording])
    return run_pytest(session, select=select, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def results(recording: Path, zoo: Path) -> list[CheckResult]:
    return judged(recording, zoo)


@pytest.fixture(scope="module")
def verdicts(results: list[CheckResult]) -> dict[tuple[str, str], CheckResult]:
    return {(one.requirement, one.model): one for one in results}


# --- what a check says, classified and folded -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requirement", "verdict", "reason"),
    [
        pytest.param("zoo.pass", Verdict.PASS, "", id="returns"),
        pytest.param("zoo.finding", Verdict.FAIL, "2 of 3 judged exchanges", id="finding"),
        pytest.param("zoo.assert", Verdict.FAIL, "2 of 3 judged exchanges", id="plain-assert"),
        pytest.param("zoo.should", Verdict.FAIL, "2 of 3 judged exchanges", id="should"),
        pytest.param("zoo.inconclusive", Verdict.INCONCLUSIVE, "the model did not play along", id="inconclusive"),
        pytest.param("zoo.inapplicable", Verdict.NOT_APPLICABLE, "nothing here is about it", id="not-applicable"),
        pytest.param("zoo.unrecorded", Verdict.NOT_RUN, "the recording does not hold reads", id="unrecorded"),
        pytest.param("zoo.blocked", Verdict.NOT_RUN, "blocked: the stream broke off (exchange 1)", id="blocked"),
        pytest.param("zoo.crash", Verdict.ERROR, "the check crashed", id="key-error"),
        pytest.param("zoo.crash-beside", Verdict.FAIL, "1 of 2 judged exchanges", id="finding-and-key-error"),
        pytest.param("zoo.offers", Verdict.PASS, "", id="context-only"),
    ],
)
def test_exceptions_are_classified_by_type(
    verdicts: dict[tuple[str, str], CheckResult], requirement: str, verdict: Verdict, reason: str
) -> None:
    result = verdicts[requirement, "m-1"]
    assert (result.verdict, result.reason) == (verdict, reason)


def test_the_body_runs_once_per_exchange_and_findings_name_theirs(
    verdicts: dict[tuple[str, str], CheckResult],
) -> None:
    result = verdicts["zoo.finding", "m-1"]
    assert (result.judged, result.exchanges) == (3, ("1", "2", "3"))
    assert [(f.exchange, f.expected, f.actual, f.at) for f in result.findings] == [
        ("2", '"one"', '"two"', "/choices/0/message/content"),
        ("3", '"one"', '"three"', "/choices/0/message/content"),
    ]


def test_a_plain_assert_is_a_finding_with_its_own_words(verdicts: dict[tuple[str, str], CheckResult]) -> None:
    finding = verdicts["zoo.assert", "m-1"].findings[0]
    assert finding.exchange == "2"
    assert finding.expected == "the assertion holds"
    assert "'two' == 'one'" in finding.actual


def test_a_crash_is_kept_beside_the_findings_of_the_same_check(verdicts: dict[tuple[str, str], CheckResult]) -> None:
    result = verdicts["zoo.crash-beside", "m-1"]
    assert [finding.exchange for finding in result.findings] == ["2"]
    assert "KeyError: 'three'" in result.crash


def test_the_other_model_is_judged_by_its_own_exchanges(verdicts: dict[tuple[str, str], CheckResult]) -> None:
    result = verdicts["zoo.finding", "m-2"]
    assert (result.verdict, result.judged, result.exchanges) == (Verdict.PASS, 1, ("4",))


def test_one_result_for_each_requirement_and_slot(results: list[CheckResult]) -> None:
    models = {(identity, model) for identity in LEVELS for model in TEXTS if identity != "zoo.endpoint"}
    assert sorted((one.requirement, one.model) for one in results) == sorted(models | {("zoo.endpoint", "")})
    assert {one.endpoint for one in results} == {"sample"}


def test_workers_bring_the_same_results(recording: Path, zoo: Path, results: list[CheckResult]) -> None:
    spread = judged(recording, zoo, jobs=2)
    assert sorted(map(repr, spread)) == sorted(map(repr, results))


def test_a_result_survives_the_way_through_a_report(results: list[CheckResult]) -> None:
    assert [load_verdict(dump_verdict(one)) for one in results] == results


# --- collection -------------------------------------------------------------------------------------------------------


def test_one_item_per_requirement_and_slot_in_the_safe_alphabet_and_nothing_is_sent(
    server: CountingServer, tmp_path: Path
) -> None:
    models = ["Vendor/Model:Free", "snow man ☃"]
    url = f"--conformance-url={server.base_url}"
    ran = bare_pytest(
        SUITES, url, *(f"--conformance-model={one}" for one in models), "--collect-only", "-q", cwd=tmp_path
    )
    assert ran.code == 0, ran.out + ran.err
    ids = [line.rpartition("[")[2].rstrip("]") for line in ran.out.splitlines() if line.endswith("]")]
    assert {one for one in ids if not SAFE.fullmatch(one)} == set()
    session = JudgingSession()
    session.suites.load_checks()
    scopes = [row.scope for row in session.suites.catalogue.judged("openai")]
    assert ids.count("vendor-model-free") == ids.count("snow-man") == scopes.count(Scope.MODEL)
    assert ids.count("endpoint") == scopes.count(Scope.ENDPOINT)
    assert server.requests == 0


@pytest.mark.parametrize(
    ("area", "words", "found"),
    [
        pytest.param("streaming", "stream.done", "test_events.py::test_done_is_sent[default]", id="check"),
        pytest.param("errors", "error.type", "requirements.yaml::error.type[endpoint]", id="schema-constraint"),
    ],
)
def test_a_keyword_finds_an_item_by_its_requirement(area: str, words: str, found: str, tmp_path: Path) -> None:
    ran = bare_pytest(SUITES / area, "-k", words, "--collect-only", "-q", cwd=tmp_path)
    items = [line.rpartition("/")[2] for line in ran.out.splitlines() if line.endswith("]")]
    assert found in items
    assert len(items) < 6, items


@pytest.mark.parametrize("spread", [(), ("-n2",)], ids=["alone", "workers"])
def test_a_keyword_that_matches_nothing_sends_nothing(
    server: CountingServer, spread: tuple[str, ...], tmp_path: Path
) -> None:
    before = server.requests
    url = f"--conformance-url={server.base_url}"
    words = ("--conformance-model=reference-chat", "-k", "nothing_is_called_so")
    ran = bare_pytest(SMALL, url, *words, *spread, cwd=tmp_path)
    assert (ran.code, server.requests) == (pytest.ExitCode.NO_TESTS_COLLECTED, before)


def test_foreign_recordings_collect_only_pairs_that_have_an_exchange(tmp_path: Path) -> None:
    plain = cassette(tmp_path / "plain.yaml", {"a.example": ("m-1", "m-2"), "b.example": ("m-1",)})
    stream = cassette(tmp_path / "stream.yaml", {"b.example": ("m-3",)}, stream=True)
    found = run_pytest(JudgingSession(recordings=[plain, stream]))
    pairs = {
        name: {(one.endpoint, one.model) for one in found if one.requirement == name}
        for name in ("chat.answered", "stream.granted", "tools.roundtrip", "models.unique")
    }
    plain_pairs = {("a.example", "m-1"), ("a.example", "m-2"), ("b.example", "m-1")}
    assert pairs == {
        "chat.answered": plain_pairs,
        "stream.granted": {("b.example", "m-3")},
        "tools.roundtrip": set(),
        "models.unique": set(),
    }


# --- outcomes ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(recording: Path, zoo: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("bare")
    known = folder / "known.yaml"
    entries = (("zoo.assert", "m-1"), ("zoo.pass", "m-2"))
    known.write_text(
        "".join(f"- {{requirement: {one}, model: {model}, reason: why, since: '1'}}\n" for one, model in entries)
    )
    options = ("--conformance-recording", recording, "--conformance-suites", zoo, "--conformance-known-failures", known)
    return bare_pytest(zoo, *options, "-v", "-rx", cwd=folder)


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        pytest.param("test_pass[m-1]", "PASSED", id="pass"),
        pytest.param("test_finding[m-1]", "FAILED", id="gated-fail"),
        pytest.param("test_should[m-1]", "XFAIL", id="ungated-fail"),
        pytest.param("test_assert[m-1]", "XFAIL", id="known-fail"),
        pytest.param("test_pass[m-2]", "FAILED", id="stale-known-failure"),
        pytest.param("test_inconclusive[m-1]", "SKIPPED", id="inconclusive"),
        pytest.param("test_inapplicable[m-1]", "SKIPPED", id="not-applicable"),
        pytest.param("test_unrecorded[m-1]", "SKIPPED", id="not-run"),
        pytest.param("test_crash[m-1]", "FAILED", id="crash"),
        pytest.param("test_endpoint[endpoint]", "PASSED", id="endpoint"),
    ],
)
def test_pytest_outcomes_follow_the_gate(told: Ran, test: str, outcome: str) -> None:
    seen = re.search(rf"::{re.escape(test)} (\w+)", told.out)
    assert seen is not None, told.out
    assert seen[1] == outcome


@pytest.mark.parametrize(
    "words",
    [
        "inconclusive: the model did not play along",
        "not_applicable: nothing here is about it",
        "not_run: the recording does not hold reads",
        'exchange 2, /choices/0/message/content: expected "one", got "two"',
        "this known failure passes now: remove it from",
        "known since 1: why",
        "the harness crashed",
    ],
)
def test_pytest_says_why(told: Ran, words: str) -> None:
    assert words in re.sub(r"\s+", " ", told.out)


def test_bare_pytest_keeps_its_own_exit_codes(told: Ran) -> None:
    assert told.code == pytest.ExitCode.TESTS_FAILED


def test_the_gate_of_the_command_line_reaches_workers(recording: Path, zoo: Path, tmp_path: Path) -> None:
    known = KnownFailures((KnownFailure("zoo.finding", "why", "1"),))
    session = JudgingSession(Suites([zoo]), recordings=[recording], gate=Gate(FailOn.MUST, known=known))
    page = tmp_path / "tests.html"
    run_pytest(session, select="zoo.finding", jobs=2, html=page)
    assert "1 Expected failures" in page.read_text()


# --- the whole job without the command line ---------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [(), ("-n2",)], ids=["alone", "workers"])
def test_bare_pytest_captures_once_and_judges(spread: tuple[str, ...], tmp_path: Path) -> None:
    with CountingServer() as server:
        ran = bare_pytest(
            SUITES,
            "--conformance-url",
            server.base_url,
            "--conformance-model=reference-chat",
            f"--conformance-api-key-env={KEY}",
            "--conformance-out",
            tmp_path / "out",
            "-q",
            *spread,
            cwd=tmp_path,
            **{KEY: server.api_key},
        )
        (kept,) = read_recordings([tmp_path / "out" / "recording.jsonl"])
    assert ran.code == 0, ran.out + ran.err
    assert int(re.findall(r"(\d+) passed", ran.out)[0]) >= 60
    assert kept.complete
    assert len(kept.exchanges) == server.requests > 10


def test_only_what_the_selected_items_need_is_captured(server: CountingServer, tmp_path: Path) -> None:
    before = server.requests
    ran = bare_pytest(
        SMALL,
        f"--conformance-url={server.base_url}",
        "--conformance-model=reference-chat",
        f"--conformance-api-key-env={KEY}",
        "-k",
        "error.bad_json",
        cwd=tmp_path,
        **{KEY: server.api_key},
    )
    assert ran.code == 0, ran.out
    assert 1 <= server.requests - before <= 5


@pytest.mark.parametrize("spread", [(), ("-n2",)], ids=["alone", "workers"])
def test_without_recording_and_url_it_is_a_usage_error(spread: tuple[str, ...], tmp_path: Path) -> None:
    ran = bare_pytest(SMALL, *spread, cwd=tmp_path)
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert "there is no recording to judge" in ran.out + ran.err
    assert "passed" not in ran.out
    assert "Traceback" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("option", "words"),
    [
        pytest.param("--conformance-recording=gone.jsonl", "gone.jsonl cannot be read", id="no-such-recording"),
        pytest.param("--conformance-profile=lmbase", "did you mean `llmbase`", id="unknown-profile"),
        pytest.param("--conformance-url=not a url", "that is not a URL", id="bad-url"),
        pytest.param("--conformance-known-failures=gone.yaml", "gone.yaml", id="no-such-list"),
        pytest.param("--conformance-url=", "the URL is empty", id="empty-url"),
        pytest.param("--conformance-url= ", "the URL is empty", id="blank-url"),
        pytest.param("--conformance-baseline=gone.json", "gone.json: there is no such file", id="no-baseline"),
        pytest.param("--conformance-timeout=0", "invalid positive_number value", id="no-time"),
    ],
)
def test_mistakes_are_told_once_and_without_a_traceback(option: str, words: str, tmp_path: Path) -> None:
    ran = bare_pytest(SMALL, "--conformance-url=http://127.0.0.1:9/v1", option, "--collect-only", cwd=tmp_path)
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert (ran.out + ran.err).count(words) == 1
    assert "Traceback" not in ran.out + ran.err


# --- isolation --------------------------------------------------------------------------------------------------------


def test_the_command_line_is_apart_from_the_users_own_pytest(recording: Path, zoo: Path, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\npython_functions = never\n")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--no-such-option'\n")
    (tmp_path / "conftest.py").write_text("raise SystemExit('the conftest of the user ran')\n")
    out = tmp_path / "out"
    ran = run_python(
        "-m",
        "conformance",
        "judge",
        recording,
        "--suites",
        zoo,
        "--select",
        "zoo.pass",
        "--out",
        out,
        cwd=tmp_path,
        PYTEST_ADDOPTS="--no-such-option -k nothing",
        PYTEST_PLUGINS="no_such_plugin",
    )
    assert ran.code == 0, ran.out + ran.err
    assert (out / "results.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["conftest.py", "out", "pyproject.toml", "pytest.ini"]


def test_a_suite_that_cannot_be_collected_is_a_mistake_of_the_user(recording: Path, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "suites")
    (suite / "zoo" / "test_zoo.py").write_text("import no_such_module\n")
    with pytest.raises(UserError, match="no_such_module"):
        run_pytest(JudgingSession(Suites([suite]), recordings=[recording]))


def test_nothing_selected_is_a_mistake_of_the_user(recording: Path, zoo: Path) -> None:
    with pytest.raises(UserError, match="nothing is left to judge"):
        judged(recording, zoo, "zoo.pass and zoo.finding")
