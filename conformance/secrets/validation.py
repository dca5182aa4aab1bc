"""Whether a key can be sent at all."""

from __future__ import annotations

from conformance.errors import UserError


def check_key(key: str | None, variable: str) -> None:
    """Refuse a key that no HTTP header may carry.

    Raises:
        UserError: it holds blanks, control characters or characters outside ASCII; it is not repeated.
    """
    if key and any(not 0x21 <= ord(char) <= 0x7E for char in key):
        raise UserError(
            f"The key in {variable or 'the environment'} holds characters that no HTTP header can carry.",
            "Copy the key again, without line breaks, blanks or typographic quotes.",
        )
