"""The endpoint under test: where it is, which variable holds its key, within which limits it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from conformance.errors import UserError
from conformance.inputs.base_url import folder_name, normalise
from conformance.inputs.proxies import is_loopback
from conformance.model import Headers
from conformance.secrets.headers import ENDPOINT_KEYS
from conformance.secrets.recognition import NAME_THE_VARIABLE, variable_problem
from conformance.secrets.validation import check_key

DEFAULT_KEY = "OPENAI_API_KEY"
"""The variable that holds the key of an endpoint elsewhere, where none is named."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that an exchange may take: to connect, to the first byte, between two bytes, and in all."""

    connect: float = 10
    first_byte: float = 60
    idle: float = 30
    total: float = 180

    def fit(self, seconds: float) -> Timeouts:
        """The timeouts of an exchange that may take so many seconds in all.

        No wait is longer than the whole. Where the whole becomes longer, the waits for the first byte and between two
        bytes grow with it: an endpoint that needs more time needs it there. Connecting does not take longer.
        """
        factor = max(1.0, seconds / self.total)
        return Timeouts(
            connect=min(self.connect, seconds),
            first_byte=min(self.first_byte * factor, seconds),
            idle=min(self.idle * factor, seconds),
            total=seconds,
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of one decoded body, events of one stream; requests, tokens, seconds and requests a minute of one run."""

    bytes: int = 8 * 1024 * 1024
    events: int = 20_000
    requests: int = 400
    tokens: int = 100_000
    seconds: float = 3600
    per_minute: float | None = None


@dataclass(frozen=True)
class Endpoint:
    """The thing under test.

    `base_url` has no trailing slash. `api_key_env` is the NAME of the variable that holds the key, None where no key is
    sent. `headers_env` are pairs of a header's name and the NAME of the variable that holds its value, a secret as the
    key is. `profile` is None where the host decides. `models` is empty where the probe shall find one.
    """

    name: str
    base_url: str
    api_key_env: str | None = None
    models: tuple[str, ...] = ()
    profile: str | None = None
    headers: Headers = ()
    concurrency: int = 8
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    verify_tls: bool = True
    label: str = ""
    hint: str = ""  # to show when every request is answered 404
    note: str = ""  # what we changed in the URL that was given
    headers_env: Headers = ()

    @property
    def host(self) -> str:
        """The host's name in lower case, without its port."""
        return (urlsplit(self.base_url).hostname or "").lower()

    @property
    def loopback(self) -> bool:
        """Whether the endpoint runs on this machine."""
        return is_loopback(self.host)


def endpoint_from_url(
    url: str,
    *,
    name: str | None = None,
    api_key_env: str | None = None,
    models: Iterable[str] = (),
    profile: str | None = None,
    headers: Mapping[str, str] | None = None,
    headers_env: Mapping[str, str] | None = None,
    verify_tls: bool = True,
    label: str = "",
    operations: Iterable[str] = (),
) -> Endpoint:
    """The endpoint at a URL; the variable of the key is OPENAI_API_KEY by default, none on loopback.

    None either where one of `headers_env` carries the key.

    `operations` are paths that people paste with a base URL, and that are dropped from its end.

    Raises:
        UserError: the URL cannot be a base URL, or a key was given instead of the name of its variable.
    """
    base_url, note, hint = normalise(url, operations)
    endpoint = Endpoint(
        name=name or folder_name(base_url),
        base_url=base_url,
        models=tuple(models),
        profile=profile,
        headers=tuple((headers or {}).items()),
        headers_env=tuple((headers_env or {}).items()),
        verify_tls=verify_tls,
        label=label,
        hint=hint,
        note=note,
    )
    if api_key_env is not None:
        problem = variable_problem(api_key_env)
        if problem:
            raise UserError(f"--api-key-env {problem}", NAME_THE_VARIABLE)
    keyed = any(header.lower() in ENDPOINT_KEYS for header, _ in endpoint.headers_env)
    return replace(endpoint, api_key_env=api_key_env or (None if endpoint.loopback or keyed else DEFAULT_KEY))


def api_key(endpoint: Endpoint, environ: Mapping[str, str]) -> str | None:
    """The endpoint's key from the environment, None where it needs none.

    Raises:
        UserError: the variable is unset or empty, or holds what no header can carry.
    """
    if endpoint.api_key_env is None:
        return None
    key = environ.get(endpoint.api_key_env, "").strip()
    if not key:
        message = f"{endpoint.api_key_env} is not set: it should hold the API key of {endpoint.name}"
        raise UserError(message, f"Run `export {endpoint.api_key_env}=…`, or name another variable with --api-key-env.")
    check_key(key, endpoint.api_key_env)
    return key
