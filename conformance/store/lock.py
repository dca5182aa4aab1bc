"""One run to a folder at a time: who writes a bundle holds its folder until it is done, and a killed run lets go."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from conformance.errors import UserError, exit_code_of


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder, made for its owner alone (0700) where it is not there; one that stays empty goes again.

    Raises:
        UserError: another run holds it, or it cannot be made.
    """
    made = _make(folder)
    descriptor = _open(folder)
    try:
        yield
    finally:
        for one in made:
            with contextlib.suppress(OSError):  # something was written
                one.rmdir()
        if descriptor is not None:
            os.close(descriptor)


def _make(folder: Path) -> list[Path]:
    """Make a folder; returns what was made, the innermost first."""
    if folder.is_file():
        raise UserError(f"{folder} is a file", "--out takes a folder.")
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        for one in reversed(missing):
            one.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        why = error.strerror or error
        hint = "Name a writable place with --out."
        raise UserError(f"{folder} cannot be made: {why}.", hint, exit_code_of(error)) from None
    return missing


def _open(folder: Path) -> int | None:
    """A lock on the folder that ends with the process; None where the system has none."""
    try:
        import fcntl
    except ImportError:  # another system
        return None
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise UserError(
                f"Another run is writing to {folder}.", "Wait until it has ended, or name another folder with --out."
            ) from None
        if folder.exists() and os.path.samestat(os.fstat(descriptor), folder.stat()):
            return descriptor
        os.close(descriptor)  # whoever held it has just taken the empty folder away
