"""Importing the Python files of suites, which are no package: under module names that cannot collide."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from conformance.errors import UserError


def import_file(path: Path) -> ModuleType:
    """Import a suite's file once.

    Raises:
        UserError: the file cannot be imported; the message says where.
    """
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"_conformance_suite_{path.parent.name}_{path.stem}_{digest}".replace("-", "_")
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path}: is no Python file", "Suites hold scenarios.py, proofs.py and test_*.py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except UserError:
        del sys.modules[name]
        raise
    except Exception as error:  # a user's own suite may hold any mistake
        del sys.modules[name]
        line = getattr(error, "lineno", None) or _line_of(error, path)
        raise UserError(f"{path}:{line}: {type(error).__name__}: {error}", "Mend the file and run again.") from error
    return module


def _line_of(error: BaseException, path: Path) -> int:
    """The last line of the file itself in the error's traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
