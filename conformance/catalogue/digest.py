"""What tells one version of the suites from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from conformance.catalogue.body_schemas import body_schema_folders
from conformance.inputs.regular_files import read_regular

_LARGEST = 16 * 1024 * 1024
_OWN_SCHEMAS = "harness"
"""Schemas of the harness's own files, which judge no endpoint."""


def digest(suite_dirs: Sequence[Path], schemas: Path | None = None) -> str:
    """What tells one version of the suites from another: a hash over what judges.

    Args:
        suite_dirs: their files count, but for `faults*.py`: those prove the checks and judge nothing.
        schemas: the folder that holds a folder of schemas for each API; those of every known API if not given.
    """
    hashed = hashlib.sha256()
    for folder in suite_dirs:
        for path in _judging(folder):
            hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + read_regular(path, _LARGEST) + b"\0")
    for folder in _schema_folders(schemas) if schemas else body_schema_folders():
        for path in _judging(folder):
            hashed.update(f"{folder.name}/{path.name}".encode() + b"\0" + read_regular(path, _LARGEST) + b"\0")
    return hashed.hexdigest()[:16]


def _schema_folders(schemas: Path) -> list[Path]:
    return sorted(path for path in schemas.glob("*/") if path.name != _OWN_SCHEMAS)


def _judging(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_fault = path.suffix == ".py" and path.name.startswith("faults")
        if (
            path.is_file()
            and path.suffix in {".py", ".yaml", ".json"}
            and "__pycache__" not in path.parts
            and not is_fault
        ):
            yield path
