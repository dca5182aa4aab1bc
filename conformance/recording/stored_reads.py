"""Reads that stay in their file: a recording too large to hold is judged exchange by exchange."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

from conformance.errors import ExitCode, UserError
from conformance.inputs.regular_files import open_regular
from conformance.model import Exchange, Read
from conformance.recording.format import decode_line

LARGE = 8 * 1024 * 1024
"""Bytes of a recording from which on the reads of its exchanges stay on the disk."""


@dataclass(frozen=True, slots=True)
class StoredReads(Sequence[Read]):
    """The reads of the exchange that one line of a recording holds; the last ones asked for are kept.

    Raises:
        UserError: on any access, where the file has changed since.
    """

    path: Path
    offset: int
    size: int

    @overload
    def __getitem__(self, index: int) -> Read: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Read, ...]: ...
    def __getitem__(self, index: Any) -> Any:
        """One read, or some."""
        return _loaded(self)[index]

    def __len__(self) -> int:
        return len(_loaded(self))

    def __iter__(self) -> Iterator[Read]:
        return iter(_loaded(self))


@dataclass(frozen=True, slots=True)
class HeldReads(Sequence[Read]):
    """Reads that are held, of a recording large enough for what is made of them to be let go, as of `StoredReads`."""

    reads: tuple[Read, ...]

    @overload
    def __getitem__(self, index: int) -> Read: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Read, ...]: ...
    def __getitem__(self, index: Any) -> Any:
        """One read, or some."""
        return self.reads[index]

    def __len__(self) -> int:
        return len(self.reads)


@lru_cache(maxsize=1)
def _loaded(where: StoredReads) -> tuple[Read, ...]:
    try:
        with open_regular(where.path) as file:
            file.seek(where.offset)
            line = decode_line(file.read(where.size))
    except (OSError, ValueError, UserError):
        line = None
    if not isinstance(line, Exchange):
        raise UserError(f"{where.path} has changed while it was read.", "Run it again.", ExitCode.USAGE)
    return tuple(line.raw)
