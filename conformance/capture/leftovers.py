"""Bytes after the end of an answer: they are the fault of whoever sent them, and never the next answer.

The HTTP client keeps such a connection, and its parser would take what it still holds for the answer to the next
request. So a connection is looked at before it goes back: what has come is counted, and the connection is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

_LINGER = 0.005
"""Seconds in which bytes that were sent right behind an answer arrive."""
_PATIENCE = 0.5
"""Seconds to read what the socket says is there."""
_MOST = 65536
"""Bytes that are read; more are not counted."""
_LAYERS = ("_httpcore_stream", "_stream", "_connection")
"""What the client's streams call what they wrap: it has no door to the parser of a connection."""


async def take_leftover(stream: object, network: Any) -> bytes:
    """What came after the end of an answer; the connection is closed then, so that nobody gets it as an answer.

    Args:
        stream: the body's stream, read to its end and not closed yet.
        network: the connection below it, as the client hands it out; None where it does not.
    """
    held = _unparsed(stream)
    if network is None:
        return held
    await asyncio.sleep(_LINGER)
    decrypted = _decrypted(network)
    waiting = bool(network.get_extra_info("is_readable"))
    more = await _read(network) if waiting else b""
    if held or decrypted or waiting:
        with contextlib.suppress(Exception):  # the peer may have gone, which is what is wanted
            await network.aclose()
    return held + decrypted + more


def _unparsed(stream: object) -> bytes:
    """What the parser of the connection below a stream holds beyond the answer."""
    layer: Any = stream
    while layer is not None:
        parser = getattr(layer, "_h11_state", None)
        if parser is not None:
            return bytes(parser.trailing_data[0])
        layer = next((getattr(layer, name) for name in _LAYERS if hasattr(layer, name)), None)
    return b""


def _decrypted(network: Any) -> bytes:
    """What lies in the TLS layer already; its socket does not tell of that."""
    tunnel = network.get_extra_info("ssl_object")
    if tunnel is None:
        return b""
    try:
        return bytes(tunnel.read(_MOST))
    except ssl.SSLError:  # nothing, or the end
        return b""


async def _read(network: Any) -> bytes:
    """What the socket holds; its end is no byte."""
    data = b""
    with contextlib.suppress(Exception):  # reset, or a record of TLS that holds no data
        async with asyncio.timeout(_PATIENCE):
            while len(data) < _MOST and network.get_extra_info("is_readable"):
                piece = await network.read(_MOST)
                if not piece:
                    break
                data += piece
    return data
