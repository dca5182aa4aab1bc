"""The command line: every command, every exit code, and what people are told of their mistakes."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import click
import pytest
from cli_runs import BUNDLE, KEY, MODEL, NOWHERE, SECRET, command, invoke, told
from click.testing import CliRunner
from plugin_samples import CountingServer, write_recording, write_suite

from conformance.commands.app import cli
from conformance.recording import read_recordings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: CountingServer) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFERENCE_KEY", server.api_key)
    monkeypatch.setenv("WRONG_KEY", SECRET)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("suites"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recorded") / "recording.jsonl")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run on the embedded reference provider."""
    out = tmp_path_factory.mktemp("run") / "out"
    done = CliRunner().invoke(cli, ["demo", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


# --- commands ---------------------------------------------------------------------------------------------------------


def test_run_writes_the_whole_bundle(bundle: Path) -> None:
    results = json.loads((bundle / "results.json").read_text())
    assert {path.name for path in bundle.iterdir()} >= BUNDLE
    assert results["endpoint"]["name"] == "reference"
    assert results["models"] == ["reference-chat"]


def test_run_ends_by_saying_where_the_report_is(server: CountingServer, tmp_path: Path) -> None:
    done = invoke("run", server.base_url, *MODEL, *KEY, "--select", "chat.object", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "CONFORMANT" in done.stdout
    assert "out/index.html" in done.stdout.replace("\n", "")


def test_run_without_out_makes_a_folder_of_its_own(server: CountingServer, tmp_path: Path) -> None:
    done = invoke("run", server.base_url, *MODEL, *KEY, "--select", "chat.object")
    assert done.exit_code == 0, done.output
    (made,) = (tmp_path / "reports").iterdir()
    assert (made / "index.html").is_file()


def test_plan_prints_scenarios_and_price_and_sends_nothing(server: CountingServer) -> None:
    before = server.requests
    done = invoke("plan", server.base_url, *MODEL)
    assert done.exit_code == 0
    assert "chat.basic" in done.stdout
    assert re.search(r"requests: \d+ to \d+; tokens: about \d+ to \d+", done.stdout)
    assert server.requests == before


def test_plan_with_probe_asks_for_the_models_only(server: CountingServer) -> None:
    before = server.requests
    done = invoke("plan", server.base_url, *KEY, "--probe")
    assert done.exit_code == 0, done.output
    assert "reference-" in done.stdout
    assert 1 <= server.requests - before <= 4


def test_a_selection_sends_only_what_it_needs(server: CountingServer, tmp_path: Path) -> None:
    done = invoke("capture", server.base_url, *MODEL, *KEY, "--select", "error.bad_json", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    (kept,) = read_recordings([tmp_path / "out" / "recording.jsonl"])
    assert {one.scenario for one in kept.exchanges if not one.scenario.startswith("probe.")} == {"error.bad_json"}


def test_capture_then_judge_is_the_same_as_run(server: CountingServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert invoke("capture", server.base_url, *MODEL, *KEY, "--quick", "--out", out).exit_code == 0
    assert [path.name for path in out.iterdir()] == ["recording.jsonl"]
    assert invoke("judge", out / "recording.jsonl", "--out", out).exit_code == 0
    assert {path.name for path in out.iterdir()} >= BUNDLE


def test_judge_gives_the_verdicts_of_the_run_again(bundle: Path, tmp_path: Path) -> None:
    assert invoke("judge", bundle / "recording.jsonl", "--out", tmp_path / "again").exit_code == 0
    first, again = (json.loads((folder / "results.json").read_text()) for folder in (bundle, tmp_path / "again"))
    assert first["requirements"] == again["requirements"]


def test_judge_spreads_over_processes(recording: Path, zoo: Path, tmp_path: Path) -> None:
    done = invoke("judge", recording, "--suites", zoo, "--select", "zoo.pass", "--out", tmp_path / "out", "-j", 2)
    assert done.exit_code == 0, done.output


def test_report_writes_the_pages_again(bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle, tmp_path / "copy")
    pages = [path for path in copy.iterdir() if path.name in BUNDLE - {"recording.jsonl", "results.json", "tests.html"}]
    before = {path.name: path.read_text() for path in pages}
    for path in pages:
        path.unlink()
    assert invoke("report", copy).exit_code == 0
    assert {path.name: path.read_text() for path in pages} == before


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("checks", r"^stream\.done +MUST +check +"),
        ("scenarios", r"^chat\.basic +\w+"),
        ("profiles", r"^llmbase +LLMBase"),
        ("capabilities", r"^tools +.*tried by offer\.tools"),
        ("faults", r"^stream-done-missing-eof +\w+"),
        ("dialects", r"^openai$"),
    ],
)
def test_list(what: str, line: str) -> None:
    done = invoke("list", what)
    assert done.exit_code == 0
    assert re.search(line, done.stdout, re.MULTILINE), done.stdout


def test_list_shows_the_users_own_suites(zoo: Path) -> None:
    assert "zoo.crash" in invoke("list", "checks", "--suites", zoo).stdout


@pytest.mark.parametrize(
    "command", [[], ["run"], ["demo"], ["plan"], ["capture"], ["judge"], ["report"], ["serve"], ["list"]]
)
def test_every_command_has_help(command: list[str]) -> None:
    done = invoke(*command, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "terminated"])
def test_serve_prints_its_url_at_once_and_ends_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with command("serve", "--fault", "stream-done-missing-eof", cwd=tmp_path) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        request = urllib.request.Request(
            f"{url}/models", headers={"Authorization": f"Bearer {CountingServer().api_key}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(["--select", "zoo.pass"], 0, id="conformant"),
        pytest.param(["--select", "zoo.pass, zoo.should"], 0, id="ungated-failure"),
        pytest.param(["--select", "zoo.finding", "--fail-on", "never"], 0, id="nothing-gated"),
        pytest.param(["--select", "zoo.finding"], 1, id="failed"),
        pytest.param(["--select", "zoo.pass, zoo.should", "--fail-on", "should"], 1, id="should-gated"),
        pytest.param(["--select", "zoo.pass, zoo.inconclusive", "--strict-inconclusive"], 1, id="strict"),
        pytest.param(["--select", "zoo.pass", "--known-failures", "known.yaml"], 1, id="stale"),
        pytest.param(["--select", "zoo.fail"], 2, id="usage"),
        pytest.param(["--select", "zoo.crash"], 3, id="crash"),
        pytest.param(["--select", "zoo.crash-beside"], 3, id="crash-beside-findings"),
        pytest.param(["--select", "zoo.should"], 4, id="no-must-judged"),
        pytest.param(["--select", "zoo.pass, zoo.blocked"], 4, id="must-blocked"),
    ],
)
def test_exit_codes(options: list[str], code: int, recording: Path, zoo: Path, tmp_path: Path) -> None:
    Path("known.yaml").write_text("- {requirement: zoo.pass, reason: was broken, since: '1'}\n")
    done = invoke("judge", recording, "--suites", zoo, *options, "--out", tmp_path / "out")
    assert done.exit_code == code, done.output


def test_a_known_failure_meets_the_gate(recording: Path, zoo: Path, tmp_path: Path) -> None:
    Path("known.yaml").write_text("- {requirement: zoo.finding, model: m-1, reason: we know, since: '1'}\n")
    options = ("--suites", zoo, "--select", "zoo.finding, zoo.pass", "--known-failures", "known.yaml")
    assert invoke("judge", recording, *options, "--out", tmp_path / "out").exit_code == 0


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_baseline_gates_regressions_only(jobs: str, recording: Path, zoo: Path, tmp_path: Path) -> None:
    options = ("--suites", zoo, "--select", "zoo.finding, zoo.pass", "--jobs", jobs)
    assert invoke("judge", recording, *options, "--out", tmp_path / "first").exit_code == 1
    assert "zoo.finding" in (tmp_path / "first" / "tests.html").read_text()
    again = invoke("judge", recording, *options, "--out", tmp_path / "again", "--baseline", tmp_path / "first")
    assert again.exit_code == 0, again.output
    rows = json.loads((tmp_path / "again" / "results.json").read_text())["requirements"]
    assert {row["gate"] for row in rows if row["id"] == "zoo.finding"} == {"pass", "baseline"}
    blob = re.findall(r'data-jsonblob="([^"]*)"', (tmp_path / "again" / "tests.html").read_text())
    log = json.loads(unescape(blob[0]))
    said = {test["result"] for tests in log["tests"].values() for test in tests}
    assert said == {"Passed", "XFailed"}, "a worker that did not know of the baseline would say Failed"


def test_our_own_fault_is_no_failure_of_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr("conformance.commands.list_.list_things", broken)
    done = CliRunner().invoke(cli, ["list", "checks"])
    assert done.exit_code == 3
    assert "the harness itself failed: ValueError" in done.stderr


# --- several endpoints ------------------------------------------------------------------------------------------------


def config(*endpoints: str) -> Path:
    path = Path("conformance.yaml")
    path.write_text("endpoints:\n" + "".join(endpoints) + "out: bundles\n")
    return path


def entry(name: str, url: str) -> str:
    return f"  - {{name: {name}, url: '{url}', api_key_env: REFERENCE_KEY, models: [reference-chat]}}\n"


def test_each_endpoint_of_a_config_gets_its_bundle(server: CountingServer) -> None:
    with CountingServer(faults=["stream-done-missing"]) as faulty:
        path = config(entry("good", server.base_url), entry("bad", faulty.base_url))
        done = invoke("run", "--config", path, "--select", "stream.done")
    assert done.exit_code == 1, done.output
    verdicts = {}
    for name in ("good", "bad"):
        results = json.loads(Path("bundles", name, "results.json").read_text())
        assert results["endpoint"]["name"] == name
        assert {path.name for path in Path("bundles", name).iterdir()} >= BUNDLE
        verdicts[name] = [row["verdict"] for row in results["requirements"] if row["id"] == "stream.done"]
    assert verdicts == {"good": ["pass"], "bad": ["fail"]}


@pytest.mark.parametrize("command", ["run", "capture"])
def test_one_endpoint_that_is_gone_does_not_stop_the_others(command: str, server: CountingServer) -> None:
    path = config(entry("gone", NOWHERE), entry("good", server.base_url))
    done = invoke(command, "--config", path, "--select", "error.bad_json")
    assert done.exit_code == 4, done.output
    assert "refused the connection" in done.stderr
    assert Path("bundles", "good", "recording.jsonl").is_file()
    assert not Path("bundles", "gone").exists()


# --- nothing is lost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["run", NOWHERE], ["demo"], ["capture", NOWHERE], ["judge", "recording.jsonl"]],
    ids=lambda words: words[0],
)
def test_an_earlier_bundle_is_not_touched(words: list[str], recording: Path) -> None:
    shutil.copy(recording, "recording.jsonl")
    Path("out").mkdir()
    Path("out", "recording.jsonl").write_text("earlier")
    done = invoke(*words, "--out", "out")
    assert done.exit_code == 2
    assert told(done) == ("out holds an earlier bundle", "Give another --out, or --overwrite to replace it.")
    assert Path("out", "recording.jsonl").read_text() == "earlier"


def test_overwrite_replaces_an_earlier_bundle(server: CountingServer) -> None:
    Path("out").mkdir()
    for name in ("recording.jsonl", "badge.json", "notes.txt"):
        Path("out", name).write_text("earlier")
    options = (*MODEL, *KEY, "--select", "chat.object", "--out", "out", "--overwrite")
    assert invoke("run", server.base_url, *options).exit_code == 0
    left = [path.name for path in Path("out").iterdir() if path.read_bytes() == b"earlier"]
    assert left == ["notes.txt"]


def test_overwrite_keeps_the_earlier_bundle_where_nobody_answers() -> None:
    Path("out").mkdir()
    Path("out", "results.json").write_text("earlier")
    assert invoke("run", NOWHERE, *MODEL, "--out", "out", "--overwrite").exit_code == 4
    assert Path("out", "results.json").read_text() == "earlier"


def test_judge_never_deletes_what_it_judges(recording: Path, zoo: Path) -> None:
    Path("out").mkdir()
    shutil.copy(recording, Path("out", "recording.jsonl"))
    options = ("--suites", zoo, "--select", "zoo.pass", "--out", "out", "--overwrite")
    assert invoke("judge", "out", *options).exit_code == 0
    assert invoke("judge", "out/recording.jsonl", recording, *options).exit_code == 0
    assert Path("out", "recording.jsonl").read_bytes() == recording.read_bytes()


def test_a_recording_cut_in_the_middle_is_judged_only_on_demand(recording: Path, zoo: Path) -> None:
    whole = recording.read_bytes()
    Path("cut.jsonl").write_bytes(whole[: len(whole) * 2 // 3])
    options = ("--suites", zoo, "--select", "zoo.pass", "--out", "out")
    done = invoke("judge", "cut.jsonl", *options)
    assert done.exit_code == 4
    assert "cut.jsonl: the recording is incomplete" in told(done)[0]
    assert "--partial" in told(done)[1]
    done = invoke("judge", "cut.jsonl", *options, "--partial")
    assert done.exit_code == 4
    assert "INCOMPLETE" in done.stdout
    assert "was cut in the middle" in done.stdout
    assert json.loads(Path("out", "results.json").read_text())["run"]["complete"] is False


def wait_for_lines(path: Path, count: int) -> None:
    """Wait until a file holds so many lines."""
    deadline = time.monotonic() + 30
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, f"{path} does not grow"
        time.sleep(0.02)


@pytest.mark.parametrize("verb", ["capture", "run"])
def test_an_interrupted_capture_keeps_what_was_fetched(verb: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / "recording.jsonl"
    with (
        CountingServer(delay=0.3) as slow,
        command(verb, slow.base_url, *MODEL, *KEY, "--out", "out", cwd=tmp_path, REFERENCE_KEY=slow.api_key) as process,
    ):
        wait_for_lines(path, 4)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 4, err
    assert "error: Interrupted: the recording is incomplete." in err
    assert "conformance judge out/recording.jsonl --partial" in err
    assert "Traceback" not in out + err
    (kept,) = read_recordings([path])
    assert (kept.complete, len(kept.exchanges) >= 3) == (False, True)
    assert invoke("judge", path, "--out", "judged").exit_code == 4
    judged = invoke("judge", path, "--out", "judged", "--partial")
    assert (judged.exit_code, "INCOMPLETE" in judged.stdout) == (4, True)


def test_ctrl_c_elsewhere_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("conformance.commands.list_.list_things", interrupted)
    done = invoke("list", "checks")
    assert (done.exit_code, told(done)[0]) == (4, "Interrupted.")


def test_a_reader_that_goes_away_is_no_success(tmp_path: Path) -> None:
    with command("list", "checks", cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (3, "")


def test_the_version_is_told() -> None:
    assert re.match(r"conformance, version \d+\.\d+", invoke("--version").stdout)


def test_every_command_is_listed() -> None:
    assert isinstance(cli, click.Group)
    assert set(cli.commands) >= {"run", "demo", "plan", "capture", "judge", "report", "serve", "list"}
