"""Files that users name: regular ones alone, and no more of them than is asked for.

A pipe has nobody at its other end and would be waited for without end; a device such as /dev/zero never ends.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from conformance.errors import UserError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_HINT = "Check the path and your rights to it."


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open for reading.

    Raises:
        UserError: it cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    try:
        _refuse_others(path, path.stat().st_mode)
        # What it is may change between the two looks; a pipe without a writer must not be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        _refuse_others(path, os.fstat(descriptor).st_mode)
    except UserError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of a regular file, at most `most` and one more, which tells that it is larger.

    Raises:
        UserError: as `open_regular`, or it cannot be read.
    """
    with open_regular(path) as file:
        try:
            return file.read(most + 1)
        except OSError as error:
            raise _unreadable(path, error) from None


def _refuse_others(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((words for is_kind, words in _KINDS if is_kind(mode)), "no file")
        raise UserError(
            f"{path} cannot be read: it is {kind}, not a regular file.", "Name a file, or copy it into one."
        )


def _unreadable(path: Path, error: OSError) -> UserError:
    why = (error.strerror or type(error).__name__).lower()
    return UserError(f"{path} cannot be read: {why}.", _HINT)
