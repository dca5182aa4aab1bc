"""A bundle is replaced whole: whenever the writer is killed, nothing of the old one lies beside the new one."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.errors import ExitCode, UserError
from conformance.store import atomic
from conformance.store.atomic import replace_files

NAMES = ("results.json", "index.html", "junit.xml")
KILLED = """
import os, signal, sys
from pathlib import Path
from conformance.store.atomic import replace_files

folder, left = Path(sys.argv[1]), int(sys.argv[2])

def counted(real):
    def call(*given, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)
    return call

os.open, Path.unlink, Path.replace = counted(os.open), counted(Path.unlink), counted(Path.replace)
replace_files(folder, dict.fromkeys(("results.json", "index.html", "junit.xml"), "new"), old=["tests.html"])
"""


def _old_bundle(folder: Path) -> None:
    for name in (*NAMES, "tests.html"):
        (folder / name).write_text("old")


@pytest.mark.parametrize("calls", range(0, 20, 2))
def test_a_kill_leaves_no_old_page_beside_a_new_one(calls: int, tmp_path: Path) -> None:
    _old_bundle(tmp_path)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(calls)], check=False, timeout=60)
    assert ended.returncode in {0, -signal.SIGKILL}
    found = {path.read_text() for path in tmp_path.iterdir() if path.is_file() and not path.name.startswith(".")}
    assert len(found) <= 1
    if ended.returncode == 0:
        assert found == {"new"}


def test_the_old_bundle_stays_where_the_new_one_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _old_bundle(tmp_path)
    real = atomic._write_new

    def full(path: Path, content: str) -> None:
        if "junit" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, content)

    monkeypatch.setattr(atomic, "_write_new", full)
    with pytest.raises(UserError, match="No space left") as caught:
        replace_files(tmp_path, dict.fromkeys(NAMES, "new"))
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert {path.read_text() for path in tmp_path.iterdir() if path.is_file()} == {"old"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.ENOSPC, ExitCode.UNREACHABLE),
        (errno.EDQUOT, ExitCode.UNREACHABLE),
        (errno.EIO, ExitCode.UNREACHABLE),
        (errno.EACCES, ExitCode.USAGE),
        (errno.ENOTDIR, ExitCode.USAGE),
        (errno.EROFS, ExitCode.USAGE),
    ],
)
def test_a_full_disk_is_no_bad_usage(
    code: int, expected: ExitCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, "told")

    monkeypatch.setattr(atomic, "_write_new", refuse)
    with pytest.raises(UserError, match="told") as caught:
        atomic.write_file(tmp_path / "badge.json", "{}")
    assert caught.value.exit_code is expected
