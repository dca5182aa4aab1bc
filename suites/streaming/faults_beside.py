"""Faults of streams that only show beside other requests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from conformance.reference.faults import CHAT, Call, Seam, ServedEnding, ServedReply, edits, fault

_POSTS = [count(1), 0]
"""The counter of requests with a body, and how many there were so far."""


class _Abandoned(list[bytes]):
    """The frames of a stream that ends with [DONE], and without its end, when another request arrives."""

    def __init__(self, reply: ServedReply) -> None:
        super().__init__(reply.frames or ())
        self._reply, self._born = reply, _POSTS[1]

    def __iter__(self) -> Iterator[bytes]:
        """The frames for as long as no other request has come."""
        for frame in super().__iter__():
            if _POSTS[1] != self._born:
                self._reply.ending = ServedEnding.ABORT
                yield b"data: [DONE]\n\n"
                return
            yield frame


@fault(
    "streams-cut-beside-others",
    "A stream that runs is ended with [DONE], and its connection closed, when another request arrives.",
    Seam.REPLY,
    on=(),
    when=lambda call: call.method == "POST",
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    _POSTS[1] = next(_POSTS[0])
    return reply


@fault("streams-cut-beside-others", "", Seam.REPLY, on=CHAT, stream=True, when=edits.is_accepted)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    reply.frames = _Abandoned(reply)
    return reply
