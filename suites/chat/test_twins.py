"""The same request, streamed and not: two answers of one kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from conformance.api.chat.reply import Completion, Reply
from conformance.api.chat.stream import ChatStream
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import broken, gather, shown
from conformance.model import Request
from conformance.model.location import Location

_COMPARABLE = frozenset({"stop", "tool_calls", "function_call"})
"""Reasons that must be the same; a limit or a filter may be met in one answer and not in the other."""

_COUNTS = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})
_PLAIN = frozenset({"model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens"})


def _plain(request: Request) -> bool:
    return isinstance(request.json, dict) and set(request.json) <= _PLAIN and not request.invalid


def _key(reply: Reply) -> str:
    """What two twins have in common: all but the stream, and the name of the limit."""
    body = {name: value for name, value in reply.request.json.items() if not name.startswith("stream")}
    body["max_tokens"] = body.pop("max_completion_tokens", body.get("max_tokens"))
    return json.dumps([reply.exchange.source.rpartition("#")[0], body], sort_keys=True)


def _twins(run: Run) -> Iterator[tuple[Completion, ChatStream]]:
    whole = {_key(reply): reply for reply in run.replies if isinstance(reply, Completion)}
    for reply in run.replies:
        if isinstance(reply, ChatStream) and reply.whole and _key(reply) in whole:
            yield whole[_key(reply)], reply


def _finish(reply: Reply) -> Any:
    return reply.choices[0].finish_reason if reply.choices else None


@check("chat.twin.finish", when=_plain, shown_by=("chat.basic", "stream.usage"))
def test_twins_end_for_the_same_reason(run: Run) -> None:
    with gather("no request was sent both ways") as found:
        for whole, stream in _twins(run):
            if {_finish(whole), _finish(stream)} <= _COMPARABLE:
                with found.each():
                    if _finish(whole) != _finish(stream):
                        words = f"{shown(_finish(stream))} in the stream"
                        _differ(shown(_finish(whole)), words, Location.at("/choices/0/finish_reason"), whole, stream)


@check("chat.twin.model", when=_plain, shown_by=("chat.basic", "stream.usage"))
def test_twins_name_the_same_model(run: Run) -> None:
    with gather("no request was sent both ways") as found:
        for whole, stream in _twins(run):
            if whole.model and stream.model:
                with found.each():
                    if stream.model != whole.model:
                        _differ(
                            shown(whole.model),
                            f"{shown(stream.model)} in the stream",
                            Location.at("/model"),
                            whole,
                            stream,
                        )


@check("chat.twin.usage", when=_plain, shown_by=("chat.basic", "stream.usage"))
def test_twins_count_the_same_things(run: Run) -> None:
    with gather("no request was sent both ways with usage") as found:
        for whole, stream in _twins(run):
            if whole.usage and stream.usage:
                with found.each():
                    apart = {name for name in whole.usage.keys() ^ stream.usage.keys() if name not in _COUNTS}
                    if apart:
                        words = ", ".join(sorted(apart))
                        _differ(
                            "the same members of usage",
                            f"on one side only: {words}",
                            Location.at("/usage"),
                            whole,
                            stream,
                        )


@check("chat.twin.id", when=_plain, shown_by=("chat.basic", "stream.usage"))
def test_twins_have_ids_of_one_form(run: Run) -> None:
    with gather("no request was sent both ways") as found:
        for whole, stream in _twins(run):
            if isinstance(whole.id, str) and isinstance(stream.id, str) and whole.id and stream.id:
                with found.each():
                    if _form(whole.id) != _form(stream.id):
                        _differ(
                            f"an id like {shown(whole.id)}",
                            f"{shown(stream.id)} in the stream",
                            Location.at("/id"),
                            whole,
                            stream,
                        )


def _form(id_: str) -> str:
    """The prefix of an id: letters up to the first dash or underscore, if there are any."""
    found = re.match(r"[A-Za-z]+(?=[-_])", id_)
    return found.group() if found else ""


def _differ(expected: str, actual: str, at: Location, whole: Reply, stream: Reply) -> None:
    wanted = f"{expected}, as without stream in exchange {whole.exchange.id}"
    raise broken(wanted, actual, at, exchange=stream.exchange.id)
