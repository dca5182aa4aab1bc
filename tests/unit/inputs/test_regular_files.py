"""Whatever is named and no regular file is refused at once, in one sentence."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from conformance.errors import ExitCode, UserError
from conformance.inputs.config_file import load_config
from conformance.inputs.regular_files import open_regular, read_regular
from conformance.recording import read_recording, read_recordings
from conformance.store.results_file import read_results


@pytest.fixture(params=["pipe", "socket", "device", "folder", "link-to-pipe"])
def odd(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "odd.jsonl"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        monkeypatch.chdir(tmp_path)  # the name of a socket must be short
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to(tmp_path / "pipe")
    return path


def test_what_is_no_regular_file_is_refused(odd: Path) -> None:
    for reads in (open_regular, lambda path: read_regular(path, 10), read_recording, load_config):
        with pytest.raises(UserError, match=r"cannot be read: it is a .*, not a regular file") as caught:
            reads(odd)
        assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("name", ["r.jsonl", "r.har", "r.json", "r.yaml", "r"])
def test_a_pipe_that_is_named_is_refused(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match="a pipe"):
        list(read_recordings([tmp_path / name]))


def test_a_pipe_in_place_of_results_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "results.json")
    with pytest.raises(UserError, match="a pipe"):
        read_results(tmp_path)


def test_a_pipe_in_a_folder_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    (tmp_path / "b.yaml").write_text("interactions: []\n")
    (recording,) = read_recordings([tmp_path])
    assert any("left out as no recordings: 1 (a.jsonl)" in note for note in recording.notes)


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read_regular(tmp_path / "link", 3) == b"1234"
