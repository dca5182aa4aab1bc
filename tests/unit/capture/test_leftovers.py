"""Bytes after the end of an answer: their sender is named, and the next request gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from conformance.capture.transport import Transport
from conformance.inputs.endpoint import Endpoint, Timeouts
from conformance.model import Exchange, Leftover, Outcome, Request
from conformance.recording.format import decode_line, encode
from conformance.secrets.masking import Secrets

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
POST = Request(body=b"{}")
FOREIGN = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign"
QUICK = Timeouts(connect=1, first_byte=1, idle=1, total=3)


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def _says(first: bytes, extra: bytes, pause: float = 0.0) -> Handler:
    """A server whose first answer is followed by `extra`, and whose later ones are their own number."""
    count = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        while True:
            await reader.readuntil(b"\r\n\r\n{}")
            count += 1
            if count > 1:
                writer.write(_answer(b"own %d" % count))
                continue
            writer.write(first if pause else first + extra)
            if pause:
                await asyncio.sleep(pause)
                writer.write(extra)

    return handle


def _ask(handler: Handler, between: float = 0.0) -> tuple[Exchange, Exchange]:
    async def run() -> tuple[Exchange, Exchange]:
        tasks: set[asyncio.Task[None]] = set()

        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await handler(reader, writer)
            writer.close()

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = Transport(Endpoint("x", f"http://127.0.0.1:{port}/v1", timeouts=QUICK), key="sk-secret-0123456789")
        try:
            first = await transport.send(POST)
            await asyncio.sleep(between)
            return first, await transport.send(POST)
        finally:
            await transport.aclose()
            server.close()
            for task in tasks:
                task.cancel()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("first", "extra", "pause"),
    [
        (_answer(b"own 1"), FOREIGN, 0.0),
        (_answer(b"own 1"), FOREIGN, 0.001),
        (_answer(b"own 1"), b"\r\n", 0.0),
        (_chunked(b"own 1"), b"\r\n", 0.0),
        (_chunked(b"own 1"), FOREIGN, 0.001),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b'{"a":1}', 0.0),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", b'{"a":1}', 0.0),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", b"cdef", 0.0),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nown 1", FOREIGN, 0.0),
    ],
    ids=["answer", "answer-late", "line-break", "after-chunks", "chunks-late", "204", "304", "length", "close"],
)
def test_what_follows_an_answer_is_its_own_fault_and_not_the_next_answer(
    first: bytes, extra: bytes, pause: float
) -> None:
    told, after = _ask(_says(first, extra, pause))
    assert told.outcome is Outcome.COMPLETE
    assert told.leftover == Leftover(len(extra), extra)
    assert (after.content, after.outcome, after.leftover) == (b"own 2", Outcome.COMPLETE, None)


def test_what_comes_long_after_an_answer_is_not_the_next_answer() -> None:
    _, after = _ask(_says(_answer(b"own 1"), FOREIGN, pause=0.1), between=0.3)
    assert after.content == b"own 2"


def test_a_connection_that_is_left_clean_is_kept() -> None:
    connections = 0
    serve = _says(_answer(b"own 1"), b"")

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await serve(reader, writer)

    told, after = _ask(counting)
    assert (told.leftover, after.content, connections) == (None, b"own 2", 1)


def test_a_server_that_closes_after_its_answer_leaves_nothing() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(_answer(b"mine"))

    assert [(one.content, one.leftover) for one in _ask(once)] == [(b"mine", None)] * 2


def test_no_key_is_kept_of_what_follows() -> None:
    told, _ = _ask(_says(_answer(b"own 1"), b"x" * 70 + b"sk-secret-0123456789" + b"y" * 1000))
    assert told.leftover is not None
    assert told.leftover.size == 1090
    assert told.leftover.start == b"x" * 70 + b"*" * 10


def test_the_recording_keeps_it_masked() -> None:
    told, _ = _ask(_says(_answer(b"own 1"), b"\r\n"))
    again = decode_line(encode(Secrets([]).mask_exchange(told)))
    assert isinstance(again, Exchange)
    assert again.leftover == Leftover(2, b"\r\n")


def test_the_time_of_an_answer_does_not_hold_the_look_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.capture.leftovers._LINGER", 0.5)
    told, _ = _ask(_says(_answer(b"own 1"), b""))
    assert told.ended_at < told.headers_at + 0.4
