"""What the commands print, besides the summary."""

from __future__ import annotations

import click

from conformance.errors import UserError
from conformance.text import visible


def say(words: str = "") -> None:
    """Print a line."""
    click.echo(words)


def complain(error: UserError) -> None:
    """Say what went wrong and what to do about it."""
    lines = [visible(line) for line in error.message.splitlines()]
    click.echo(click.style("error: ", fg="red", bold=True, reset=True) + "\n".join(lines), err=True)
    if error.hint:
        click.echo(click.style(" hint: ", fg="cyan", bold=True, reset=True) + visible(error.hint), err=True)
