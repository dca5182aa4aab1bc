"""Two things that share a name: refused, with both places."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.errors import UserError


def refuse_namesakes(what: str, named: Iterable[tuple[str, str]], hint: str) -> None:
    """Check that no name is taken twice.

    Args:
        what: what bears the names, for the message (`scenario`).
        named: the name and the place (file:line:column) of each.
        hint: what to do about two of one name.

    Raises:
        UserError: two share a name; both places are said.
    """
    seen: dict[str, str] = {}
    for name, place in named:
        if name in seen:
            raise UserError(f"{place}: {what} `{name}` exists already, at {seen[name]}", hint)
        seen[name] = place
