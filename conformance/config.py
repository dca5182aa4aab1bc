"""Whom we ask: endpoints from a URL or from conformance.yaml, and the keys that never leave the environment."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from conformance.model import Headers


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that an exchange may take: to connect, to the first byte, between two bytes, and in all."""

    connect: float = 10
    first_byte: float = 60
    idle: float = 30
    total: float = 180


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of one decoded body, events of one stream; requests and tokens of one run."""

    bytes: int = 8 * 1024 * 1024
    events: int = 20_000
    requests: int = 400
    tokens: int = 100_000


@dataclass(frozen=True)
class Endpoint:
    """The thing under test.

    `base_url` has no trailing slash. `api_key_env` is the NAME of the variable that holds the key, None where no key is
    sent. `profile` is None where the host decides. `models` is empty where the probe shall find one.
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

    @property
    def host(self) -> str:
        """The host's name in lower case, without its port."""
        return (urlsplit(self.base_url).hostname or "").lower()

    @property
    def loopback(self) -> bool:
        """Whether the endpoint runs on this machine."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
