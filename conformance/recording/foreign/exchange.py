"""Traffic that another tool recorded: what each request asked for follows from its path, its `stream` and its status.

The recorder's intention is unknown, so an answer of status 400 or more is taken for an expected error. A path that is
not one of the API's own is kept as `other`. Keys that the other tool left in are masked as our own are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from conformance.api.registry import ERROR, OTHER, surface_of_url
from conformance.api.surface import Surface
from conformance.model import (
    Exchange,
    Facet,
    Footer,
    Header,
    Headers,
    Outcome,
    Read,
    Recording,
    Request,
)
from conformance.recording.body_bounds import DecodingAllowance
from conformance.recording.stored_reads import LARGE, HeldReads
from conformance.secrets.headers import credential_spans, holds_credential
from conformance.secrets.masking import Secrets
from conformance.wire.compression import decode, unknown

FOREIGN_LOST = frozenset({Facet.READS, Facet.OUTCOME})
"""What no other tool keeps: packet boundaries with their times, and how the connection ended."""

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)$")
_KEY = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])\S{16,}")
_GZIP = b"\x1f\x8b"


class LeftOut(Exception):
    """An exchange cannot be read; the words say why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as another tool kept it."""

    method: str
    url: str
    headers: Headers
    body: bytes | None


@dataclass(frozen=True, slots=True)
class ForeignAnswer:
    """An answer as another tool kept it; times are seconds, `started_at` since the epoch."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    http_version: str = ""
    started_at: float = 0.0
    headers_at: float = 0.0
    ended_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Place:
    base_url: str
    path: str
    expects: str
    model: str = ""


def foreign_exchange(number: int, sent: Sent, answer: ForeignAnswer, lost: frozenset[Facet]) -> Exchange:
    """An exchange of another tool; `number` counts from 1 and becomes its id.

    Request headers count as lost where they hold no credential: the recorder has filtered them.

    Raises:
        LeftOut: The URL or the status is none.
    """
    if not 100 <= answer.status <= 599:
        raise LeftOut(f"{answer.status} is no HTTP status")
    request = Request(method=sent.method.upper(), path="", headers=(), body=sent.body)
    place = _locate(request, sent.url)
    if not any(holds_credential(name) for name, _ in sent.headers):
        lost |= {Facet.REQUEST_HEADERS}
    if not answer.headers:
        lost |= {Facet.RESPONSE_HEADERS}
    expects = place.expects if place.expects == OTHER else _answered(place.expects, answer.status)
    exchange = Exchange(
        id=str(number),
        request=replace(request, path=place.path, headers=_own(sent.headers), expects=expects),
        url=sent.url,
        model=place.model,
        sent_headers=sent.headers,
        status=answer.status,
        reason=answer.reason,
        http_version=answer.http_version,
        response_headers=answer.headers,
        raw=(Read(answer.ended_at, answer.body),) if answer.body else (),
        outcome=Outcome.COMPLETE,
        started_at=answer.started_at,
        headers_at=answer.headers_at,
        ended_at=answer.ended_at,
        lost=lost | FOREIGN_LOST,
        decode=decode,
    )
    return _secrets(_keys(sent.headers)).mask_exchange(exchange)


@lru_cache(maxsize=64)
def _secrets(keys: frozenset[str]) -> Secrets:
    return Secrets(sorted(keys))


def _keys(headers: Headers) -> frozenset[str]:
    """The keys that a recorder left in the request's headers; a stand-in such as `REDACTED` is none."""
    pairs = [(name, value.encode("utf-8", "surrogatepass")) for name, value in headers]
    spans = [(value, span) for name, value in pairs for span in credential_spans(name, value)]
    values = [value[slice(*span)].decode("utf-8", "surrogatepass").strip() for value, span in spans]
    return frozenset(value for value in values if _KEY.fullmatch(value))


class Intake:
    """The exchanges of a file as they are read; what is left out is told by number up to a few, and counted beyond.

    A file may hold millions of entries that are none, and bodies that decode to a thousand times what they are.
    """

    _TOLD = 50
    _MOST = 64 * 1024 * 1024
    """Bytes of bodies that are held of one file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._told: list[str] = []
        self._more = 0
        self._held = 0
        self.exchanges: list[Exchange] = []

    def take(self, number: int, make: Callable[[], Exchange]) -> None:
        """Take an exchange, or note why it is left out."""
        try:
            if self._held > self._MOST:
                raise LeftOut(f"the bodies before it hold more than {self._MOST} bytes")  # noqa: TRY301 - one way out
            exchange = make()
        except LeftOut as why:
            self._leave_out(number, str(why))
        except ValueError:
            self._leave_out(number, "it holds a value that cannot be read")
        else:
            self._held += sum(len(read.data) for read in exchange.raw)
            self.exchanges.append(exchange)

    @property
    def notes(self) -> list[str]:
        """What to tell of what was left out."""
        return [*self._told, *([f"{self._name}: {self._more} more are left out."] if self._more else [])]

    def _leave_out(self, number: int, why: str) -> None:
        if len(self._told) < self._TOLD:
            self._told.append(f"{self._name}#{number} is left out: {why}.")
        else:
            self._more += 1


def foreign_recording(path: Path, exchanges: Sequence[Exchange], notes: Sequence[str]) -> Recording:
    """One recording of what a file holds; its endpoint is the first host that was asked for something of the API."""
    ours = [exchange for exchange in exchanges if exchange.request.expects != OTHER] or list(exchanges)
    base_url = _locate(ours[0].request, ours[0].url).base_url if ours else ""
    models = tuple(dict.fromkeys(exchange.model for exchange in ours if exchange.model))
    started = [exchange.started_at for exchange in exchanges if Facet.CLOCK not in exchange.lost]
    header = Header(
        endpoint=urlsplit(base_url).netloc,
        base_url=base_url,
        models=models,
        label=path.name,
        created=min(started, default=0.0),
        foreign=True,
    )
    allowance = DecodingAllowance()
    placed = [allowance.bound(replace(one, source=f"{path.name}#{one.id}")) for one in exchanges]
    if allowance.decoded + sum(len(read.data) for one in placed for read in one.raw) >= LARGE:
        placed = [replace(one, raw=HeldReads(tuple(one.raw))) for one in placed]
    footer = Footer(reason="recorded by another tool", exchanges=len(placed))
    return Recording(header, tuple(placed), footer, str(path), tuple(notes))


def readable(body: bytes, headers: Headers) -> bytes:
    """The body in a form that `Exchange.content` can decode.

    Raises:
        LeftOut: It is still compressed in a way that cannot be undone here.
    """
    encoding = next((value for name, value in headers if name.lower() == "content-encoding"), "")
    if body[:2] == _GZIP:
        plain = decode(body, "gzip")
        if plain is body:
            raise LeftOut("its gzip body is damaged")
        return plain if decode(body, encoding) is body else body
    strange = unknown(encoding)
    if not strange or _is_text(body):
        return body  # an encoding may linger on a body that the recorder has decoded
    raise LeftOut(f"its body is encoded as {strange[:20]}, which cannot be decoded here")


def as_json(value: Any) -> bytes:
    """A body of which the recorder kept only the parsed value, as JSON again.

    Raises:
        LeftOut: The value is none that JSON has.
    """
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError):
        raise LeftOut("its body is no JSON value") from None


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _own(headers: Headers) -> Headers:
    """What the scenario would have asked for itself: everything but credentials."""
    return tuple(pair for pair in headers if not holds_credential(pair[0]))


def _answered(expects: str, status: int) -> str:
    if status >= 400:
        return ERROR
    return expects if 200 <= status < 300 else OTHER


def _locate(request: Request, url: str) -> _Place:
    """Split a URL into base and path, and say what was asked for."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise LeftOut("its URL is none") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise LeftOut("its URL is none")
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    query = f"?{parts.query}" if parts.query else ""
    located = surface_of_url(request.method, parts.path)
    if located is None:
        return _Place(origin, (parts.path or "/") + query, OTHER)
    surface, found = located
    model = unquote(found["model"]) if "model" in found.re.groupindex else _model(request, found["base"])
    return _Place(origin + found["base"], found["path"] + query, _expectation(request, surface), model)


def _model(request: Request, base: str) -> str:
    """The model that a request names, or the deployment that its URL does."""
    model, deployment = request.param("model"), _DEPLOYMENT.search(base)
    if isinstance(model, str):
        return model
    return unquote(deployment[1]) if deployment else ""


def _expectation(request: Request, surface: Surface) -> str:
    if surface.told_by and request.param(surface.told_by) is None and request.json is not None:
        return OTHER
    return surface.streamed if surface.streamed and request.asks("stream") else surface.plain
