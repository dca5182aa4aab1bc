"""Broken off and gone on with: what was fetched is kept, only the rest is sent, the whole judges as if unbroken."""

from __future__ import annotations

import json
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from plugin_samples import CountingServer, clean_environment

from conformance.commands.app import cli
from conformance.model import Recording
from conformance.recording import read_recording

SELECT = ("--select", "stream.done, stream.usage.*, tools.roundtrip, error.bad_json, chat.*")
MODEL = ("--model", "reference-chat", "--api-key-env", "REFERENCE_KEY")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: CountingServer) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFERENCE_KEY", server.api_key)


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer(delay=0.02) as server:
        yield server


@pytest.fixture(scope="module")
def unbroken(server: CountingServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run that nothing broke off."""
    out = tmp_path_factory.mktemp("unbroken") / "out"
    key = {"REFERENCE_KEY": server.api_key}
    done = CliRunner(env=key).invoke(cli, ["run", server.base_url, *MODEL, *SELECT, "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


class MortalServer(CountingServer):
    """A provider that is gone once it has been asked so often."""

    def __init__(self, after: int) -> None:
        super().__init__(delay=0.02)
        inner = self.app

        async def mortal(scope: Any, receive: Any, send: Any) -> None:
            if self.requests >= after and self._stop is not None:
                self._stop.set()
            await inner(scope, receive, send)

        self.app = mortal


def invoke(*words: object) -> Result:
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done


def target(server: CountingServer) -> tuple[str, ...]:
    return (server.base_url, *MODEL, *SELECT, "--out", "out")


def killed_at(lines: int, server: CountingServer, *words: str) -> None:
    """A capture that is killed as soon as its recording holds so many lines."""
    command = [sys.executable, "-m", "conformance", "capture", *target(server), *words]
    environment = clean_environment(REFERENCE_KEY=server.api_key)
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        path, deadline = Path("out", "recording.jsonl"), time.monotonic() + 60
        while process.poll() is None and not (path.exists() and path.read_bytes().count(b"\n") >= lines):
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)


def runs(recording: Recording) -> list[tuple[str, str, int, int]]:
    return sorted((one.scenario, one.model, one.sample, one.step) for one in recording.exchanges)


def verdicts(folder: Path) -> dict[tuple[str, str], str]:
    rows = json.loads((folder / "results.json").read_text())["requirements"]
    return {(row["id"], row["model"]): row["verdict"] for row in rows}


@pytest.mark.parametrize("lines", [1, 2, 5, 9, 14])
def test_a_killed_capture_is_gone_on_with(lines: int, server: CountingServer, unbroken: Path) -> None:
    killed_at(lines, server)
    path = Path("out", "recording.jsonl")
    before = read_recording(path)
    assert (before.complete, len(before.exchanges) >= lines - 1) == (False, True)
    server.settle()
    sent = server.requests
    done = invoke("run", *target(server), "--resume")
    assert done.exit_code == 0, done.output
    after, whole = read_recording(path), read_recording(unbroken / "recording.jsonl")
    assert after.footer is not None
    assert (after.footer.reason, after.footer.exchanges, after.notes) == ("complete", len(after.exchanges), ())
    assert after.header == before.header
    assert runs(after) == runs(whole)
    assert server.requests - sent == len(after.exchanges) - len(set(after.exchanges) & set(before.exchanges))
    assert verdicts(Path("out")) == verdicts(unbroken)


def test_a_run_cut_in_the_middle_is_sent_anew_whole(server: CountingServer, unbroken: Path) -> None:
    Path("out").mkdir()
    path = Path("out", "recording.jsonl")
    kept = [line for line in (unbroken / "recording.jsonl").read_text().splitlines() if '"type":"footer"' not in line]
    half = [line for line in kept if '"scenario":"tools.roundtrip"' in line and '"step":' in line]
    assert half
    path.write_text("\n".join(line for line in kept if line not in half) + "\n" + kept[-1][:50])
    done = invoke("capture", *target(server), "--resume")
    assert done.exit_code == 0, done.output
    whole = read_recording(unbroken / "recording.jsonl")
    assert runs(read_recording(path)) == runs(whole)
    anew = [one for one in read_recording(path).exchanges if one.scenario == "tools.roundtrip"]
    assert min(int(one.id) for one in anew) > max(int(one.id) for one in whole.exchanges)


def test_what_the_budget_left_is_sent_when_it_is_raised(server: CountingServer, unbroken: Path) -> None:
    assert invoke("capture", *target(server), "--max-requests", "6").exit_code == 4
    assert read_recording(Path("out", "recording.jsonl")).footer is not None
    assert invoke("run", *target(server), "--resume").exit_code == 0
    assert verdicts(Path("out")) == verdicts(unbroken)


def test_what_a_dead_endpoint_left_is_sent_when_it_is_back(unbroken: Path) -> None:
    with MortalServer(after=8) as mortal:
        first = invoke("capture", *target(mortal))
        port = int(mortal.base_url.split(":")[2].split("/")[0])
    before = read_recording(Path("out", "recording.jsonl"))
    assert first.exit_code == 4, first.output
    assert before.footer is not None
    assert before.footer.reason == "endpoint died"
    with CountingServer(delay=0.02, port=port) as back:
        done = invoke("run", *target(back), "--resume")
    assert done.exit_code == 0, done.output
    after, whole = read_recording(Path("out", "recording.jsonl")), read_recording(unbroken / "recording.jsonl")
    assert runs(after) == runs(whole)
    assert before.casualties
    assert not {one.id for one in before.casualties} & {one.id for one in after.exchanges}
    assert verdicts(Path("out")) == verdicts(unbroken)


def test_a_whole_recording_is_left_alone(server: CountingServer) -> None:
    words = (server.base_url, *MODEL, "--select", "chat.object", "--out", "out")
    assert invoke("capture", *words, "--resume").exit_code == 0  # nothing to go on with is no mistake
    before, sent = Path("out", "recording.jsonl").read_bytes(), server.requests
    assert invoke("run", *words, "--resume").exit_code == 0
    assert (Path("out", "recording.jsonl").read_bytes(), server.requests) == (before, sent)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--model", "reference-thinker"), "its models is `reference-chat`", id="model"),
        pytest.param(("--profile", "llmbase"), "its profile is `openai`", id="profile"),
        pytest.param(("--label", "x"), "its label is ``", id="label"),
        pytest.param(("--overwrite",), "--resume needs the --out of the earlier run", id="overwrite"),
    ],
)
def test_another_run_is_not_gone_on_with(words: tuple[str, ...], said: str, server: CountingServer) -> None:
    killed_at(3, server)
    before = Path("out", "recording.jsonl").read_bytes()
    done = invoke("capture", *target(server), "--resume", *words)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert Path("out", "recording.jsonl").read_bytes() == before


# --- disks and neighbours ---------------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_what_fitted_is_gone_on_with(server: CountingServer, unbroken: Path) -> None:
    size = (unbroken / "recording.jsonl").stat().st_size // 2

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-m", "conformance", "capture", *target(server)]
    environment = clean_environment(REFERENCE_KEY=server.api_key)
    done = subprocess.run(
        command, env=environment, preexec_fn=small_files, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "out/recording.jsonl cannot be written: File too large." in done.stderr) == (4, True)
    assert "Traceback" not in done.stderr
    assert not read_recording(Path("out", "recording.jsonl")).complete
    assert invoke("run", *target(server), "--resume").exit_code == 0
    assert verdicts(Path("out")) == verdicts(unbroken)


def test_an_out_that_cannot_be_made_is_told_before_anything_is_sent(server: CountingServer) -> None:
    Path("file").write_text("")
    sent = server.requests
    done = invoke("run", server.base_url, *MODEL, "--out", "file/out")
    assert (done.exit_code, "file/out cannot be made" in done.stderr) == (2, True), done.stderr
    assert server.requests == sent


@pytest.mark.parametrize("words", [(), ("--overwrite",), ("--resume",)], ids=["plain", "overwrite", "resume"])
def test_two_runs_into_one_folder_do_not_meet(words: tuple[str, ...]) -> None:
    with CountingServer(delay=0.2) as slow:
        environment = clean_environment(REFERENCE_KEY=slow.api_key)
        command = [sys.executable, "-m", "conformance", "capture", *target(slow)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as first:
            while not Path("out", "recording.jsonl").exists():
                assert first.poll() is None
                time.sleep(0.01)
            done = invoke("capture", *target(slow), *words)
            assert (done.exit_code, "Another run is writing to out." in done.stderr) == (2, True), done.stderr
        assert first.returncode == 0
    assert read_recording(Path("out", "recording.jsonl")).complete


def test_bundles_are_private(unbroken: Path) -> None:
    assert stat.S_IMODE(unbroken.stat().st_mode) == 0o700
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in unbroken.iterdir()} == {
        path.name: oct(0o600) for path in unbroken.iterdir()
    }


def test_no_draft_stays_behind(unbroken: Path) -> None:
    assert list(unbroken.glob(".*.part")) == []


def test_a_report_that_does_not_fit_is_told_and_leaves_no_half_file(server: CountingServer, unbroken: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [sys.executable, "-m", "conformance", "judge", str(unbroken / "recording.jsonl"), "--out", "judged"]
    done = subprocess.run(
        [*command, *SELECT], preexec_fn=small_files, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (4, False), done.stderr
    assert "The report cannot be written" in done.stderr
    assert list(Path("judged").glob(".*")) == []
