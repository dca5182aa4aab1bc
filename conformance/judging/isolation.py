"""Processes that judge: nothing is imported from the working directory, and no key stands in their environment.

What is judged is hostile, and so may be the folder that it lies in: a file named `execnet.py` beside a recording would
run in every process that Python starts there with the working directory on its path.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator, Mapping

from conformance.secrets.recognition import looks_like_key

_CREDENTIAL = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|AUTH)$", re.IGNORECASE)
"""Names of variables that hold what nobody who judges needs."""

_SAFE_PATH = "PYTHONSAFEPATH"
"""Keeps the working directory off the path of a Python that is started with `-c` or `-m`."""


def credential_variables(environ: Mapping[str, str], named: Collection[str] = ()) -> list[str]:
    """The variables that hold keys: those named, those called so, and those whose value looks like a key."""
    return [
        name
        for name, value in environ.items()
        if name in named or _CREDENTIAL.search(name) is not None or _holds_key(value)
    ]


def _holds_key(value: str) -> bool:
    """Whether a value is a key; a path or an address may be as long and hold as many digits."""
    return not {"/", ":", "\\"} & set(value) and looks_like_key(value)


@contextlib.contextmanager
def isolate_children(named: Collection[str] = ()) -> Iterator[None]:
    """Start processes within this without keys, and off the working directory; the environment is put back at the end.

    Args:
        named: variables that hold keys, whatever they are called.
    """
    before = dict(os.environ)
    for name in credential_variables(before, named):
        del os.environ[name]
    os.environ[_SAFE_PATH] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
