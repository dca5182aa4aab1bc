"""Writing reports: whole or not at all, and readable by their owner alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance.errors import UserError, exit_code_of, is_of_the_machine
from conformance.secrets.known import known_secrets


def write_file(path: Path, content: str) -> Path:
    """Write a file so that it stands under its name only when it is complete; folders are made with mode 0700.

    Whatever the run knows of secrets is masked, in every file and as the last thing that happens to it.

    Raises:
        UserError: it cannot be written.
    """
    return replace_files(path.parent, {path.name: content})[0]


def replace_files(folder: Path, contents: Mapping[str, str], old: Sequence[str] = ()) -> list[Path]:
    """Write files that belong together; whenever this ends, by a kill too, no old one lies beside a new one.

    All are written under other names first; then the old ones go; then the new ones take their names.

    Args:
        folder: where they go; made with mode 0700.
        contents: the text of each, by its name.
        old: names of further files that go.

    Raises:
        UserError: they cannot be written; what was there before is there still, unless it had to go already.
    """
    make_folder(folder)
    drafts = {name: folder / f".{name}.part" for name in contents}
    try:
        for name, draft in drafts.items():
            _write_new(draft, known_secrets().mask_text(contents[name]))
        if len(contents) > 1:  # one alone is replaced at once
            for name in (*old, *contents):
                (folder / name).unlink(missing_ok=True)
        for name, draft in drafts.items():
            draft.replace(folder / name)
    except OSError as error:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        raise _unwritable(folder, error) from None
    return [folder / name for name in contents]


def _write_new(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write(content)


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
    hint = "Free some space, or name" if is_of_the_machine(error) else "Name"
    message = f"The report cannot be written to {folder}: {error.strerror or error}."
    return UserError(message, f"{hint} another folder with --out.", exit_code_of(error))
