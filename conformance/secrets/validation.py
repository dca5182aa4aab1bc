"""Keeping the key out of every word that capture says."""

from __future__ import annotations

from conformance.errors import UserError

_SHORTEST = 8
"""Shorter keys are placeholders such as `EMPTY`; masking them would mangle ordinary words."""
_LONGEST = 300


def masked(text: str, key: str | None) -> str:
    """The text without the key, without control characters, and at most 300 characters long."""
    if key and len(key) >= _SHORTEST:
        text = text.replace(key, "***")
    shown = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def check_key(key: str | None, variable: str) -> None:
    """Refuse a key that no HTTP header may carry.

    Raises:
        UserError: it holds blanks, control characters or characters outside ASCII.
    """
    if key and any(not 0x21 <= ord(char) <= 0x7E for char in key):
        raise UserError(
            f"The key in {variable or 'the environment'} holds characters that an HTTP header cannot carry.",
            "Look for a line break, a blank or quotes around it.",
        )
