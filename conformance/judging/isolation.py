"""Processes that judge: nothing is imported from the working directory, and no key stands in their environment.

What is judged is hostile, and so may be the folder that it lies in: a file named `execnet.py` beside a recording would
run in every process that Python starts there with the working directory on its path.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator

from conformance.secrets.known import all_known
from conformance.secrets.variables import credential_variables

_SAFE_PATH = "PYTHONSAFEPATH"
"""Keeps the working directory off the path of a Python that is started with `-c` or `-m`."""


@contextlib.contextmanager
def isolate_children(named: Collection[str] = ()) -> Iterator[None]:
    """Start processes within this without keys, and off the working directory; the environment is put back at the end.

    Args:
        named: variables that hold keys, whatever they are called, beside those that the run knows of.
    """
    before = dict(os.environ)
    for name in credential_variables(before, {*named, *all_known().variables}):
        del os.environ[name]
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
