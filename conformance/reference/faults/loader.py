"""Reading the faults that lie beside the checks of the built-in suites, in `suites/<area>/faults*.py`."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from conformance.resources import suites_dir

_SEVERAL_AREAS = (
    "stream",
    "streamtext",
    "streamtools",
    "thinking",
    "completion",
    "tools",
    "ignored",
    "rejected",
    "sampling",
    "errors",
    "headers",
    "browsers",
    "spelling",
    "wording",
    "limits",
    "listing",
    "others",
    "texts",
    "responding",
    "respondtalk",
    "legacy",
    "letters",
    "restarts",
    "documents",
    "counts",
    "scores",
)
"""Modules here whose faults trip requirements of more than one area."""


@cache
def load_faults() -> None:
    """Register every fault, once: those of several areas, then area by area in the order of their files."""
    for name in _SEVERAL_AREAS:
        import_module(f"{__package__}.{name}")
    for path in sorted(suites_dir().glob("*/faults*.py")):
        _import_faults(path)


def _import_faults(path: Path) -> None:
    name = f"_conformance_faults_{path.parent.name}_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
