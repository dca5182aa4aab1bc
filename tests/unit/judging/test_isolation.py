"""Processes that judge have no key in their environment and import nothing from the working directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT
from plugin_samples import CountingServer, bare_pytest, write_recording

from conformance.judging.isolation import credential_variables, isolate_children


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording(tmp_path_factory.mktemp("recorded") / "recording.jsonl")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_API_KEY", "anything"),
        ("MY_KEY", "x"),
        ("GITHUB_TOKEN", "x"),
        ("DB_PASSWORD", "x"),
        ("STAGING", "sk-proj-abcdefghijkl0123"),
        ("NAMED", "short"),
    ],
)
def test_a_key_is_known_by_its_variable_or_by_its_looks(name: str, value: str) -> None:
    assert credential_variables({name: value}, {"NAMED"}) == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATH", "/usr/lib/python3.11/bin:/opt/v1.2.3/bin"),
        ("PYTHONPATH", "lib/python3.11:lib/site-packages1234"),
        ("HOME", "/var/lib/somebody-1234567890"),
        ("LANG", "C.UTF-8"),
        ("KEYBOARD", "de"),
    ],
)
def test_what_a_process_needs_stays(name: str, value: str) -> None:
    assert credential_variables({name: value}) == []


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    before = dict(os.environ)
    with isolate_children():
        assert "SOME_API_KEY" not in os.environ
        assert os.environ["PYTHONSAFEPATH"] == "1"
    assert dict(os.environ) == before


def test_a_folder_runs_no_code_in_the_processes_that_judge(recorded: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in ("execnet", "xdist", "multiprocessing", "pytest_html", "json"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\n", encoding="utf-8")
    command = [sys.executable, "-P", "-m", "conformance", "judge", str(recorded), "--jobs", "2", "--out", "judged"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "sk-not-for-judges-0123456789"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in {0, 1, 4}, done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_suite_sees_no_key(recorded: Path, tmp_path: Path) -> None:
    suite = tmp_path / "own" / "zoo"
    suite.mkdir(parents=True)
    (suite / "requirements.yaml").write_text(
        "- {id: zoo.key, level: MUST, basis: openai-spec, statement: No key is at hand., source: {title: x}}\n"
    )
    (suite / "test_zoo.py").write_text(
        "import os\n"
        "from conformance.checks.check import check\n"
        "from conformance.checks.expectations import expect\n\n\n"
        '@check("zoo.key")\n'
        "def test_no_key(completion):\n"
        '    expect([name for name in os.environ if name.endswith("_API_KEY")]).equals([])\n'
    )
    command = [sys.executable, "-P", "-m", "conformance", "judge", str(recorded), "--suites", str(suite.parent)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "sk-not-for-judges-0123456789"}
    for more in ([], ["--jobs", "2"]):
        out = ["--select", "zoo", "--out", str(tmp_path / f"out{len(more)}")]
        ran = [*command, *more, *out]
        done = subprocess.run(ran, env=env, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


ROW = """\
- id: house.keyless
  level: MUST
  basis: client-observed
  statement: Whoever judges has no key.
  source: {title: Our own rule}
"""
CHECK = """\
import os

from conformance.api.chat.reply import Reply
from conformance.checks.check import check
from conformance.checks.expectations import expect


@check("house.keyless")
def test_no_key_stands_in_the_environment(reply: Reply) -> None:
    expect(sorted({"HOUSE_DOOR", "OTHER_API_KEY"} & set(os.environ))).equals([])
"""


@pytest.mark.parametrize("spread", [(), ("-n2",)], ids=["alone", "workers"])
def test_plain_pytest_captures_with_the_key_and_judges_without_it(spread: tuple[str, ...], tmp_path: Path) -> None:
    area = tmp_path / "mine" / "house"
    area.mkdir(parents=True)
    (area / "requirements.yaml").write_text(ROW)
    (area / "test_house.py").write_text(CHECK)
    (tmp_path / "mine" / "pytest.ini").write_text("[pytest]\n")
    with CountingServer() as server:
        ran = bare_pytest(
            tmp_path / "mine",
            f"--conformance-suites={tmp_path / 'mine'}",
            f"--conformance-url={server.base_url}",
            "--conformance-model=reference-chat",
            "--conformance-api-key-env=HOUSE_DOOR",
            *spread,
            cwd=tmp_path,
            HOUSE_DOOR=server.api_key,
            OTHER_API_KEY="sk-other-0123456789abcdef",
        )
    assert ran.code == 0, ran.out + ran.err
    assert "1 passed" in ran.out
