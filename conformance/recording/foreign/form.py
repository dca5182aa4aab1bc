"""What all forms of recording have in common: entries are read one by one, and what is left out is accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.api.registry import OTHER
from conformance.model import Exchange, Facet, Footer, Header, Omission, Recording
from conformance.recording.body_bounds import DecodingAllowance
from conformance.recording.foreign.bodies import LeftOut
from conformance.recording.foreign.placement import base_url_of, path_of, server_of
from conformance.recording.stored_reads import LARGE, HeldReads
from conformance.secrets.recognition import looks_like_key
from conformance.text import one_line

ANOTHER_API = "it is of no operation that is known here"
REDIRECTED = "its status is that of no answer and of no error"

_SHOWN = 3  # entries with the same reason that notes name; the count says how many there are
_LONGEST_LIST = 16 * 1024 * 1024  # bytes of a list of models that are looked at
_MOST_HELD = 64 * 1024 * 1024
"""Bytes of bodies that are held of one file."""
_PARSED = "{count} of its {total} bodies were kept as parsed values: their own bytes are lost."
_FILTERED = "Its response headers may have been filtered: an absent header proves nothing."


@dataclass(frozen=True)
class Form:
    """A form of recording, one row of the table in `forms.py`.

    `holds` says whether a file's content is of this form: a parsed JSON or YAML document, or the bytes themselves where
    `raw`. `entries` takes it apart, and `exchange` reads one entry, whose number counts from 1: it raises `LeftOut`, or
    any `ValueError`, where the entry cannot be read. `note` says what the form does not keep.
    """

    name: str
    note: str
    holds: Callable[[Any], bool]
    entries: Callable[[Any], Iterable[Any]]
    exchange: Callable[[int, Any], Exchange]
    raw: bool = False
    bytes_lost: str = _PARSED


def read_form(form: Form, content: Any, path: Path) -> Recording:
    """The recording that a file of this form holds; what cannot be read, or is of no operation, is left out."""
    found: list[Exchange] = []
    left_out: list[Omission] = []
    held, allowance = 0, DecodingAllowance()
    for number, entry in enumerate(form.entries(content), start=1):
        source = f"{path.name}#{number}"
        try:
            if held > _MOST_HELD:  # a packed body may be kept unpacked, a thousand times as large
                raise LeftOut(f"the bodies before it hold more than {_MOST_HELD} bytes")  # noqa: TRY301 - one way out
            found.append(allowance.bound(replace(form.exchange(number, entry), source=source)))
            held += sum(len(read.data) for read in found[-1].raw)
        except LeftOut as why:
            left_out.append(Omission(source, str(why)))
        except ValueError:
            left_out.append(Omission(source, "it holds a value that cannot be read"))
    if held + allowance.decoded >= LARGE:
        found = [replace(one, raw=HeldReads(tuple(one.raw))) for one in found]
    hosts = {server_of(one.url) for one in found if one.request.expects != OTHER and one.request.method == "POST"}
    exchanges = tuple(one if _is_told(one, hosts) else _of_another(one) for one in found)
    notes = (form.note, *_lost_notes(form, exchanges), *_left_out_notes(left_out))
    footer = Footer(reason="recorded by another tool", exchanges=len(exchanges))
    header = foreign_header([one for one in exchanges if is_judged(one)] or exchanges, path.name)
    return Recording(header, exchanges, footer, str(path), notes, left_out=tuple(left_out))


def is_judged(exchange: Exchange) -> bool:
    """Whether an exchange of any tool is judged: what another recorded only where its operation is known."""
    return not exchange.foreign or exchange.request.expects != OTHER


def omissions(recording: Recording) -> list[Omission]:
    """What of a recording is not judged: what could not be read, and what is of no operation that is known."""
    return [*recording.left_out, *(_omission(one) for one in recording.exchanges if not is_judged(one))]


def foreign_header(exchanges: Sequence[Exchange], label: str) -> Header:
    """The header of what another tool recorded; its endpoint is the first host that was asked."""
    base_url = base_url_of(exchanges[0]) if exchanges else ""
    started = [exchange.started_at for exchange in exchanges if Facet.CLOCK not in exchange.lost]
    return Header(
        endpoint=base_url.partition("://")[2].partition("/")[0] or base_url,
        base_url=base_url,
        models=tuple(dict.fromkeys(exchange.model for exchange in exchanges if exchange.model)),
        label=label,
        created=min(started, default=0.0),
        foreign=True,
    )


def _of_another(one: Exchange) -> Exchange:
    return replace(one, request=replace(one.request, expects=OTHER))


def _is_told(one: Exchange, hosts: set[str]) -> bool:
    """Whether a request is known to be of the operation whose path it has.

    A list of models has the same path in many APIs and no body that would tell: it is ours where the same host was
    asked for something that only this API has, where a client of this API asked, or where its own form says so.
    """
    if one.request.expects == OTHER or one.request.method != "GET" or server_of(one.url) in hosts:
        return True
    agent = next((value for name, value in one.sent_headers if name.lower() == "user-agent"), "")
    return "openai" in agent.lower() or _lists_models(one)


def _lists_models(one: Exchange) -> bool:
    try:
        body = json.loads(one.content[:_LONGEST_LIST])
    except (ValueError, RecursionError):
        return False
    if not isinstance(body, dict):
        return False
    if (one.status or 0) >= 400:
        return isinstance(body.get("error"), dict | str) and body.get("type") != "error"
    entries = body.get("data")
    if isinstance(body.get("object"), str):
        return True
    paged = "has_more" in body and "object" not in body  # Anthropic's pages
    return isinstance(entries, list) and not paged


def _omission(one: Exchange) -> Omission:
    redirected = 300 <= (one.status or 0) < 400
    parts = ["…" if looks_like_key(part) else part for part in path_of(one.url).split("/")]
    asked = one_line(f"{one.request.method} {'/'.join(parts)} at {server_of(one.url)}", 120)
    return Omission(one.source, REDIRECTED if redirected else ANOTHER_API, asked)


def _lost_notes(form: Form, judged: Sequence[Exchange]) -> Iterator[str]:
    parsed = sum(Facet.BYTES in exchange.lost for exchange in judged)
    if parsed:
        yield form.bytes_lost.format(count=parsed, total=len(judged))
    if any(one.response_headers and not _has(one, "date") for one in judged):
        yield _FILTERED


def _has(one: Exchange, header: str) -> bool:
    return any(name.lower() == header for name, _ in one.response_headers)


def _left_out_notes(left_out: Sequence[Omission]) -> Iterator[str]:
    """The first few of each reason by name; how many there are of all files is for the reports to count."""
    seen: dict[str, int] = {}
    for one in left_out:
        seen[one.reason] = seen.get(one.reason, 0) + 1
        if seen[one.reason] <= _SHOWN:
            yield f"{one.source} is left out: {one.reason}{f' ({one.detail})' if one.detail else ''}."


def mapping(value: Any, member: str) -> Mapping[str, Any]:
    """An object's member that must be an object.

    Raises:
        LeftOut: it is not there, or something else.
    """
    found = value.get(member) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise LeftOut(f"it has no {member}")
    return found
