"""Garbage that is looked for seldom: what is read from a recording lives until it is judged, and holds no cycles."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_OBJECTS = 100_000
"""Objects made before the collector looks; by default every 700, which takes a third of the time of judging."""


@contextlib.contextmanager
def infrequent_gc() -> Iterator[None]:
    """Within it the collector of this process looks seldom; after it, as often as before."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
