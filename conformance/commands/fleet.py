"""Many endpoints in one run: captured side by side, judged as cores allow, told in the order of the config.

Every capture has a thread and an event loop of its own, so that its concurrency, pace, budget and failures stay its
own. Judging has processes of its own: it would hold up the captures' clocks, and pytest takes hold of warnings, file
descriptors and the environment of the process that it runs in.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Generic, TypeVar

from conformance.capture import Stop
from conformance.commands.console import complain, note
from conformance.errors import ExitCode, UserError
from conformance.inputs.endpoint import Endpoint
from conformance.judging.isolation import isolate_children
from conformance.secrets.known import Known, all_known, learn_secrets

Outcome = TypeVar("Outcome")
Place = tuple[Endpoint, Path]
"""An endpoint, and the folder of its bundle."""
_MOST_JUDGES = 4
"""Processes that judge at a time; each takes about 90 MB."""


class Fleet(Generic[Outcome]):
    """The endpoints of one run.

    Args:
        places: the endpoints and their folders.
        capture: records one endpoint until it is told to stop; called in a thread.
        judge: judges what was recorded; called in another process, so it and what it returns can be pickled. None
            where nothing is judged.
        repeat: captures once more what was judged, in a thread, and returns how to judge that, as `judge` is, or None.
        parallel: endpoints captured at a time.
    """

    def __init__(
        self,
        places: Sequence[Place],
        capture: Callable[[Endpoint, Path, Stop], None],
        judge: Callable[[Endpoint, Path], Outcome] | None = None,
        repeat: Callable[[Endpoint, Path, Outcome, Stop], Callable[[Endpoint, Path], Outcome] | None] | None = None,
        *,
        parallel: int,
    ) -> None:
        self._places, self._capture, self._parallel = places, capture, parallel
        self._judge, self._repeat = judge, repeat
        self._stop = Stop()
        self._failed: dict[int, UserError] = {}
        self._judged: dict[int, Future[Outcome]] = {}

    def run(self) -> list[Outcome | UserError | None]:
        """Do all of it; for every endpoint, in their order: what judging gave, what went wrong, or None.

        Raises:
            UserError: the user interrupted; what was fetched is kept, and what was judged.
        """
        with _sigterm_interrupts(), isolate_children(), self._judges() as judges, self._waiters() as waiters:
            try:
                self._capture_all(judges, waiters)
                return [self._outcome(number) for number in range(len(self._places))]
            except KeyboardInterrupt:
                self._stop.ask()
                judges.shutdown(wait=False, cancel_futures=True)
                waiters.shutdown(wait=False, cancel_futures=True)
                raise self._interrupted() from None

    def _judges(self) -> ProcessPoolExecutor:
        # As many as there are cores: each holds one recording at a time, however many endpoints there are. What they
        # write they mask, so they are told the keys: into their memory, and never into their environment.
        judges, spawn = min(_MOST_JUDGES, os.cpu_count() or 1, len(self._places)), multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(judges, spawn, _begin_judging, (all_known(),))

    def _waiters(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(len(self._places), "judge")

    def _capture_all(self, judges: ProcessPoolExecutor, waiters: ThreadPoolExecutor) -> None:
        with ThreadPoolExecutor(min(self._parallel, len(self._places)), "capture") as pool:
            try:
                captures = {
                    pool.submit(self._capture, endpoint, out, self._stop): number
                    for number, (endpoint, out) in enumerate(self._places)
                }
                for future in as_completed(captures):
                    self._captured(captures[future], future, judges, waiters)
            except BaseException:
                self._stop.ask()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _captured(
        self, number: int, future: Future[None], judges: ProcessPoolExecutor, waiters: ThreadPoolExecutor
    ) -> None:
        try:
            future.result()
        except Exception as error:  # noqa: BLE001 - the failure of one endpoint does not stop the others
            self._fail(number, error)
        else:
            if self._judge is not None:
                self._judged[number] = waiters.submit(self._see_judged, number, self._judge, judges)

    def _see_judged(
        self, number: int, judge: Callable[[Endpoint, Path], Outcome], judges: ProcessPoolExecutor
    ) -> Outcome:
        """Have an endpoint judged, captured again here where need be, and judged again; waits for all of it."""
        endpoint, out = self._places[number]
        outcome = judges.submit(judge, endpoint, out).result()
        again = self._repeat(endpoint, out, outcome, self._stop) if self._repeat else None
        return judges.submit(again, endpoint, out).result() if again else outcome

    def _outcome(self, number: int) -> Outcome | UserError | None:
        if number in self._judged:
            try:
                return self._judged[number].result()
            except Exception as error:  # noqa: BLE001 - as above
                self._fail(number, error)
        return self._failed.get(number)

    def _fail(self, number: int, error: Exception) -> None:
        name = self._places[number][0].name
        if isinstance(error, UserError):
            told = UserError(f"{name}: {error.message}", error.hint, error.exit_code)
        else:
            note("".join(traceback.format_exception(error)))
            words = f"{name}: the harness itself failed: {type(error).__name__}"
            told = UserError(words, "Report it with the lines above.", ExitCode.HARNESS)
        self._failed[number] = told
        complain(told)

    def _interrupted(self) -> UserError:
        done = [one for one in self._judged.values() if one.done() and not one.cancelled()]
        judged = sum(one.exception() is None for one in done)
        message = f"Interrupted: {judged} of {len(self._places)} endpoints were captured and judged."
        hint = f"What was fetched is kept: conformance judge {self._places[0][1].parent}/NAME/recording.jsonl --partial"
        return UserError(message, hint, ExitCode.UNREACHABLE)


def _begin_judging(known: Known) -> None:
    """Know what the run knows; and leave Ctrl-C, which reaches every process of the terminal, to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    learn_secrets(known.values, known.headers, known.variables)


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does."""
    try:
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    except ValueError:  # not the main thread: nobody can interrupt us this way
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
