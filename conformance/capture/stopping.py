"""Ending captures from another thread, as Ctrl-C ends one in the main thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

_Running = tuple[asyncio.AbstractEventLoop, "asyncio.Task[Any]"]


class Stop:
    """Ends every capture that was given it; one that begins after `ask` ends at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = False
        self._running: set[_Running] = set()

    def ask(self) -> None:
        """End them; returns at once, from any thread."""
        with self._lock:
            self._asked = True
            for loop, task in self._running:  # a loop is open while its task stands here
                loop.call_soon_threadsafe(task.cancel)

    @contextlib.contextmanager
    def ends(self, task: asyncio.Task[Any]) -> Iterator[None]:
        """Let `ask` cancel a task of the running loop while the context lasts."""
        running = (asyncio.get_running_loop(), task)
        with self._lock:
            self._running.add(running)
            if self._asked:
                task.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(running)
