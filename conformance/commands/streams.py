"""Standard output and error, such that neither a terminal's alphabet nor a reader that went away ends a run.

What is said on standard error only accompanies the work: where nobody takes it, the work goes on. What is said on
standard output is the outcome: where that cannot be written, the exit code says so.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any


def prepare_streams() -> None:
    """Make the streams safe to write to; called once, before anything else."""
    _fill_descriptors()
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - what was closed
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    error = sys.stderr
    if isinstance(error, io.TextIOWrapper):
        raw = _Forgiving(error.fileno(), "wb", closefd=False)
        buffered = io.BufferedWriter(raw)
        sys.stderr = io.TextIOWrapper(buffered, error.encoding, "backslashreplace", line_buffering=True)


def flush_output() -> None:
    """Write what was said on standard output and lies in memory still; raises OSError where it cannot be."""
    if sys.stdout is not None:
        sys.stdout.flush()


def silence_output() -> None:
    """Nothing more is written to standard output, at the very end of the process neither."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, sys.stdout.fileno())
        os.close(descriptor)


class _Forgiving(io.FileIO):
    """Takes everything, whether or not it can be written."""

    def write(self, data: Any) -> int:
        """Write, or forget."""
        with contextlib.suppress(OSError):
            return super().write(data) or 0
        return len(data)


def _fill_descriptors() -> None:
    """Open what was closed: a file of ours must not become standard error, or it would take in what is said there."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free: this one
