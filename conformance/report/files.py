"""Writing reports: whole or not at all, and readable by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from conformance.errors import UserError


def write_file(path: Path, content: str) -> Path:
    """Write a file so that it stands under its name only when it is complete; folders are made with mode 0700.

    Raises:
        UserError: it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.part")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        message = f"The report cannot be written to {path.parent}: {error.strerror or error}."
        raise UserError(message, "Name another folder with --out.") from None
    return path
