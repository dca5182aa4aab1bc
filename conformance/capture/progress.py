"""Telling people how far a capture has come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, TextIO

from conformance.model import Exchange

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_EVERY = 10


class Progress(Protocol):
    """Is told what happens; every method returns at once."""

    def begin(self, phase: str, jobs: int) -> None:
        """A phase (`probe`, `capture`) begins; it has so many jobs (a sample of a scenario for a model)."""

    def exchange(self, exchange: Exchange, tokens: int) -> None:
        """An exchange was recorded; `tokens` were spent so far in the whole run."""

    def done(self) -> None:
        """A job was done, or skipped."""

    def cut(self, reason: str) -> None:
        """Not all was sent; says why."""

    def end(self) -> None:
        """The capture is over, however it ended."""


class Silent:
    """Tells nothing."""

    def begin(self, phase: str, jobs: int) -> None:
        """Say nothing."""

    def exchange(self, exchange: Exchange, tokens: int) -> None:
        """Say nothing."""

    def done(self) -> None:
        """Say nothing."""

    def cut(self, reason: str) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""


class PlainProgress:
    """Lines for logs: one per phase and one per ten exchanges; each begins with `name`, where there is one."""

    def __init__(self, stream: TextIO | None = None, name: str = "") -> None:
        self._stream = stream or sys.stderr
        self._prefix = f"{name}: " if name else ""
        self._jobs = self._done = self._exchanges = self._tokens = 0

    def begin(self, phase: str, jobs: int) -> None:
        """Name the phase."""
        self._jobs, self._done = jobs, 0
        self._say(f"{phase}: {jobs} to do")

    def exchange(self, exchange: Exchange, tokens: int) -> None:  # noqa: ARG002 - Progress names it
        """Say where we are, once in ten exchanges."""
        self._exchanges += 1
        self._tokens = tokens
        if self._exchanges % _EVERY == 0:
            self._say(f"{self._done}/{self._jobs} done, {self._exchanges} exchanges, {tokens} tokens")

    def done(self) -> None:
        """Count a job."""
        self._done += 1

    def cut(self, reason: str) -> None:
        """Say why not all was sent."""
        self._say(f"not all was sent: {reason}")

    def end(self) -> None:
        """Say what there is."""
        self._say(f"{self._exchanges} exchanges recorded, {self._tokens} tokens spent")

    def _say(self, words: str) -> None:
        self._stream.write(f"{self._prefix}{words}\n")
        self._stream.flush()


class RichProgress:
    """A bar on a terminal: done and planned jobs, exchanges and tokens so far."""

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._exchanges = 0

    def begin(self, phase: str, jobs: int) -> None:
        """Show a bar for the phase."""
        self.end()
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[spent]}"),
            TimeElapsedColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task(phase, total=jobs, spent="")
        self._bar.start()

    def exchange(self, exchange: Exchange, tokens: int) -> None:  # noqa: ARG002 - Progress names it
        """Show what was spent."""
        self._exchanges += 1
        if self._bar:
            self._bar.update(self._bar.task_ids[0], spent=f"{self._exchanges} exchanges, {tokens} tokens")

    def done(self) -> None:
        """Move the bar."""
        if self._bar:
            self._bar.advance(self._bar.task_ids[0])

    def cut(self, reason: str) -> None:
        """Say why not all was sent, in place of the bar."""
        self.end()
        sys.stderr.write(f"not all was sent: {reason}\n")

    def end(self) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None


def make_progress(name: str = "") -> Progress:
    """A bar where standard error is a terminal, lines elsewhere and, told apart by `name`, for one among several."""
    return RichProgress() if sys.stderr.isatty() and not name else PlainProgress(name=name)
