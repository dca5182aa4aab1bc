"""`conformance serve`: the reference provider."""

from __future__ import annotations

from collections.abc import Sequence

import click

from conformance.commands.console import say
from conformance.errors import ExitCode


def serve(dialect: str, faults: Sequence[str], host: str, port: int, delay: float) -> int:
    """Serve the reference provider; its base URL is the first line printed."""
    from conformance.reference.dialects import dialect_named
    from conformance.reference.server.serving import serve_forever

    def announce(url: str) -> None:
        say(url)
        click.echo(f"key: {dialect_named(dialect).key}; Ctrl-C ends it", err=True)

    serve_forever(dialect, faults, host, port, delay, announce)
    return ExitCode.CONFORMANT
