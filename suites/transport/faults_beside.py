"""Faults that only show beside other requests, or for a while."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.reference.faults import CHAT, Call, Seam, ServedEnding, ServedReply, edits, fault

_STREAMS = {"running": 0}


class _Counted(list[bytes]):
    """The frames of a stream that counts among those that run."""

    def __iter__(self) -> Iterator[bytes]:
        """The frames."""
        _STREAMS["running"] += 1
        try:
            yield from super().__iter__()
        finally:
            _STREAMS["running"] -= 1


@fault(
    "answers-fail-beside-streams",
    "A whole answer ends in a server error while a stream of another request runs.",
    Seam.REPLY,
    on=CHAT,
    when=edits.accepted,
)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    if reply.frames is not None:
        reply.frames = _Counted(reply.frames)
    elif _STREAMS["running"]:
        reply.status = 500
        reply.become(
            b'{"error": {"message": "the model is busy", "type": "server_error", "param": null, "code": null}}'
        )
    return reply


_STALLED = range(2, 4)
"""Which requests of a run are not answered, counted from 1."""


@fault("stalls-for-a-while", "Some requests in a row get no answer; those after them do.", Seam.REPLY, on=CHAT)
def _(reply: ServedReply, _call: Call) -> ServedReply:
    if edits.next_turn() in _STALLED:
        reply.frames = None if reply.frames is None else []
        reply.ending = ServedEnding.STALL
    return reply
