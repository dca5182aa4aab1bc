"""Keys that stand where the name of their variable should: found without ever repeating them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.secrets.headers import holds_credential

NAME_THE_VARIABLE = "Put the key in an environment variable and write that variable's name: `api_key_env: MY_KEY`."

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIX = re.compile(r"(sk|pk|gsk|xai|hf|key|nvapi|fw|csk|tgp|api)[-_][A-Za-z0-9_-]{12,}")
_KEY_FIELDS = frozenset(
    {"api_key", "apikey", "api-key", "key", "token", "secret", "password", "authorization", "bearer"}
)


def looks_like_key(value: str) -> bool:
    """Whether a text is more likely a key than a word or a name."""
    text = value.strip()
    if text.lower().startswith(("bearer ", "basic ")):
        return True
    if _PREFIX.fullmatch(text) and re.search("[a-z]", text.partition("_")[2] or text.partition("-")[2]):
        return True
    digits = sum(character.isdigit() for character in text)
    return len(text) >= 20 and digits >= 3 and " " not in text and re.search("[A-Za-z]", text) is not None


def variable_problem(value: str) -> str:
    """What is wrong with a variable's name, without repeating it; empty where nothing is."""
    if looks_like_key(value):
        return "holds what looks like a key, not the name of an environment variable"
    if not _VARIABLE.fullmatch(value):
        return "is not the name of an environment variable (letters, digits and _)"
    return ""


def literal_keys(endpoint: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Places of literal keys in an endpoint's data: JSON pointer and what is wrong there."""
    for name, value in endpoint.items():
        if name.lower() in _KEY_FIELDS:
            yield f"/{name}", f"`{name}` holds a key; keys never stand in a file"
        elif name == "api_key_env" and isinstance(value, str) and (problem := variable_problem(value)):
            yield "/api_key_env", f"`api_key_env` {problem}"
    headers = endpoint.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if holds_credential(name) or (isinstance(value, str) and looks_like_key(value)):
            pointer = name.replace("~", "~0").replace("/", "~1")
            yield f"/headers/{pointer}", f"the header `{name}` holds a key; keys never stand in a file"
