"""What this run knows of secrets, for every door through which bytes leave the process.

A recording is masked when it is captured, by the keys of its endpoint. All else that a command writes or prints comes
out of recordings, checks, options and other people's words, and passes one more step: the doors (`store.atomic`,
`commands.console`, the summary) mask by what was learnt here. What is known lies in memory and in no environment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from conformance.secrets.masking import Secrets


@dataclass(frozen=True)
class Known:
    """Values that are keys, names of headers that hold some, and the variables in which the keys stand."""

    values: frozenset[str] = frozenset()
    headers: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Known({len(self.values)} values, {sorted(self.headers)}, {sorted(self.variables)})"


_known = [Known()]


def learn_secrets(
    values: Collection[str] = (), headers: Collection[str] = (), variables: Collection[str] = ()
) -> Known:
    """Take keys, names of headers that hold some, and names of variables; returns all that is known."""
    before = _known[-1]
    _known[-1] = Known(
        before.values | {value for value in values if value},
        before.headers | {name.lower() for name in headers},
        before.variables | {name for name in variables if name},
    )
    return _known[-1]


def all_known() -> Known:
    """All that is known, for another process of the same run."""
    return _known[-1]


def known_secrets(*values: str | None) -> Secrets:
    """What masks all that is known, and these values."""
    known = _known[-1]
    return _made(known.values | {value for value in values if value}, known.headers)


@lru_cache(maxsize=16)
def _made(values: frozenset[str], headers: frozenset[str]) -> Secrets:
    return Secrets(values, headers)


@contextlib.contextmanager
def nothing_known() -> Iterator[None]:
    """Begin a run that knows nothing yet, and forget at its end what it learnt."""
    _known.append(Known())
    try:
        yield
    finally:
        _known.pop()
        _made.cache_clear()
