"""Where the data folders lie: beside the package in a checkout, inside it in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def schemas_dir() -> Path:
    """The folder of JSON Schemas."""
    return _folder("schemas")


def suites_dir() -> Path:
    """The folder of the built-in suites."""
    return _folder("suites")
