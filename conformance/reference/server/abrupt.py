"""Endings that no well-behaved server has: closing inside a body, resetting, silence for ever, more than the answer."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

TRANSPORT = "conformance.transport"
"""The key of the connection in the ASGI scope's state."""


def close(scope: Scope, *, reset: bool) -> None:
    """Closes the connection at once, with a TCP reset when `reset`."""
    transport: asyncio.Transport = scope["state"][TRANSPORT]
    if not reset:
        transport.close()
        return
    sock: Any = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@contextmanager
def writing_on(scope: Scope, data: bytes) -> Iterator[None]:
    """What is written within this goes out in one piece with `data` behind it: a client gets both at once."""
    transport: Any = scope["state"][TRANSPORT]
    pieces, closes = list[bytes](), list[bool]()
    transport.write, transport.close = pieces.append, lambda: closes.append(True)
    try:
        yield
    finally:
        del transport.write, transport.close  # those of its class are back
        transport.write(b"".join((*pieces, data)))
        if closes:
            transport.close()


async def stall(receive: Receive) -> None:
    """Waits until the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
