"""Reading native recordings: JSON lines, one header, one line per exchange as it finished, one footer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from conformance.errors import UserError
from conformance.inputs.regular_files import open_regular
from conformance.model import Exchange, Facet, Footer, Header, Recording
from conformance.recording import stored_reads
from conformance.recording.body_bounds import DecodingAllowance
from conformance.recording.format import Line, OutOfRangeError, decode_line

MAX_LINE = 24 * 1024 * 1024
"""Bytes that one line may hold: a body at its limit, escaped; parsing takes up to nine times as much."""

_CUT_HINT = "Every exchange before it is read; capture again for a complete recording."


def read_recording(path: Path) -> Recording:
    """A whole recording; `footer` is None where it is missing, and a last line that was cut is dropped with a note.

    Of a file of `stored_reads.LARGE` bytes and more, or whose bodies decode to as many, the reads of the exchanges stay
    where they are until they are asked for.

    Raises:
        UserError: The file cannot be read or is no recording; path and line are named.
    """
    header: Header | None = None
    footer: Footer | None = None
    exchanges: list[Exchange] = []
    notes: list[str] = []
    large, allowance, places = _size(path) >= stored_reads.LARGE, DecodingAllowance(), list[stored_reads.StoredReads]()
    for raw, line in _lines(path, notes):
        if isinstance(line, Header):
            header = line
        elif isinstance(line, Footer):
            footer = line
        else:
            places.append(stored_reads.StoredReads(path, raw.offset, len(raw.data)))
            bound = allowance.bound(line)
            exchanges.append(replace(bound, raw=places[-1]) if large else bound)
    if not large and allowance.decoded >= stored_reads.LARGE:
        exchanges = [replace(one, raw=place) for one, place in zip(exchanges, places, strict=True)]
    if header is None:
        raise _not_a_recording(path, 1, "it is empty")
    notes += _notes(path, exchanges, footer)
    return Recording(header, tuple(exchanges), footer, str(path), tuple(notes))


def read_ending(path: Path) -> str:
    """Why a recording ended, in its footer's words; empty where it has none.

    Raises:
        UserError: The file cannot be read.
    """
    last = deque(raw_lines(path), maxlen=1)
    try:
        line = decode_line(last[0].data)
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
    for raw in raw_lines(path):
        number = raw.number
        try:
            line = decode_line(raw.data)
        except OutOfRangeError as error:
            if previous is None:
                raise _not_a_recording(path, number, _words(error)) from None
            notes.append(f"{path.name} line {number} is left out: {_words(error)}.")
            continue
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


def raw_lines(path: Path) -> Iterator[_RawLine]:
    """The lines of a recording as they lie in the file, with their places."""
    try:
        with open_regular(path) as file:
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
