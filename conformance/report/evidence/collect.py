r"""The bytes behind a finding, made fit to show: the only report module that reads recordings.

An `Evidence` holds what one exchange sent and got, as text in which nothing is lost: bytes that are not UTF-8 stand as
\xNN. Large bodies are cut, with a note of where the whole lies; marked bytes survive the cut.
"""

from __future__ import annotations

import bisect
import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from conformance.api.event_words import word_of
from conformance.api.registry import STREAMS
from conformance.model import Exchange, Facet, Outcome, Recording, RequirementResult, Results, Verdict
from conformance.model.location import Kind
from conformance.report.evidence.curl import curl_line, key_variable_for, origin_of
from conformance.report.evidence.locate import locate_marks
from conformance.report.evidence.marks import Mark, Piece, kept_ranges, pieces_of, show_bytes
from conformance.wire import sse

BODY_LIMIT = 64 * 1024
"""Bytes of one body that are shown."""

TOTAL_LIMIT = 2_000_000
"""Characters, escaped for HTML, that all evidence of one report may take."""

LEAST = 2048
"""Bytes of a body that are shown when the total is spent."""

MOST_EXCHANGES = 600
LONGEST_SEARCHED = 256 * 1024
"""Bytes of a body in which the places that findings name are looked for, and how many of them."""

MOST_SEARCHED = 200
_HEADER_LIMIT = 8192

ENDINGS: Mapping[Outcome, str] = {
    Outcome.COMPLETE: "complete",
    Outcome.CUT_SHORT: "the connection ended inside the body",
    Outcome.STOPPED: "we stopped reading, as the scenario asks",
    Outcome.NO_ANSWER: "the connection closed before a status line",
    Outcome.NO_SUCH_HOST: "no such host",
    Outcome.REFUSED: "the connection was refused",
    Outcome.CONNECT_FAILED: "the connection could not be made",
    Outcome.TLS_ERROR: "TLS failed",
    Outcome.PROTOCOL_ERROR: "what came is not HTTP",
    Outcome.CONNECT_TIMEOUT: "connecting took too long",
    Outcome.FIRST_BYTE_TIMEOUT: "no first byte in time",
    Outcome.IDLE_TIMEOUT: "it stalled: bytes came, then none for too long",
    Outcome.TOTAL_TIMEOUT: "the whole took too long",
    Outcome.BYTE_LIMIT: "it sent more bytes than we take",
    Outcome.EVENT_LIMIT: "it sent more events than we take",
    Outcome.INTERRUPTED: "the run was interrupted",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a stream: an event (with its index from 0) or what lies between events.

    `at` is seconds since the request.
    """

    pieces: tuple[Piece, ...]
    index: int | None = None
    at: float | None = None
    marks: tuple[str, ...] = ()
    kind: str = "event"  # event, finish, usage, done, error or other


@dataclass(frozen=True)
class Evidence:
    """One exchange as a report shows it. Every text may be hostile and is shown as text alone."""

    id: str
    scenario: str
    model: str
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    curl: str
    status: int | None
    status_line: str
    response_headers: tuple[tuple[str, str, bool], ...]  # name, value, whether a finding points at it
    pretty: str  # a JSON body, indented; empty for anything else
    pieces: tuple[Piece, ...]  # the body; empty for a stream
    blocks: tuple[Block, ...]  # a stream's blocks; empty for anything else
    ended: str
    outcome: Outcome
    headers_at: float | None
    ended_at: float | None
    size: int
    note: str = ""
    attempt: int = 0
    repeats: str = ""
    source: str = ""
    marks: tuple[Mark, ...] = ()
    status_marked: bool = False


def marks_of(results: Results) -> dict[str, tuple[Mark, ...]]:
    """Where the findings of a run point, by exchange."""
    found: dict[str, list[Mark]] = {}
    for row in results.requirements:
        for finding in row.result.findings:
            if finding.exchange:
                places = (finding.location, *finding.also)
                marks = [Mark(row.requirement.id, place, place.span) for place in places]
                found.setdefault(finding.exchange, []).extend(marks)
    return {key: tuple(dict.fromkeys(marks)) for key, marks in found.items()}


def wanted_ids(results: Results, *, findings: int = 5) -> tuple[str, ...]:
    """The exchanges that a report cites, the weightiest first: failures, the capability matrix, then the rest.

    Args:
        results: The run.
        findings: How many findings of each row must have their evidence.
    """
    failed = [row for row in results.requirements if row.result.verdict in {Verdict.FAIL, Verdict.ERROR}]
    first = [f.exchange for row in sorted(failed, key=_weight) for f in row.result.findings[:findings]]
    cells = [identity for cell in results.capabilities for identity in cell.evidence]
    rest = [identity for row in results.requirements for identity in row.result.exchanges[:findings]]
    return tuple(dict.fromkeys(identity for identity in [*first, *cells, *rest] if identity in results.exchanges))


def _weight(row: RequirementResult) -> int:
    return ["MUST", "SHOULD", "MAY"].index(row.requirement.level)


def collect(
    recordings: Iterable[Recording],
    wanted: Iterable[str],
    marks: Mapping[str, Sequence[Mark]] | None = None,
    *,
    key_variable: str = "",
    limit: int = BODY_LIMIT,
    total: int = TOTAL_LIMIT,
) -> dict[str, Evidence]:
    """The evidence of the wanted exchanges, in the order wanted.

    Args:
        recordings: Where the exchanges lie.
        wanted: Exchange ids, the weightiest first: when `total` is spent, the later ones are cut to `LEAST` bytes.
        marks: Places to mark in the bodies, by exchange.
        key_variable: The environment variable that holds the endpoint's key, for the curl line; empty if unknown.
        limit: Bytes of one body that are shown.
        total: Characters that all evidence may take.
    """
    held: dict[str, Exchange] = {}
    variables: dict[str, str] = {}
    for recording in recordings:
        base, own = recording.header.base_url, key_variable_for(key_variable, recording.header.base_url)
        for one in recording.exchanges:
            held[one.id] = one
            variables[one.id] = own if origin_of(one.url) == origin_of(base) else ""  # a key goes nowhere else
    found: dict[str, Evidence] = {}
    left = total
    for identity in wanted:
        if identity not in held or identity in found:
            continue
        if len(found) >= MOST_EXCHANGES:
            break
        most, variable = limit if left > limit else LEAST, variables[identity]
        evidence = evidence_of(held[identity], tuple((marks or {}).get(identity, ())), variable, most)
        if most != LEAST and _cost(evidence) > left:
            evidence = evidence_of(held[identity], evidence.marks, variable, LEAST)
        left -= _cost(evidence)
        found[identity] = evidence
        held[identity].let_go()
    return found


def evidence_of(
    exchange: Exchange, marks: tuple[Mark, ...] = (), key_variable: str = "OPENAI_API_KEY", limit: int = BODY_LIMIT
) -> Evidence:
    """One exchange as a report shows it, at most `limit` bytes of its body and of its request's."""
    body = exchange.content
    stream = sse.parse_events(body) if _is_stream(exchange, body) else None
    marks = _located(body, marks, stream)
    kept = kept_ranges(body, marks, limit)
    blocks = _blocks(exchange, body, marks, kept, stream) if stream else ()
    timed = Facet.READS not in exchange.lost
    return Evidence(
        id=exchange.id,
        scenario=exchange.scenario,
        model=exchange.model,
        method=exchange.request.method,
        url=exchange.url,
        request_headers=_bounded_headers(exchange.sent_headers or exchange.request.headers),
        request_body=_request_text(exchange.request.body or b"", limit),
        curl=curl_line(exchange, key_variable),
        status=exchange.status,
        status_line=_status_line(exchange),
        response_headers=_marked_headers(exchange, marks),
        pretty="" if blocks or len(body) > limit // 2 else _indented(body),
        pieces=() if blocks else pieces_of(body, kept, marks),
        blocks=blocks,
        ended=ENDINGS[exchange.outcome] + (f" ({exchange.detail[:400]})" if exchange.detail else ""),
        outcome=exchange.outcome,
        headers_at=exchange.headers_at if timed else None,
        ended_at=exchange.ended_at if timed else None,
        size=len(body),
        note=_note(exchange, body, kept),
        attempt=exchange.attempt,
        repeats=exchange.repeats,
        source=exchange.source,
        marks=marks,
        status_marked=any(mark.location.kind is Kind.STATUS for mark in marks),
    )


def _cost(evidence: Evidence) -> int:
    """Characters that the evidence takes in HTML."""
    texts = [piece.text for piece in evidence.pieces] + [evidence.pretty, evidence.request_body, evidence.curl]
    texts += [piece.text for block in evidence.blocks for piece in block.pieces]
    headers = (*evidence.request_headers, *((name, value) for name, value, _ in evidence.response_headers))
    texts += [f"{name}{value}" for name, value in headers]
    return sum(len(html.escape(text)) for text in texts) + 280 * len(evidence.blocks) + 3500


# --- the request and the head of the answer -----------------------------------------------------------------------


def _bounded_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers, at most 8 KB of them."""
    shown, left = [], _HEADER_LIMIT
    for name, value in headers:
        if left <= 0:
            shown.append(("…", "more headers in the recording"))
            break
        shown.append((name[:256], value[:left] + ("…" if len(value) > left else "")))
        left -= len(name) + len(value)
    return tuple(shown)


def _marked_headers(exchange: Exchange, marks: Sequence[Mark]) -> tuple[tuple[str, str, bool], ...]:
    pointed = {mark.location.name.lower() for mark in marks if mark.location.kind is Kind.HEADER}
    return tuple((name, value, name.lower() in pointed) for name, value in _bounded_headers(exchange.response_headers))


def _status_line(exchange: Exchange) -> str:
    if exchange.status is None:
        return "no answer"
    return " ".join(part for part in (exchange.http_version, str(exchange.status), exchange.reason[:200]) if part)


def _request_text(body: bytes, limit: int) -> str:
    text = _pretty(body) or show_bytes(body)
    return (
        text if len(text) <= limit else f"{text[:limit]}\n… {len(body):,} bytes in all; the recording holds the whole"
    )


def _indented(body: bytes) -> str:
    """JSON, indented, where the body is not so already."""
    pretty = _pretty(body)
    return "" if pretty.strip() == show_bytes(body).strip() else pretty


def _pretty(body: bytes) -> str:
    """JSON, indented, if the bytes are JSON; nothing otherwise."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False) if body[:1] in {b"{", b"["} else ""
    except (ValueError, RecursionError):
        return ""


def _note(exchange: Exchange, body: bytes, kept: Sequence[tuple[int, int]]) -> str:
    shown = sum(end - start for start, end in kept)
    notes = []
    if shown < len(body):
        whole = exchange.source or "the recording"
        notes.append(f"{shown:,} of {len(body):,} bytes are shown; the whole lies in {whole}.")
    if exchange.lost:
        lost = ", ".join(sorted(facet.value.replace("_", " ") for facet in exchange.lost))
        notes.append(f"The recording does not hold: {lost}.")
    return " ".join(notes)


# --- streams ------------------------------------------------------------------------------------------------------


def _is_stream(exchange: Exchange, body: bytes) -> bool:
    """Whether to show the body as events: it was asked for as a stream, and holds at least one field of SSE."""
    return exchange.request.expects in STREAMS and (body.startswith((b"data", b":", b"event")) or b"\ndata:" in body)


def _located(body: bytes, marks: tuple[Mark, ...], stream: sse.EventStream | None) -> tuple[Mark, ...]:
    """The marks with the bytes that they mean: in the body, or in the event that they name."""
    if len(body) > LONGEST_SEARCHED or len(marks) > MOST_SEARCHED:
        return marks
    if stream is None:
        return locate_marks(body, marks)
    events = {event.index: event for event in stream.events}
    found: list[Mark] = []
    for mark in marks:
        event = next((events[index] for index in _pointed_events([mark]) if index in events), None)
        begin = body.find(b"{", event.start, event.end) if event else -1
        found += locate_marks(body[begin : event.end], [mark], begin) if event and begin >= 0 else [mark]
    return tuple(found)


def _blocks(
    exchange: Exchange,
    body: bytes,
    marks: Sequence[Mark],
    kept: Sequence[tuple[int, int]],
    stream: sse.EventStream,
) -> tuple[Block, ...]:
    arrivals = _arrivals(exchange, body)
    pointed = _pointed_events(marks)
    events = [*stream.events, stream.tail] if stream.tail else [*stream.events]
    blocks: list[Block] = []
    position = 0
    for event in events:
        if event.start > position:
            blocks.append(_between(body, position, event.start, kept, marks))
        pieces = pieces_of(body, kept, marks, event.start, event.end)
        made = Block(
            pieces,
            event.index,
            _arrival(arrivals, event.end),
            pointed.get(event.index, ()),
            word_of(event, exchange.request),
        )
        blocks.append(made)
        position = event.end
    if position < len(body):
        blocks.append(_between(body, position, len(body), kept, marks))
    return _ended(_without_gaps(blocks), marks)


def _ended(blocks: tuple[Block, ...], marks: Sequence[Mark]) -> tuple[Block, ...]:
    """The blocks, and where a finding points behind them, a last one that says so; the one before is marked with it."""
    names = tuple(dict.fromkeys(mark.requirement for mark in marks if mark.location.kind is Kind.END))
    if not names or not blocks:
        return blocks
    last = replace(blocks[-1], marks=tuple(dict.fromkeys((*blocks[-1].marks, *names))))
    return (*blocks[:-1], last, Block((Piece("the body ends here", gap=True),), kind="other", marks=names))


def _between(body: bytes, start: int, end: int, kept: Sequence[tuple[int, int]], marks: Sequence[Mark]) -> Block:
    return Block(pieces_of(body, kept, marks, start, end), kind="other")


def _without_gaps(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks, each run of those that are left out whole drawn together into one."""
    shown: list[Block] = []
    run: list[Block] = []

    def close() -> None:
        if run:
            shown.append(replace(run[0], pieces=(Piece(f"… {len(run):,} blocks left out …", gap=True),), kind="other"))
            run.clear()

    for block in blocks:
        if block.pieces and all(piece.gap for piece in block.pieces):
            run.append(replace(block, index=None, at=None))
        else:
            close()
            shown.append(block)
    close()
    return tuple(shown)


def _pointed_events(marks: Sequence[Mark]) -> dict[int, tuple[str, ...]]:
    """Events that findings point at, by their index from 0, with the requirements that do."""
    found: dict[int, dict[str, None]] = {}
    for mark in marks:
        if mark.location.kind is Kind.EVENT and mark.location.index is not None:
            found.setdefault(mark.location.index - 1, {})[mark.requirement] = None
    return {index: tuple(names) for index, names in found.items()}


def _arrivals(exchange: Exchange, body: bytes) -> list[tuple[int, float]]:
    """(end offset, seconds) of each read, where reads were recorded and the bytes are the body's own."""
    if Facet.READS in exchange.lost or sum(len(read.data) for read in exchange.raw) != len(body):
        return []
    ends, offset = [], 0
    for read in exchange.raw:
        offset += len(read.data)
        ends.append((offset, read.at))
    return ends


def _arrival(arrivals: Sequence[tuple[int, float]], end: int) -> float | None:
    """When the last byte before `end` came."""
    position = bisect.bisect_left(arrivals, (end, -1.0))
    return arrivals[position][1] if position < len(arrivals) else None
