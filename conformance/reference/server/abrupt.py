"""Endings that no well-behaved server has: closing inside a body, resetting, silence for ever, more than the answer."""

from __future__ import annotations

import asyncio
import socket
import struct
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


def write_on(scope: Scope, data: bytes) -> None:
    """Writes on the connection past the end of a reply."""
    transport: asyncio.Transport = scope["state"][TRANSPORT]
    transport.write(data)


async def stall(receive: Receive) -> None:
    """Waits until the client goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
