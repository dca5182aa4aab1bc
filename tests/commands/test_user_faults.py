"""Faults of the user's own suites: served, listed, and never mistaken for built-in ones."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from cli_runs import command

from conformance.reference.dialects import DIALECTS

FAULT = '''\
"""Ways of breaking the house's rules."""

from conformance.reference.faults import Seam, edits, fault

fault("{name}", "The object is a house.", Seam.BODY, on=("models",), stream=False)(
    edits.whole(lambda body: body.update(object="house"))
)
'''


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return write_faults(tmp_path / "mine", FAULT.format(name="house-object"))


def write_faults(folder: Path, text: str) -> Path:
    area = folder / "house"
    area.mkdir(parents=True)
    (area / "faults.py").write_text(text)
    return folder


def run(tmp_path: Path, *words: str | Path) -> tuple[int, str, str]:
    with command(*map(str, words), cwd=tmp_path) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def served_listing(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    request = urllib.request.Request(f"{url}/models", headers={"Authorization": f"Bearer {DIALECTS['openai'].key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer))


def test_serve_breaks_what_a_users_fault_breaks(suite: Path, tmp_path: Path) -> None:
    with command("serve", "--suites", str(suite), "--fault", "house-object", cwd=tmp_path) as process:
        listing = served_listing(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert listing["object"] == "house"


def test_list_shows_a_users_fault_with_its_suite_only(suite: Path, tmp_path: Path) -> None:
    _, with_suite, _ = run(tmp_path, "list", "faults", "--suites", suite)
    _, without, _ = run(tmp_path, "list", "faults")
    assert "house-object" in with_suite
    assert set(with_suite.splitlines()) - set(without.splitlines()) == {
        line for line in with_suite.splitlines() if line.startswith("house-object")
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FAULT.format(name="stream-done-missing-eof"), "there is a fault called 'stream-done-missing-eof' already"),
        ("import nothing_of_this_name\n", "faults.py:1: ModuleNotFoundError"),
    ],
    ids=["name taken", "broken file"],
)
def test_a_mistake_in_a_file_of_faults_is_a_sentence(text: str, words: str, tmp_path: Path) -> None:
    suite = write_faults(tmp_path / "wrong", text)
    code, _, err = run(tmp_path, "list", "faults", "--suites", suite)
    assert code == 2
    assert words in err
    assert "Traceback" not in err
