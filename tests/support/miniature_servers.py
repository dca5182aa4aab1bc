"""Small servers with one fault of their own: they pass on what the reference provider answers, but for that fault.

Each speaks HTTP by hand over asyncio on loopback, one request a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from conformance.reference.server.serving import ReferenceServer

_STRAY = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Passed:
    """A request as it is passed on; `number` counts those with a body, from 1."""

    number: int
    raw: bytes
    stream: bool


class Miniature:
    """Passes every request on to `upstream`; what is wrong with it is up to the classes that derive from it."""

    def __init__(self, upstream: str) -> None:
        place = urlsplit(upstream)
        self._host, self._port = str(place.hostname), int(place.port or 80)
        self.posts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the request of one connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await self.answer(await self._read(reader), reader, writer)
        writer.close()

    async def answer(self, request: Passed, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer as one should."""
        async for piece in self.pieces(request):
            writer.write(piece)
            await writer.drain()

    async def pieces(self, request: Passed) -> AsyncIterator[bytes]:
        """What the reference provider answers: the head, then each chunk, or the body at once."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request.raw)
            head = await reader.readuntil(b"\r\n\r\n")
            yield head
            if b"transfer-encoding: chunked" not in head.lower():
                yield await reader.read(-1)
                return
            size = 1
            while size:
                line = await reader.readline()
                size = int(line, 16)
                yield line + await reader.readexactly(size + 2)
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Passed:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        named = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(named.get("content-length", 0)))
        kept = [line for line in lines if line.partition(":")[0].lower() not in {"connection", "host"}]
        head = "\r\n".join([first, f"Host: {self._host}:{self._port}", "Connection: close", *kept])
        self.posts += first.startswith("POST")
        number = self.posts if first.startswith("POST") else 0
        return Passed(number, head.encode("latin-1") + b"\r\n\r\n" + body, _asks_for_stream(body))


def _asks_for_stream(body: bytes) -> bool:
    try:
        asked = json.loads(body)
    except ValueError:
        return False
    return isinstance(asked, dict) and asked.get("stream") is True


class CutsStreams(Miniature):
    """Ends a stream that runs with [DONE], and drops its connection, when another request with a body arrives."""

    async def answer(self, request: Passed, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer as one should, a stream for as long as nobody else asks."""
        events = 0
        async for piece in self.pieces(request):
            if request.stream and events > 1 and self.posts != request.number:
                writer.write(b"%x\r\n%s\r\n" % (len(_STRAY), _STRAY))
                return
            events += 1
            writer.write(piece)
            await writer.drain()


class Stalls(Miniature):
    """Lets seventeen requests in a row wait in vain; those before and after are answered."""

    silent = range(12, 29)

    async def answer(self, request: Passed, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer as one should, or not at all."""
        if request.number in self.silent:
            await reader.read(-1)  # until the client gives up
        else:
            await super().answer(request, reader, writer)


@contextmanager
def miniature(kind: type[Miniature], *, delay: float = 0.002) -> Iterator[tuple[str, str]]:
    """A server of that kind; gives its base URL and its key. `delay` is what lies between two events of a stream."""
    with ReferenceServer(delay=delay) as upstream:
        server, ready, loop = kind(upstream.base_url), threading.Event(), asyncio.new_event_loop()
        ports: list[int] = []

        async def listen() -> None:
            listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
            ports.append(listening.sockets[0].getsockname()[1])
            ready.set()
            with contextlib.suppress(asyncio.CancelledError):
                await listening.serve_forever()

        thread = threading.Thread(
            target=loop.run_until_complete, args=[task := loop.create_task(listen())], daemon=True
        )
        thread.start()
        ready.wait(10)
        try:
            yield f"http://127.0.0.1:{ports[0]}/v1", upstream.api_key
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join(10)
            for left in asyncio.all_tasks(loop):
                left.cancel()
            loop.run_until_complete(asyncio.sleep(0.05))
            loop.close()
