"""What the commands print, besides the summary."""

from __future__ import annotations

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
