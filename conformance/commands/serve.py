"""`conformance serve`: the reference provider."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from conformance.commands.console import say
from conformance.errors import ExitCode
from conformance.inputs.python_files import import_file


def serve(dialect: str, faults: Sequence[str], suites: Sequence[Path], *, host: str, port: int, delay: float) -> int:
    """Serve the reference provider; its base URL is the first line printed.

    Raises:
        UserError: a dialect or a fault is unknown, a suite's file is wrong, or the port is taken.
    """
    from conformance.reference.dialects import dialect_named
    from conformance.reference.server.serving import serve_forever

    if suites:
        from conformance.catalogue.suites import Suites
        from conformance.reference.faults.loader import load_user_faults

        load_user_faults(Suites(suites).folders[1:], import_file)

    def announce(url: str) -> None:
        say(url)
        click.echo(f"key: {dialect_named(dialect).key}; Ctrl-C ends it", err=True)

    serve_forever(dialect, faults, host, port, delay, announce)
    return ExitCode.CONFORMANT
