"""`conformance serve`: the reference provider."""

from __future__ import annotations

from typing import Any

import click

from conformance.commands.console import say
from conformance.errors import ExitCode


def serve(**given: Any) -> int:
    """Serve the reference provider; its base URL is the first line printed."""
    from conformance.reference.dialects import dialect_named
    from conformance.reference.server.serving import serve_forever

    def announce(url: str) -> None:
        say(url)
        click.echo(f"key: {dialect_named(given['dialect']).key}; Ctrl-C ends it", err=True)

    serve_forever(given["dialect"], given["faults"], given["host"], given["port"], given["delay"], announce)
    return ExitCode.CONFORMANT
