"""Keys that stand where the name of their variable should: found without ever repeating them."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.secrets.headers import holds_credential, is_secret_parameter

NAME_THE_VARIABLE = "Put the key in an environment variable and write that variable's name: `api_key_env: MY_KEY`."

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ISSUED = r"(?:(?:sk|gsk|xai|hf|nvapi|csk|ghp|github_pat)[-_]|AIza|eyJ)"
_PREFIX = re.compile(_ISSUED + r"(?=[A-Za-z0-9_.-]*[a-z])[A-Za-z0-9_.-]{12,}")
_STRANGE = re.compile(_ISSUED + r"(?=(?:\D*\d){3})\S{16,}")
"""How those begin that providers issue; with other characters than they have, but as long and with digits."""
_IN_WORDS = re.compile(r"(?<![A-Za-z0-9])(?:(?:sk|gsk|nvapi|ghp)[-_]|AIza|eyJ)(?=[A-Za-z_.-]*\d)[A-Za-z0-9_.-]{16,}")
"""Keys as providers issue them, inside a sentence."""
_ACCOUNT = re.compile(r"(?:org|proj|acct|user|team|cus)[-_]\w+")
"""Whose account it is, and no key to it."""
_KEY_FIELDS = frozenset(
    {"api_key", "apikey", "api-key", "key", "token", "secret", "password", "authorization", "bearer"}
)
_SEPARATORS = re.compile(r"[-_./:,;@=\\\s]+")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONG, _DIGITS = 20, 3
_SHORT, _CHANGES = 16, 6
"""A part of a text is random where it is long and holds digits, or changes its kind of letter all the time."""


def looks_like_key(value: str) -> bool:
    """Whether a text is more likely a key than a word, a name, a path or an address.

    Names, paths and addresses are made of short parts; a key has a long part in which digits and letters are mixed. An
    address is a key where it carries one: before its `@`, or in a parameter that is called so.
    """
    text = value.strip()
    if text.lower().startswith(("bearer ", "basic ")):
        return True
    if "://" in text:
        return _carries_key(text)
    if " " in text or _UUID.fullmatch(text) or _ACCOUNT.fullmatch(text):
        return False
    if _PREFIX.fullmatch(text) or _STRANGE.fullmatch(text):
        return True
    return any(map(_is_random, _SEPARATORS.split(text))) and not _is_encoded_word(text)


def _is_encoded_word(text: str) -> bool:
    """Whether base64 of words is all that there is; a name and a password are more."""
    try:
        word = b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return False
    return word.isprintable() and ":" not in word and not any(map(_is_random, _SEPARATORS.split(word)))


def _carries_key(url: str) -> bool:
    try:
        split = urlsplit(url)
        named = [name for name, value in parse_qsl(split.query) if value and is_secret_parameter(name)]
    except ValueError:
        return "@" in url
    parts = [*split.path.split("/"), *(value for _, value in parse_qsl(split.query))]
    return "@" in split.netloc or bool(named) or any(map(_PREFIX.fullmatch, parts))


def _is_random(part: str) -> bool:
    if not re.search("[A-Za-z]", part):
        return False
    digits = sum(character.isdigit() for character in part)
    if len(part) >= _LONG and digits >= _DIGITS:
        return True
    kinds = ["digit" if one.isdigit() else "capital" if one.isupper() else "small" for one in part]
    changes = sum(one != other for one, other in pairwise(kinds))
    return len(part) >= _SHORT and digits >= 2 and changes >= _CHANGES


def hide_keys(words: str) -> str:
    """Our own words without what somebody typed as a key in the place of something else."""
    return _IN_WORDS.sub(lambda found: "*" * len(found[0]), words)


def is_variable(name: str) -> bool:
    """Whether a name can be that of an environment variable, and nothing else in a shell."""
    return _VARIABLE.fullmatch(name) is not None


def variable_problem(value: str) -> str:
    """What is wrong with a variable's name, without repeating it; empty where nothing is."""
    if looks_like_key(value):
        return "holds what looks like a key, not the name of an environment variable"
    if not is_variable(value):
        return "is not the name of an environment variable (letters, digits and _)"
    return ""


def literal_keys(endpoint: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Places of literal keys in an endpoint's data: JSON pointer and what is wrong there."""
    for name, value in endpoint.items():
        if name.lower() in _KEY_FIELDS:
            yield f"/{name}", f"`{name}` holds a key; keys never stand in a file"
        elif name == "api_key_env" and isinstance(value, str) and (problem := variable_problem(value)):
            yield "/api_key_env", f"`api_key_env` {problem}"
    named = endpoint.get("headers_env")
    for name, value in named.items() if isinstance(named, dict) else ():
        if isinstance(value, str) and (problem := variable_problem(value)):
            yield f"/headers_env/{_escape(name)}", f"`headers_env` {problem}"
    headers = endpoint.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if holds_credential(name) or (isinstance(value, str) and looks_like_key(value)):
            yield f"/headers/{_escape(name)}", f"the header `{name}` holds a key; keys never stand in a file"


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
