"""Ctrl-C, SIGTERM and other threads end a capture."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

Result = TypeVar("Result")
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


async def run_interruptible(work: Coroutine[Any, Any, Result], asked: Stop) -> Result:
    """Await a capture that Ctrl-C, SIGTERM or another thread may cancel."""
    task = asyncio.create_task(work)
    with _signals(task), asked.ends(task):
        return await task


@contextlib.contextmanager
def _signals(task: asyncio.Task[Any]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM cancel the task once; a second one has its usual effect."""
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        loop.remove_signal_handler(number)
        task.cancel()

    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        # Outside the main thread, and on systems without signals, nobody can interrupt us this way.
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, stop, number)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
