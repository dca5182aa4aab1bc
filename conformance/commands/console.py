"""What the commands print, besides the summary."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any

import click

from conformance.errors import UserError
from conformance.secrets.known import known_secrets
from conformance.secrets.recognition import hide_keys
from conformance.text import visible


def say(words: str = "") -> None:
    """Print a line; keys are masked."""
    click.echo(known_secrets().mask_text(words))


def note(words: str) -> None:
    """Print a line where complaints go; keys are masked."""
    click.echo(known_secrets().mask_words(words), err=True)


def complain(error: UserError) -> None:
    """Say what went wrong and what to do about it; keys are masked, also short ones, and what looks like one."""
    secrets = known_secrets()

    def mask(words: str) -> str:
        return secrets.mask_words(hide_keys(words))

    lines = [visible(line) for line in mask(error.message).splitlines()]
    click.echo(click.style("error: ", fg="red", bold=True, reset=True) + "\n".join(lines), err=True)
    if error.hint:
        click.echo(click.style(" hint: ", fg="cyan", bold=True, reset=True) + visible(mask(error.hint)), err=True)


def prepare_streams() -> None:
    """Make the streams such that neither the alphabet of a terminal nor a reader that went away ends a run.

    What is said on standard error only accompanies the work, which goes on where nobody takes it; standard output is
    the outcome, and where that cannot be written the exit code says so.
    """
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
