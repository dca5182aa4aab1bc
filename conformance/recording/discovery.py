"""Finding recordings in files and folders; what a file is follows from what it holds."""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.errors import UserError
from conformance.inputs.regular_files import read_regular
from conformance.model import Recording
from conformance.recording.reader import read_recording
from conformance.wire.compression import MAX_DECODED, gunzip
from conformance.wire.json_bounds import holds_more_values

SUFFIXES = frozenset({".jsonl", ".yaml", ".yml", ".har", ".json", ".gz", ".httprr"})
"""The names that are looked at in a folder; a file that is named itself may have any."""

MAX_FILE = 48 * 1024 * 1024
"""Bytes of a file that must be read whole: JSON and YAML."""

MAX_VALUES = 1_000_000
"""Brackets and commas of a file of JSON: what its values take in memory goes by them."""

_HINT = "Judge a recording.jsonl that `conformance capture` wrote, or a cassette, HAR file or trace of another tool."
_NATIVE = re.compile(rb'\s*\{\s*"type"\s*:\s*"header"')
_ANYWHERE = re.compile(rb'"type"\s*:\s*"header"')  # another writer may order the members otherwise
_WIDEST = re.compile(rb"[\xf0-\xf4]")
_CASSETTE = re.compile(rb"^(http_)?interactions:", re.MULTILINE)
_GZIP, _GZIP_IN_BASE64 = b"\x1f\x8b", b"H4sI"
_NAMED = 3  # files that a note names before it counts


class _NoRecording(Exception):
    """A file is whole and none of ours; in words, what it is."""


def read_recordings(paths: Sequence[Path]) -> Iterator[Recording]:
    """The recordings in files and folders, in the order of their names; a folder is read with all that it holds.

    Each recording, and each exchange's source, is named by its path below what was given. Files in a folder that are no
    recordings are left out, and a note on the folder's last recording says so.

    Raises:
        UserError: A file cannot be read, is damaged, or was named and is no recording; a folder holds no recording.
    """
    base = _common_folder(paths)
    for path in paths:
        if path.is_dir():
            yield from _folder(path, base)
        else:
            yield _placed(_named(path), path, base)


def _common_folder(paths: Sequence[Path]) -> Path | None:
    """The folder below which everything lies that was given; None where only the root of the machine is one."""
    places = [path.absolute() for path in paths]
    if len(places) == 1:
        return places[0] if places[0].is_dir() else places[0].parent
    try:
        common = Path(os.path.commonpath([place.parent for place in places]))
    except ValueError:  # on two drives, or nothing was given
        return None
    return common if common != Path(common.anchor) else None


def _placed(recording: Recording, path: Path, base: Path | None) -> Recording:
    """The recording, and what it holds, named by its path below the common folder."""
    place = path.absolute()
    name = place.relative_to(base).as_posix() if base and place.is_relative_to(base) else path.name
    if name == path.name:
        return replace(recording, name=name)
    folder = name.removesuffix(path.name)
    exchanges = (replace(one, source=folder + one.source) for one in recording.exchanges)
    left_out = (replace(one, source=folder + one.source) for one in recording.left_out)
    return replace(recording, name=name, exchanges=tuple(exchanges), left_out=tuple(left_out))


def _named(path: Path) -> Recording:
    try:
        return _read(path)
    except _NoRecording as why:
        raise UserError(f"{path} is no recording: {why}.", _HINT) from None


def _folder(folder: Path, base: Path | None) -> Iterator[Recording]:
    held: Recording | None = None
    skipped: list[str] = []
    for path in _files(folder):
        try:
            if path.suffix.lower() not in SUFFIXES or not path.is_file():
                raise _NoRecording("its name, or no regular file")  # noqa: TRY301 - the same way out as a look inside
            recording = _placed(_read(path), path, base)
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
    data = _unpack(path, _whole(path))
    if not data.strip():
        raise _NoRecording("it is empty")
    return _foreign(path, data)


def _unpack(path: Path, data: bytes) -> bytes:
    """What a gzip file holds, or one in base64; other data as they are."""
    if data[:4] == _GZIP_IN_BASE64:
        try:
            data = b64decode(b"".join(data.split()), validate=True)
        except ValueError:
            raise _NoRecording("it is neither text nor gzip in base64") from None
    if data[:2] != _GZIP:
        return data
    plain = gunzip(data)
    if plain is None:
        raise _NoRecording(f"it is a damaged gzip file, or unpacks to more than {MAX_DECODED} bytes")
    if _NATIVE.match(plain[:65536]):
        raise _damaged(path, "it is a packed recording.jsonl", "Unpack it: gunzip FILE.")
    return plain


def _foreign(path: Path, data: bytes) -> Recording:
    """What another tool recorded, by the table of forms."""
    from conformance.recording.foreign.form import read_form
    from conformance.recording.foreign.forms import FORMS

    raw = next((form for form in FORMS if form.raw and form.holds(data)), None)
    if raw is not None:
        return read_form(raw, data, path)
    in_json = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")
    document = _from_json(path, data) if in_json else _from_yaml(path, data)
    form = next((form for form in FORMS if not form.raw and form.holds(document)), None)
    if form is not None:
        return read_form(form, document, path)
    if _is_har(path):
        raise _damaged(path, "it has no `log.entries`, so it is not HAR")
    if in_json:
        raise _NoRecording("its JSON is neither HAR nor a cassette")
    raise _NoRecording("its YAML is not a cassette: it has neither `interactions` nor `http_interactions`")


def _from_json(path: Path, data: bytes) -> Any:
    if _too_wide(data):
        raise _too_large(path)
    if holds_more_values(data, MAX_VALUES):
        raise _damaged(path, f"it holds more than {MAX_VALUES} brackets and commas")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if _is_har(path):
            raise _damaged(path, "it is not JSON") from None
        if path.suffix.lower() in {".yaml", ".yml"}:
            return _from_yaml(path, data)
        raise _NoRecording("it is not JSON") from error


def _is_har(path: Path) -> bool:
    return path.name.lower().endswith((".har", ".har.gz"))


def _from_yaml(path: Path, data: bytes) -> Any:
    from conformance.inputs.yaml_values import RECORDED, YamlError, load

    try:
        return load(data, RECORDED)
    except YamlError as error:
        if _CASSETTE.search(data):
            raise _damaged(path, str(error)) from None
        raise _NoRecording(str(error)) from None


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
