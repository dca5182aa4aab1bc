"""Finding recordings in files and folders; what a file is follows from what it holds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.errors import UserError
from conformance.inputs.regular_files import read_regular
from conformance.model import Recording
from conformance.recording.foreign.vcr import from_cassette, is_cassette
from conformance.recording.reader import read_recording
from conformance.wire.json_bounds import holds_more_values

SUFFIXES = frozenset({".jsonl", ".yaml", ".yml", ".har", ".json"})
"""The names that are looked at in a folder; a file that is named itself may have any."""

MAX_FILE = 48 * 1024 * 1024
"""Bytes of a file that must be read whole: JSON and YAML."""

MAX_VALUES = 1_000_000
"""Brackets and commas of a file of JSON: what its values take in memory goes by them."""

_HINT = "Judge a recording.jsonl that `conformance capture` wrote, a VCR cassette or a HAR file."
_NATIVE = re.compile(rb'\s*\{\s*"type"\s*:\s*"header"')
_ANYWHERE = re.compile(rb'"type"\s*:\s*"header"')  # another writer may order the members otherwise
_WIDEST = re.compile(rb"[\xf0-\xf4]")
_CASSETTE = re.compile(rb"^interactions:", re.MULTILINE)
_NAMED = 3  # files that a note names before it counts


class _NoRecording(Exception):
    """A file is whole and none of ours; in words, what it is."""


def read_recordings(paths: Sequence[Path]) -> Iterator[Recording]:
    """The recordings in files and folders, in the order of their names; a folder is read with all that it holds.

    Files in a folder that are no recordings are left out, and a note on the folder's last recording says so.

    Raises:
        UserError: A file cannot be read, is damaged, or was named and is no recording; a folder holds no recording.
    """
    for path in paths:
        if path.is_dir():
            yield from _folder(path)
        else:
            yield _named(path)


def _named(path: Path) -> Recording:
    try:
        return _read(path)
    except _NoRecording as why:
        raise UserError(f"{path} is no recording: {why}.", _HINT) from None


def _folder(folder: Path) -> Iterator[Recording]:
    held: Recording | None = None
    skipped: list[str] = []
    for path in _files(folder):
        try:
            if path.suffix.lower() not in SUFFIXES or not path.is_file():
                raise _NoRecording("its name, or no regular file")  # noqa: TRY301 - the same way out as a look inside
            recording = _read(path)
        except _NoRecording:
            skipped.append(str(path.relative_to(folder)))
            continue
        if held is not None:
            yield held
        held = recording
    if held is None:
        raise UserError(f"{folder} holds no recording.", _HINT)
    note = _skipped_note(folder, skipped)
    yield replace(held, notes=(*held.notes, *note))


def _skipped_note(folder: Path, skipped: Sequence[str]) -> tuple[str, ...]:
    if not skipped:
        return ()
    names = ", ".join(skipped[:_NAMED]) + (", …" if len(skipped) > _NAMED else "")
    return (f"{folder.name}: left out as no recordings: {len(skipped)} ({names}).",)


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, sorted; hidden ones and links to folders are not followed."""
    for root, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith("."))


def _unreadable(error: OSError) -> None:
    raise UserError(f"{error.filename} cannot be read: {error.strerror}.", "Check the path and your rights to it.")


def _read(path: Path) -> Recording:
    start = _start(path)
    named = path.suffix.lower() == ".jsonl"
    if _NATIVE.match(start) or (named and _ANYWHERE.search(start)):
        return read_recording(path)
    if named:
        raise _NoRecording("its first line is no header" if start.strip() else "it is empty")
    data = _whole(path)
    if not data.strip():
        raise _NoRecording("it is empty")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return _from_json(path, data)
    return _from_yaml(path, data)


def _from_json(path: Path, data: bytes) -> Recording:
    from conformance.recording.foreign.har import from_har, is_har

    har = path.suffix.lower() == ".har"
    if _too_wide(data):
        raise _too_large(path)
    if holds_more_values(data, MAX_VALUES):
        raise _damaged(path, f"it holds more than {MAX_VALUES} brackets and commas")
    try:
        document: Any = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if har:
            raise _damaged(path, "it is not JSON") from None
        if path.suffix.lower() in {".yaml", ".yml"}:
            return _from_yaml(path, data)
        raise _NoRecording("it is not JSON") from error
    if is_har(document):
        return from_har(document, path)
    if is_cassette(document):
        return from_cassette(document, path)
    if har:
        raise _damaged(path, "it has no `log.entries`, so it is not HAR")
    raise _NoRecording("its JSON is neither HAR nor a cassette")


def _from_yaml(path: Path, data: bytes) -> Recording:
    from conformance.inputs.yaml_values import RECORDED, YamlError, load

    try:
        document = load(data, RECORDED)
    except YamlError as error:
        if _CASSETTE.search(data):
            raise _damaged(path, str(error)) from None
        raise _NoRecording(str(error)) from None
    if not is_cassette(document):
        raise _NoRecording("its YAML is not a cassette: it has no `interactions`")
    return from_cassette(document, path)


def _too_wide(data: bytes) -> bool:
    """Whether a text takes more memory than there is: Python keeps it in the width of its widest character."""
    width = 1 if data.isascii() else 4 if _WIDEST.search(data) else 2
    return len(data) * (1 + 2 * width) > 3 * MAX_FILE  # the bytes, the text, and the strings in it


def _damaged(path: Path, why: str, hint: str = "Export the file again, or leave it out.") -> UserError:
    return UserError(f"{path} cannot be judged: {why}.", hint)


def _too_large(path: Path) -> UserError:
    words = f"it is larger than {MAX_FILE} bytes, or than fewer with characters that take more room"
    return _damaged(path, words, "Keep the requests of the API alone, or split it.")


def _start(path: Path) -> bytes:
    """The beginning of the first line that is not blank."""
    return _bytes(path, 65536).removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]


def _whole(path: Path) -> bytes:
    data = _bytes(path, MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise _too_large(path)
    return data


def _bytes(path: Path, limit: int) -> bytes:
    return read_regular(path, limit)[:limit]
