"""Running the command line in tests: in this process, or in one of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result
from plugin_samples import clean_environment

from conformance.commands.app import cli

MODEL = ("--model", "reference-chat")
KEY = ("--api-key-env", "REFERENCE_KEY")
BUNDLE = {"recording.jsonl", "results.json", "index.html", "tests.html", "junit.xml", "summary.md", "badge.json"}
SECRET = "sk-proj-0123456789abcdefghij"
NOWHERE = "http://127.0.0.1:9/v1"


def invoke(*words: object) -> Result:
    """Run a command in this process; a traceback fails the test."""
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert "Traceback" not in done.output
    return done


def told(done: Result) -> tuple[str, str]:
    """What went wrong and what to do: the last two lines on standard error."""
    found = re.search(r"^error: (.+)\n hint: (.+)\Z", done.stderr.strip(), re.MULTILINE | re.DOTALL)
    assert found, done.stderr
    return found[1], found[2]


def command(*words: object, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "conformance", *map(str, words)],
        cwd=cwd,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
