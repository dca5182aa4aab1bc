"""Base URLs as people write them, put in order; and the folder names made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from conformance.errors import UserError
from conformance.inputs.suggestions import closest
from conformance.secrets.recognition import looks_like_key


def normalise(url: str, operations: Iterable[str] = ()) -> tuple[str, str, str]:
    """A base URL without trailing slash, a note of what was changed, and a hint for when every request is answered 404.

    Args:
        url: as a person wrote it.
        operations: the paths of operations, which are dropped from its end, the longest first.

    Raises:
        UserError: the URL has no scheme or host, is not HTTP, or carries credentials, a query or a fragment. Only the
            scheme and host of a URL are ever repeated: the rest may hold a key.
    """
    split = _split(url.strip())
    host = split.netloc.lower()
    path, note = _without_operation(split.path.rstrip("/"), operations)
    base = f"{split.scheme}://{host}{path}"
    has_path = bool(path)
    hint = "" if has_path else f"The base URL has no path; most endpoints want one: try {base}/v1."
    return base, note, hint


def folder_name(base_url: str) -> str:
    """A name of a-z, 0-9, `.`, `_` and `-` for the endpoint at a base URL."""
    split = urlsplit(base_url)
    return re.sub(r"[^a-z0-9._-]+", "-", split.netloc.lower()).strip("-._") or "endpoint"


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        raise UserError("the URL cannot be read: its host or port is malformed", _EXAMPLE) from None
    if split.scheme not in {"http", "https"} or "://" not in url:
        raise _without_scheme(url, split)
    if port == 0:
        raise UserError("the URL has port 0, which nobody listens on", _EXAMPLE)
    if not url.isprintable():
        raise UserError("the URL holds a byte or a character that cannot stand in one", _EXAMPLE)
    if not host or any(character.isspace() for character in url):
        raise UserError("the URL has no host or holds a space", _EXAMPLE)
    if split.username is not None or split.password is not None:
        shown = host if port is None else f"{host}:{port}"
        message = f"the URL of {shown} carries credentials before the `@`"
        raise UserError(message, "Take them out, and name the variable that holds the key: api_key_env.")
    if split.query or split.fragment:
        message = f"the URL of {host} has a query or a fragment, which a base URL cannot have"
        raise UserError(message, "Take out everything from the `?` or `#` on.")
    return split


_EXAMPLE = "Write it in full, such as https://api.example.com/v1."


_NOT_A_KEY = "Give the base URL, put the key in an environment variable, and make a new one if this one was shown."


def _without_scheme(url: str, split: SplitResult) -> UserError:
    if looks_like_key(url):
        return UserError("that looks like a key, and not like a URL; it is not repeated here", _NOT_A_KEY)
    scheme, has_scheme, _ = url.partition("://")
    if has_scheme:
        likely = closest(scheme, ("http", "https"))
        did = f"; did you mean `{likely}`?" if likely else ""
        return UserError(f"the URL's scheme `{scheme[:20]}` is not http or https{did}", _EXAMPLE)
    host = re.split(r"[/?#]", url)[0].rpartition("@")[2]
    if not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9a-fA-F:]+\](:[0-9]+)?", host) or split.scheme == "mailto":
        return UserError("that is not a URL", _EXAMPLE)
    local = host.startswith(("localhost", "127.", "[::1]"))
    did = f"{'http' if local else 'https'}://{host}"
    path = re.split(r"[?#]", url.partition("/")[2])[0].rstrip("/")
    full = f"{did}/{path}" if path and "@" not in url and not looks_like_key(path) else did
    return UserError(f"the URL has no scheme; did you mean `{full}`?", _EXAMPLE)


def _without_operation(path: str, operations: Iterable[str]) -> tuple[str, str]:
    for operation in operations:
        if path.endswith(operation):
            base = path.removesuffix(operation).rstrip("/")
            return base, f"Dropped {operation} from the URL: the base URL ends before it."
    return path, ""
