"""Native recordings: JSON lines, one header, one line per exchange as it finishes, one footer."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from conformance.errors import UserError
from conformance.model import Exchange, Facet, Footer, Header, Recording, Skipped
from conformance.recording import stored
from conformance.recording.lines import Line, decode, encode
from conformance.recording.masking import Secrets

MAX_LINE = 512 * 1024 * 1024
"""Bytes that one line may hold; more is no recording of ours."""

_CUT_HINT = "Every exchange before it is read; capture again for a complete recording."


class RecordingWriter:
    """Writes a recording: header at once, each exchange as it finishes, the footer at the end; threads may share it.

    The file is created with mode 0600. Everything is masked before it is written. Without `finish` the recording stays
    without a footer, which every reader takes for incomplete.

    With `keep` it goes on with the recording that is there: its header and the exchanges of these ids stay, byte by
    byte; its footer, other exchanges and a line that was cut go. The file is replaced at once or not at all.

    Raises:
        UserError: The file exists (and `overwrite` is false), or the disk refuses.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        secrets: Secrets,
        *,
        overwrite: bool = False,
        keep: frozenset[str] | None = None,
    ) -> None:
        self.path = path
        self.count = 0
        self._failed: UserError | None = None
        self._secrets = secrets
        self._lock = threading.Lock()
        self._fd: int | None = None
        try:
            if keep is None:
                self._fd = self._create(path, overwrite=overwrite)
                self._write(encode(self._masked_header(header)))
            else:
                self._go_on(keep)
        except BaseException:
            self.close()
            raise

    def append(self, exchange: Exchange) -> None:
        """Mask and write one finished exchange.

        Raises:
            UserError: The disk is full or has gone.
        """
        line = encode(self._secrets.mask_exchange(exchange))
        with self._lock:
            self._write(line)
            self.count += 1

    def finish(self, footer: Footer) -> None:
        """Write the footer, with the number of exchanges written, and force everything to the disk."""
        skipped = tuple(Skipped(row.scenario, row.model, self._secrets.mask_text(row.reason)) for row in footer.skipped)
        with self._lock:
            self._write(encode(replace(footer, exchanges=self.count, skipped=skipped)), sync=True)
        self.close()

    def close(self) -> None:
        """Close the file; a footer is not written."""
        with self._lock:
            descriptor, self._fd = self._fd, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _go_on(self, keep: frozenset[str]) -> None:
        lines = _kept_lines(self.path, keep)
        draft = self.path.with_name(f".{self.path.name}.part")
        self._fd = self._create(draft, overwrite=True)
        for data in lines:
            self._write(data, sync=data is lines[-1])
        try:
            draft.replace(self.path)
        except OSError as error:
            raise self._disk_error(error) from None
        self.count = len(lines) - 1

    def _create(self, path: Path, *, overwrite: bool) -> int:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if overwrite:
                path.unlink(missing_ok=True)
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UserError(
                f"{self.path} is there already, and a recording is never overwritten.",
                "Name another place with --out, or move the file away.",
            ) from None
        except OSError as error:
            raise self._disk_error(error) from None

    def _write(self, data: bytes, *, sync: bool = False) -> None:
        if self._failed is not None:  # half a line may lie on the disk: nothing may follow it
            raise self._failed
        if self._fd is None:
            raise ValueError("the recording is closed")
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            if sync:
                self._sync(self._fd)
        except OSError as error:
            self._failed = self._disk_error(error)
            raise self._failed from None

    @staticmethod
    def _sync(descriptor: int) -> None:
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a pipe or a device cannot be synchronised
                raise

    def _disk_error(self, error: OSError) -> UserError:
        why = error.strerror or type(error).__name__
        return UserError(
            f"{self.path} cannot be written: {why}.", "Free some space or name a writable place with --out."
        )

    def _masked_header(self, header: Header) -> Header:
        mask = self._secrets.mask_text
        return replace(header, endpoint=mask(header.endpoint), base_url=mask(header.base_url), label=mask(header.label))


def _kept_lines(path: Path, keep: frozenset[str]) -> list[bytes]:
    """The bytes of the header and of the exchanges to keep."""
    lines = [(raw.data, decode(raw.data)) for raw in _raw_lines(path) if raw.ended]
    return [
        data for data, line in lines if isinstance(line, Header) or (isinstance(line, Exchange) and line.id in keep)
    ]


def read_recording(path: Path) -> Recording:
    """A whole recording; `footer` is None where it is missing, and a last line that was cut is dropped with a note.

    Of a file of `stored.LARGE` bytes and more, the reads of the exchanges stay where they are until they are asked for.

    Raises:
        UserError: The file cannot be read or is no recording; path and line are named.
    """
    header: Header | None = None
    footer: Footer | None = None
    exchanges: list[Exchange] = []
    notes: list[str] = []
    large = _size(path) >= stored.LARGE
    for raw, line in _lines(path, notes):
        if isinstance(line, Header):
            header = line
        elif isinstance(line, Footer):
            footer = line
        elif large:
            exchanges.append(replace(line, raw=stored.StoredReads(path, raw.offset, len(raw.data))))
        else:
            exchanges.append(line)
    if header is None:
        raise _not_a_recording(path, 1, "it is empty")
    notes += _notes(path, exchanges, footer)
    return Recording(header, tuple(exchanges), footer, str(path), tuple(notes))


def read_ending(path: Path) -> str:
    """Why a recording ended, in its footer's words; empty where it has none.

    Raises:
        UserError: The file cannot be read.
    """
    last = deque(_raw_lines(path), maxlen=1)
    try:
        line = decode(last[0].data)
    except (ValueError, IndexError):
        return ""
    return line.reason if isinstance(line, Footer) else ""


def iter_exchanges(path: Path) -> Iterator[Exchange]:
    """The exchanges of a recording, one at a time; no more than one is held.

    Raises:
        UserError: As `read_recording`, when the reading comes to it.
    """
    return (line for _, line in _lines(path, []) if isinstance(line, Exchange))


def _notes(path: Path, exchanges: list[Exchange], footer: Footer | None) -> Iterator[str]:
    if footer is None:
        yield f"{path.name} has no footer: the recording is incomplete."
    elif footer.exchanges != len(exchanges):
        yield f"{path.name} holds {len(exchanges)} exchanges, and its footer counts {footer.exchanges}."
    for exchange in exchanges:
        if Facet.READS in exchange.lost and any(spot.where == "body" for spot in exchange.redactions):
            yield f"{exchange.source}: a key was echoed inside a compressed body, which is kept decoded and masked."


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # whoever opens it says why
        return 0


def _lines(path: Path, notes: list[str]) -> Iterator[tuple[_RawLine, Line]]:
    """Header, exchanges and footer in their order, each checked for its place."""
    previous: Line | None = None
    ids: set[str] = set()
    for raw in _raw_lines(path):
        number = raw.number
        try:
            line = decode(raw.data)
        except ValueError as error:
            if not raw.ended and previous is not None:
                notes.append(f"{path.name} line {number} was cut in the middle and is left out. {_CUT_HINT}")
                return
            raise _not_a_recording(path, number, _words(error)) from None
        if isinstance(line, Header) != (previous is None) or isinstance(previous, Footer):
            raise _not_a_recording(path, number, f"a {type(line).__name__.lower()} is out of place")
        if isinstance(line, Exchange):
            if line.id in ids:
                raise _not_a_recording(path, number, "the exchange's id was there before")
            ids.add(line.id)
            line = replace(line, source=f"{path.name}#{line.id}")
        previous = line
        yield raw, line
    if previous is None:
        raise _not_a_recording(path, 1, "it is empty")


class _RawLine(NamedTuple):
    """A line that is not blank: its number from 1, where it begins, its bytes, and whether a line feed ended it."""

    number: int
    offset: int
    data: bytes
    ended: bool


def _raw_lines(path: Path) -> Iterator[_RawLine]:
    try:
        with path.open("rb") as file:
            number, offset = 0, 0
            while data := file.readline(MAX_LINE + 1):
                number += 1
                if len(data) > MAX_LINE:
                    raise _not_a_recording(path, number, f"it is longer than {MAX_LINE} bytes")
                text = data.removeprefix(b"\xef\xbb\xbf") if number == 1 else data
                if text.strip():
                    yield _RawLine(number, offset, text, text.endswith(b"\n"))
                offset += len(data)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "Check the path and your rights to it.") from None


def _not_a_recording(path: Path, number: int, why: str) -> UserError:
    return UserError(
        f"{path} line {number} is no line of a recording: {why}.",
        "Judge a recording.jsonl that `conformance capture` wrote, a VCR cassette or a HAR file.",
    )


def _words(error: ValueError) -> str:
    """An error's own words, short and without what the file holds."""
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    if type(error) is not ValueError and hasattr(error, "msg"):
        return f"it is not JSON ({error.msg})"
    return str(error).splitlines()[0][:120] if str(error) else "it cannot be read"
