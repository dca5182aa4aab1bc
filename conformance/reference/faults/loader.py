"""Reading the faults that lie beside the checks of the built-in suites, in `suites/<area>/faults*.py`."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from conformance.resources import suites_dir


@cache
def load_faults() -> None:
    """Register every fault, once: area by area, in the order of their files."""
    for path in sorted(suites_dir().glob("*/faults*.py")):
        _import_faults(path)


def _import_faults(path: Path) -> None:
    name = f"_conformance_faults_{path.parent.name}_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
