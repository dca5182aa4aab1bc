"""How a stream travels: in time, to its end, past caches and compressors, and after a client went away."""

from __future__ import annotations

import re

from conformance.api.answer import Trouble
from conformance.api.chat.payloads import Payload
from conformance.api.chat.stream import ChatStream, Ending, Framing
from conformance.api.views import Transcript
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, unblocked
from conformance.checks.outcomes import Inconclusive
from conformance.checks.setbacks import expect_awake
from conformance.model import Facet, Outcome
from conformance.model.location import Location

_PATIENCE = 5.0
"""Seconds that a connection may stay open after [DONE]."""


_UNBOUNDED = frozenset({Outcome.BYTE_LIMIT, Outcome.EVENT_LIMIT, Outcome.TOTAL_TIMEOUT})
"""Outcomes of a body that did not end as long as it was read."""


@check("stream.complete")
def test_the_stream_is_not_cut_short(framing: Framing) -> None:
    _read_to_the_end(framing)
    if framing.ending is Ending.CUT_SHORT:
        raise broken("the end of the stream", framing.ending.value, Location.part(f"after event {len(framing.events)}"))


@check("stream.stalled")
def test_the_stream_does_not_stall(framing: Framing) -> None:
    _read_to_the_end(framing)
    if framing.ending is Ending.STALLED:
        raise broken("the end of the stream", framing.ending.value, Location.part(f"after event {len(framing.events)}"))


def _read_to_the_end(framing: Framing) -> None:
    if framing.ending is Ending.LIMIT:
        raise Inconclusive(f"the harness stopped reading: {framing.exchange.outcome.value.replace('_', ' ')}")
    framing.exchange.require(Facet.OUTCOME)


@check("stream.closed")
def test_the_stream_is_closed_after_done(framing: Framing) -> None:
    exchange = framing.exchange
    exchange.require(Facet.OUTCOME)
    done = framing.events_of(Payload.DONE)
    applicable(done, "no [DONE]")
    if exchange.outcome in {Outcome.CUT_SHORT, Outcome.PROTOCOL_ERROR}:
        raise broken(
            "the end of the body, by the rules of HTTP", "the connection broke after [DONE]", Location.end("the end")
        )
    if exchange.outcome in _UNBOUNDED and len(exchange.content) > done[0].end:
        words = f"more bytes, until we stopped reading ({exchange.outcome.value.replace('_', ' ')})"
        raise broken("the end of the body right after [DONE]", words, Location.end("the end"))
    waited = exchange.ended_at - framing.arrival(done[0])
    if exchange.outcome is Outcome.IDLE_TIMEOUT or waited > _PATIENCE:
        expect_awake(exchange)
        raise broken(
            "the end of the body right after [DONE]", f"still open after {waited:.1f} s", Location.end("the end")
        )


_LONG = 0.75
"""Seconds of a stream from which on a single burst is the server's doing, and not that of a busy machine."""


@check("stream.incremental")
def test_events_arrive_as_they_are_produced(stream: ChatStream) -> None:
    applicable(stream.whole and len(stream.chunks) >= 8, "fewer than eight chunks of a whole stream")
    times = stream.arrivals
    bursts = len(set(times))
    conclusive(bursts > 2 or times[-1] >= _LONG, f"the whole stream took {times[-1]:.3f} s: too quick to tell")
    if bursts <= 2:
        expect_awake(stream.exchange)
        words = (
            f"{len(times)} events in {'one read' if bursts == 1 else 'two reads'}, after {times[0]:.2f} s of silence"
        )
        raise broken("events that arrive one after the other", words, Location.part("arrival times"))


@check("stream.content_length")
def test_no_length_is_announced(framing: Framing) -> None:
    length = framing.header("content-length")
    applicable(framing.events, "no event")
    if length is not None:
        framing.exchange.require(Facet.READS)  # a recorder that held the stream wrote the length of what it held
        raise broken("no Content-Length", length, Location.header("content-length"))


@check("stream.encoding")
def test_the_stream_is_not_compressed(framing: Framing) -> None:
    framing.exchange.require(Facet.REQUEST_HEADERS)
    wanted = [value for name, value in framing.exchange.sent_headers if name.lower() == "accept-encoding"]
    applicable(wanted == ["identity"], "the client accepts compression")
    got = framing.header("content-encoding") or "identity"
    expect(got.strip().lower(), at=Location.header("content-encoding")).equals("identity")


@check("stream.cacheable")
def test_caches_keep_away(framing: Framing) -> None:
    value = (framing.header("cache-control") or "").lower()
    applicable(value, "no Cache-Control")
    if re.search(r"\bpublic\b|\bimmutable\b|max-age\s*=\s*\"?[1-9]", value):
        raise broken("no-cache or no-store", value, Location.header("cache-control"))


@check("stream.buffering")
def test_proxies_are_told_not_to_buffer(framing: Framing) -> None:
    framing.exchange.require(Facet.OUTCOME)  # a cassette without it may have dropped headers as well
    said = (framing.header("cache-control") or "").lower(), (framing.header("x-accel-buffering") or "").lower()
    told = re.search(r"no-cache|no-store|no-transform", said[0]) or said[1].strip() == "no"
    expect(told, at=Location.headers()).is_true("Cache-Control: no-cache, or X-Accel-Buffering: no", "neither")


@check("stream.abort", scenario="stream.abort", stopped=True, unusable=True)
def test_the_next_request_is_answered(transcript: Transcript) -> None:
    stream, after = transcript.answers[0], transcript.answers[-1]
    granted = stream.exchange.ok and stream.trouble is None and len(transcript.answers) == 2
    unblocked(granted, "the stream itself was not granted", by="stream.granted")
    if after.trouble is not None:
        kind, words = after.trouble
        conclusive(kind not in {Trouble.LIMITED, Trouble.REFUSED}, words)
        raise broken(
            "HTTP 200 with a stream after an aborted stream", words, Location.status(), exchange=after.exchange.id
        )
