"""Writing reports: whole or not at all, and readable by their owner alone."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from conformance.errors import UserError
from conformance.secrets.known import known_secrets


def write_file(path: Path, content: str) -> Path:
    """Write a file so that it stands under its name only when it is complete; folders are made with mode 0700.

    Whatever the run knows of secrets is masked, in every file and as the last thing that happens to it.

    Raises:
        UserError: it cannot be written.
    """
    content = known_secrets().mask_text(content)
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise _unwritable(path.parent, error) from None
    return path


def make_folder(folder: Path) -> None:
    """Make a folder for its owner alone (0700), where it is not there.

    Raises:
        UserError: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: OSError) -> UserError:
    why = error.strerror or error
    return UserError(f"The report cannot be written to {folder}: {why}.", "Name another folder with --out.")
