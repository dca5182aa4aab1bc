"""Running the reference provider on loopback: in a thread for a test, in the foreground for `conformance serve`."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from conformance.errors import UserError
from conformance.reference.dialects import dialect_named
from conformance.reference.server.abrupt import TRANSPORT
from conformance.reference.server.app import create_app

if TYPE_CHECKING:
    import uvicorn

_READY = 10.0  # seconds until a server must listen


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; it costs 40 ms per answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UserError(
            f"Cannot listen on {host}:{port}: {error.strerror}.", "Choose another port, or 0 for any free one."
        ) from error
    return listener


def _server(app: Any) -> uvicorn.Server:
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        """Shows the connection to the application, which may want to end it badly."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.app_state = {**self.app_state, TRANSPORT: transport}

    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        access_log=False,
        log_level="critical",
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


async def _started(app: Any, listener: socket.socket) -> uvicorn.Server:
    """A server that takes connections; its own main loop and signal handlers stay out of it."""
    server = _server(app)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    return server


class ReferenceServer:
    """The reference provider in a thread of its own, as a context manager.

    Args:
        dialect: a name of `dialects.DIALECTS`.
        faults: names of `faults.FAULTS`.
        delay: seconds before each event of a stream.
        port: 0 takes a free one.

    Raises:
        UserError: the dialect or a fault is unknown, or the port is taken.
    """

    def __init__(self, dialect: str = "openai", faults: Sequence[str] = (), delay: float = 0.0, port: int = 0) -> None:
        self.api_key = dialect_named(dialect).key
        self.app = create_app(dialect, faults, delay=delay)
        self._port = port
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT/v1`; the port is known once the server was entered."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        self._listener = _listener("127.0.0.1", self._port)
        self._port = self._listener.getsockname()[1]
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="reference-server", daemon=True)
        self._thread.start()
        if not ready.wait(_READY):
            raise UserError("The reference server did not start.", "Run it again; the machine may be overloaded.")
        return self

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        assert self._listener is not None
        server = await _started(self.app, self._listener)
        ready.set()
        await self._stop.wait()
        _hang_up(server)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop and self._stop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread:
            self._thread.join(_READY)
        if self._listener:
            self._listener.close()


def _hang_up(server: uvicorn.Server) -> None:
    """Closes the listeners and every connection at once."""
    for each in server.servers:
        each.close()
    for connection in list(server.server_state.connections):
        transport = getattr(connection, "transport", None)
        if transport is not None:
            transport.abort()


def serve_forever(  # noqa: PLR0917 -- the options of a command, in its order
    dialect: str = "openai",
    faults: Sequence[str] = (),
    host: str = "127.0.0.1",
    port: int = 0,
    delay: float = 0.0,
    announce: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serves until interrupted (Ctrl-C or SIGTERM), then returns.

    Args:
        dialect: a name of `dialects.DIALECTS`.
        faults: names of `faults.FAULTS`.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        delay: seconds before each event of a stream.
        announce: called with the base URL as soon as connections are taken.

    Raises:
        UserError: the dialect or a fault is unknown, or the port is taken.
    """
    app = create_app(dialect, faults, delay=delay)
    listener = _listener(host, port)
    shown = f"[{host}]" if ":" in host else host
    try:
        asyncio.run(_until_told(app, listener, lambda: announce(f"http://{shown}:{listener.getsockname()[1]}/v1")))
    finally:
        listener.close()


async def _until_told(app: Any, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serves until a signal asks it to end."""
    told = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, told.set)
    server = await _started(app, listener)
    announce()
    await told.wait()
    _hang_up(server)
