"""Which variables of an environment hold keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from conformance.secrets.recognition import looks_like_key

_CREDENTIAL = re.compile(r"(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|AUTH)$", re.IGNORECASE)
"""Names of variables that hold what nobody who judges needs."""

_PROXY = re.compile(r"(?:https?|all|ftp)_proxy", re.IGNORECASE)
"""Names of variables that may hold a proxy's password, with or without a scheme before it."""


def credential_variables(environ: Mapping[str, str], named: Collection[str] = ()) -> list[str]:
    """The variables that hold keys: those named, those called so, and those whose value looks like a key."""
    return [
        name
        for name, value in environ.items()
        if name in named or _CREDENTIAL.search(name) is not None or _holds_key(name, value)
    ]


def keys_at_hand(environ: Mapping[str, str]) -> list[str]:
    """The values of an environment that look like keys, whoever they belong to."""
    return [environ[name] for name in credential_variables(environ) if looks_like_key(environ[name])]


def _holds_key(name: str, value: str) -> bool:
    """Whether a value is or carries a key; a path or an address may be as long and hold as many digits."""
    if _PROXY.fullmatch(name):
        return "@" in value
    return ("://" in value or not {"/", ":", "\\"} & set(value)) and looks_like_key(value)
