"""Reading the faults that lie beside the checks of suites, in `<area>/faults*.py`: the built-in ones and the user's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from conformance.errors import UserError
from conformance.reference.faults.registry import FAULTS
from conformance.resources import suites_dir


@cache
def load_faults() -> None:
    """Register every fault, once: area by area, in the order of their files."""
    for path in sorted(suites_dir().glob("*/faults*.py")):
        _import_faults(path)


def load_user_faults(suites: Iterable[Path], import_file: Callable[[Path], object]) -> None:
    """Register the faults of the user's own suites, after the built-in ones.

    Args:
        suites: folders of suites, each with one folder for each area.
        import_file: imports a Python file; what goes wrong in it is its UserError.

    Raises:
        UserError: a file cannot be imported, or takes a name that another file has already.
    """
    load_faults()
    for path in (found for suite in suites for found in sorted(suite.glob("*/faults*.py"))):
        before = dict(FAULTS)
        import_file(path)
        if taken := sorted(name for name, known in before.items() if FAULTS[name] is not known):
            raise UserError(f"{path}: there is a fault called {taken[0]!r} already", "Give it another name.")


def _import_faults(path: Path) -> None:
    name = f"_conformance_faults_{path.parent.name}_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
