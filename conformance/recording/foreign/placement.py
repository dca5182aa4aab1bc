"""What was asked of whom: it follows from the path and the form of the request, and from nothing else.

A path alone says little: other sites have a page `/models` or `/responses` too. A URL may have been scrubbed, in whole
or in part; what is left of its path counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from conformance.api.registry import OTHER, SURFACES, surface_of_url
from conformance.api.surface import Surface
from conformance.model import Exchange, Headers, Request
from conformance.recording.foreign.bodies import LeftOut
from conformance.recording.foreign.scrubbing import is_stand_in

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)$")
_REST = r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?"
_URL = re.compile(rf"(?P<scheme>https?)://(?P<host>[^/?#]+){_REST}", re.DOTALL)
_SCRUBBED = re.compile(rf"(?P<host>[^/?#]+){_REST}", re.DOTALL)
_TEMPLATE = re.compile(r"\{+[^{}]+\}+|\$\{?\w+\}?")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\s]*\w[^:\s]*)(?::(?P<port>\d*))?")
_SERVER = re.compile(r"(?:\[(?P<address>[^\]]+)\]|(?P<host>[^:]+)):\d+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_OTHERS = frozenset({"anthropic-version"})
"""Headers of requests that only another API asks for."""
_NAMED = 4096  # bytes in which an answer says what it is


@dataclass(frozen=True, slots=True)
class Place:
    """A request's place in an API: `host` is who was asked, `expects` what is due."""

    host: str
    base_url: str
    path: str
    expects: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class _Url:
    origin: str
    host: str
    path: str
    query: str
    port: str = ""
    scrubbed: bool = False


def locate(request: Request, url: str, headers: Headers, answer: bytes) -> Place:
    """Split a URL into base and path, and say what was asked for.

    Where nothing of the URL is left, the form of the request and what the answer calls itself say it.

    Raises:
        LeftOut: the URL is none.
    """
    parts = _split(url)
    if parts.scrubbed and not parts.path:
        surface = _told_by_forms(request, answer)
        path, expects = (surface.path, _expectation(request, surface)) if surface else ("/", OTHER)
        return Place(parts.host, parts.origin, path, expects, _model(request, ""))
    located = surface_of_url(request.method, parts.path)
    if located is None:
        return Place(parts.host, parts.origin, (parts.path or "/") + parts.query, OTHER)
    surface, found = located
    model = unquote(found["model"]) if "model" in found.re.groupindex else _model(request, found["base"])
    expects = _expectation(request, surface) if _fits(request, surface, headers) else OTHER
    return Place(parts.host, parts.origin + found["base"], found["path"] + parts.query, expects, model)


def host_of(url: str) -> str:
    """Who was asked, by a URL that may be scrubbed: the host without its port, or what stands in its place."""
    try:
        return _split(url).host
    except LeftOut:
        return ""


def server_of(url: str) -> str:
    """Who was asked, with the port where it is not the scheme's own: two ports of a host are two servers."""
    try:
        parts = _split(url)
    except LeftOut:
        return ""
    if not parts.port:
        return parts.host
    return f"[{parts.host}]:{parts.port}" if ":" in parts.host else f"{parts.host}:{parts.port}"


def host_of_server(server: str) -> str:
    """The host of a server that `server_of` named."""
    found = _SERVER.fullmatch(server)
    return (found["address"] or found["host"]) if found else server


def path_of(url: str) -> str:
    """What of a URL's path is left."""
    try:
        return _split(url).path or "/"
    except LeftOut:
        return "/"


def base_url_of(exchange: Exchange) -> str:
    """The URL below which an exchange's path stands."""
    try:
        return locate(exchange.request, exchange.url, exchange.sent_headers, b"").base_url
    except LeftOut:
        return ""


def _split(url: str) -> _Url:
    parts = _URL.fullmatch(url)
    if parts:
        netloc = parts["host"].rpartition("@")[2]
        found = _HOST.fullmatch(netloc) or _HOST.fullmatch(re.sub(r"[\[\]]", "", netloc))
        if found:
            origin, host = f"{parts['scheme']}://{found[0]}", found["name"].strip("[]").lower()
            port = _port(parts["scheme"], found["port"] or "")
            return _Url(origin, host, parts["path"] or "", parts["query"] or "", port)
    parts = _SCRUBBED.fullmatch(url)
    if parts and (is_stand_in(parts["host"]) or _TEMPLATE.fullmatch(parts["host"])):
        host = parts["host"]
        return _Url(host, host.strip("<>{}[]$* ") or host, parts["path"] or "", parts["query"] or "", scrubbed=True)
    raise LeftOut("its URL is none")


def _port(scheme: str, written: str) -> str:
    """The port as a plain number; nothing where it is the one that the scheme has anyway."""
    plain = written.lstrip("0")
    return "" if plain == str(_DEFAULT_PORTS[scheme]) else plain


def _fits(request: Request, surface: Surface, headers: Headers) -> bool:
    """Whether the form of a request is that of the operation whose path it has.

    A body that was not kept tells nothing; one that is meant to be JSON and is broken may be a test of the endpoint.
    """
    if any(name.lower() in _OTHERS for name, _ in headers) and surface.method == "GET":
        return False
    body = request.json
    if not isinstance(body, dict):
        return surface.method == "GET" or not request.body or request.body.lstrip()[:1] == b"{"
    if surface.told_by:
        return body.get(surface.told_by) is not None
    known = {"model", "stream", *surface.prompt_members, *surface.limit_fields}
    return not body or bool(body.keys() & known)


def _told_by_forms(request: Request, answer: bytes) -> Surface | None:
    """The operation of a request whose URL was scrubbed: by its body, and by the `object` of what came back."""
    body, head = request.json, answer[:_NAMED]
    if not isinstance(body, dict) or request.method != "POST":
        return None
    rows = (one for one in SURFACES.values() if one.objects and one.prompt_members[0] in body)
    return next((one for one in rows if any(_names(head, word) for word in one.objects)), None)


def _names(head: bytes, word: str) -> bool:
    return re.search(rb'"object"\s*:\s*"' + re.escape(word.encode()) + rb'"', head) is not None


def _model(request: Request, base: str) -> str:
    """The model that a request names, or the deployment that its URL does."""
    model, deployment = request.param("model"), _DEPLOYMENT.search(base)
    if isinstance(model, str):
        return model
    return unquote(deployment[1]) if deployment else ""


def _expectation(request: Request, surface: Surface) -> str:
    return surface.streamed if surface.streamed and request.asks("stream") else surface.plain
