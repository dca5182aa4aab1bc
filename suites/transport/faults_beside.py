"""Faults that only show beside other requests, or for a while."""

from __future__ import annotations

import json
from collections.abc import Iterator

from conformance.reference.faults import CHAT, Call, Seam, ServedEnding, ServedReply, edits, fault

_RUNNING: set[int] = set()
"""The streams that run."""
_LONG = 60
"""Frames from which on a stream does not count: its client may have gone, and it runs on."""
_BUSY = edits.error_body("the model is busy", "server_error", None)


class _Counted(list[bytes]):
    """The frames of a stream that counts among those that run."""

    def __iter__(self) -> Iterator[bytes]:
        """The frames."""
        _RUNNING.add(id(self))
        try:
            yield from super().__iter__()
        finally:
            _RUNNING.discard(id(self))


@fault(
    "answers-fail-beside-streams",
    "A whole answer ends in a server error while a stream of another request runs.",
    Seam.REPLY,
    on=CHAT,
    when=edits.is_accepted,
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    if reply.frames is None and _RUNNING:
        reply.status = 500
        reply.become(json.dumps(_BUSY).encode())
    elif reply.frames is not None and len(reply.frames) < _LONG:
        reply.frames = _Counted(reply.frames)
    return reply


_STALLED = range(2, 4)
"""Which requests of a run are not answered, counted from 1."""


@fault("stalls-for-a-while", "Some requests in a row get no answer; those after them do.", Seam.REPLY, on=CHAT)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    if edits.next_turn() in _STALLED:
        reply.frames = None if reply.frames is None else []
        reply.ending = ServedEnding.STALL
    return reply
