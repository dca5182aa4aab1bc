"""The proxy that the environment names for an endpoint; whoever runs on this machine is never asked through one."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from conformance.errors import UserError

_HINT = "Write it as http://host:port, or unset it; NO_PROXY names hosts that are asked without it."
_SHORTENED = re.compile(r"127(?:\.\d{1,9}){1,3}")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """A proxy: its URL, which may hold a password, the variable that names it, and what may be told of it."""

    url: str = field(repr=False)
    variable: str
    place: str
    """Host and port."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it must be told to nobody but the proxy."""
        split = urlsplit(self.url)
        user, password = split.username or "", split.password or ""
        both = f"{unquote(user)}:{unquote(password)}" if password else ""
        return tuple(dict.fromkeys(one for one in (password, unquote(password), both) if one))


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine."""
    host = host.lower().strip("[]").rstrip(".")
    if host == "localhost" or host.endswith(".localhost") or _SHORTENED.fullmatch(host):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy through which a URL is asked, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY in either case.

    Raises:
        UserError: the variable holds no URL of a proxy, or of one that is not supported; the value is not repeated.
    """
    split = urlsplit(url)
    host = split.hostname or ""
    if is_loopback(host) or _is_excepted(host, split.port or _PORTS.get(split.scheme), environ):
        return None
    for name in (f"{split.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if value := environ.get(variable, "").strip():
                return _proxy(value, variable)
    return None


def _proxy(value: str, variable: str) -> Proxy:
    url = value if "://" in value else f"http://{value}"
    try:
        split = urlsplit(url)
        host, port = split.hostname, split.port
    except ValueError:
        raise UserError(f"{variable} does not hold the URL of a proxy: its host or port is malformed", _HINT) from None
    if not host or not re.fullmatch(r"[A-Za-z0-9._:%-]+", host):
        raise UserError(f"{variable} does not hold the URL of a proxy: it has no host", _HINT)
    shown = f"[{host}]" if ":" in host else host
    if split.scheme not in _PORTS:
        kind = "a SOCKS proxy" if split.scheme.startswith("socks") else "a proxy that is neither http nor https"
        where = f"{shown}:{port}" if port else shown
        raise UserError(f"{variable} names {kind} ({where}), which is not supported", _HINT)
    place = f"{shown}:{port or _PORTS[split.scheme]}"
    user = f"{split.netloc.rpartition('@')[0]}@" if "@" in split.netloc else ""
    if any(not 0x21 <= ord(one) <= 0x7E for one in user):
        raise UserError(f"{variable} holds a user or password with characters that no URL can carry", _HINT)
    return Proxy(f"{split.scheme}://{user}{place}", variable, place)


def _is_excepted(host: str, port: int | None, environ: Mapping[str, str]) -> bool:
    """Whether NO_PROXY names a host: itself, a domain that it lies in, its network, or all."""
    listed = environ.get("no_proxy", "") or environ.get("NO_PROXY", "")
    return any(_covers(one.strip().lower(), host.lower(), port) for one in listed.split(",") if one.strip())


def _covers(entry: str, host: str, port: int | None) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:  # names, and not addresses
        pass
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit() and "]" not in number:
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]").lstrip("*").lstrip(".")
    return bool(entry) and (host == entry or host.endswith(f".{entry}"))
