"""Where the bundles of a command go."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import OutputOptions


@contextlib.contextmanager
def hold_folders(
    endpoints: Sequence[Endpoint], output: OutputOptions, base: Path | None = None
) -> Iterator[list[tuple[Endpoint, Path]]]:
    """Every endpoint with the folder of its bundle, which no other run may write to meanwhile.

    `base` is the folder that a config names: below it, or below --out instead, each endpoint has a folder of its own.

    Raises:
        UserError: another run holds a folder, or it cannot be made.
    """
    from conformance.store.lock import folder_lock

    places = [(endpoint, _choose_folder(endpoint, output, base)) for endpoint in endpoints]
    with contextlib.ExitStack() as held:
        for _, folder in places:
            held.enter_context(folder_lock(folder))
        yield places


def _choose_folder(endpoint: Endpoint, output: OutputOptions, base: Path | None) -> Path:
    out = output.out or base
    if output.resume and (out is None or output.overwrite):
        raise UserError("--resume needs the --out of the earlier run, and does not go with --overwrite", "Give it.")
    if out is None:
        return Path("reports", f"{endpoint.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    return out if base is None else out / endpoint.name


def refuse_earlier_bundle(folder: Path, *, overwrite: bool, resume: bool = False) -> None:
    """Refuse to mix two bundles; an earlier one is replaced by whoever writes the new one, and not before.

    Raises:
        UserError: the folder is a file, or holds a bundle that may be neither replaced nor gone on with.
    """
    from conformance.store.bundle import PAGES, RECORDING

    if folder.is_file():
        raise UserError(f"{folder} is a file", "--out takes a folder.")
    if not (overwrite or resume) and any((folder / name).exists() for name in (RECORDING, *PAGES)):
        raise UserError(f"{folder} holds an earlier bundle", "Give another --out, or --overwrite to replace it.")
