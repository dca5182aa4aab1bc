"""The first requests: is anybody there, which model, does it think before it speaks, how is its output limit called."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from conformance.api.openai import METADATA
from conformance.api.probe import (
    answers_chat,
    embedding_model,
    list_request,
    listed_models,
    other_limit_field,
    thinks,
    tiny_chat,
)
from conformance.capture.sender import Label, RecordedSender
from conformance.capture.startup_errors import Aborts
from conformance.catalogue.context import Context
from conformance.errors import UserError
from conformance.inputs.proxies import Proxy
from conformance.model import Exchange, Request
from conformance.planning.plan import Plan

_TRIES = 3
_TINY = 16
"""Tokens of the tiny chat: enough for a greeting, too few for a thought."""


@dataclass(frozen=True)
class Found:
    """What the probe found: models to ask, those that think first, limit fields that differ from the profile's.

    `embedding_model` is a listed model that makes embeddings, or empty.
    """

    models: tuple[str, ...]
    thinking: tuple[str, ...] = ()
    limit_fields: Mapping[str, str] = field(default_factory=dict)
    embedding_model: str = ""


class Probe:
    """Asks for the models, the metadata where the profile has a path for them, and a tiny chat of each model.

    Args:
        plan: names the models, if any, and the profile.
        line: sends and records.
        key: masked in what is said of a failure.
        proxy: named in what is said of a failure.
    """

    def __init__(self, plan: Plan, line: RecordedSender, key: str | None, proxy: Proxy | None = None) -> None:
        self._plan, self._line = plan, line
        self._aborts = Aborts(plan.endpoint, key, proxy)
        self._limit_fields: dict[str, str] = {}

    async def run(self) -> Found:
        """Probe the endpoint.

        Raises:
            UserError: there is nothing to capture; says why and what to do.
        """
        listing = await self._send("models", "", list_request())
        if error := self._aborts.silent(listing):
            raise error
        if path := self._plan.profile.paths.get("metadata"):
            await self._send("metadata", "", replace(list_request(), path=path, expects=METADATA.plain))
        named = self._plan.endpoint.models
        chats = await self._named(named, listing) if named else await self._pick(listing)
        thinking = tuple(model for model, chat in chats.items() if thinks(chat))
        return Found(tuple(chats), thinking, self._limit_fields, embedding_model(listing))

    async def _named(self, models: Sequence[str], listing: Exchange) -> dict[str, Exchange]:
        answers = await asyncio.gather(*(self._chat(model) for model in models))
        chats = dict(zip(models, answers, strict=True))
        if not any(answers_chat(chat) for chat in answers):
            self._diagnose(listing, answers[0])
        for model, chat in chats.items():
            if error := self._aborts.unknown_model(chat, model, listed_models(listing)):
                raise error
        return chats

    async def _pick(self, listing: Exchange) -> dict[str, Exchange]:
        candidates = listed_models(listing)[:_TRIES]
        last = None
        for model in candidates:
            last = await self._chat(model)
            if answers_chat(last):
                return {model: last}
        self._diagnose(listing, last)
        raise self._aborts.no_model(listing, candidates)

    async def _chat(self, model: str) -> Exchange:
        """A tiny chat; asked again where the output limit has another name."""
        context = self._plan.context(model, thinking=False)
        chat = await self._tiny(context, 0)
        other = other_limit_field(chat, context.output_limit_field)
        if other is None:
            return chat
        again = await self._tiny(replace(context, output_limit_field=other), 1)
        if not again.ok and not answers_chat(again):
            return chat
        self._limit_fields[model] = other
        return again

    async def _tiny(self, context: Context, step: int) -> Exchange:
        body = tiny_chat("$model", "Say hi.") | {"$limit": _TINY}
        return await self._send("chat", context.model, context.request(json=body, refusable=True), step)

    async def _send(self, name: str, model: str, request: Request, step: int = 0) -> Exchange:
        return await self._line.send(request, Label(f"probe.{name}", model, step))

    def _diagnose(self, listing: Exchange, chat: Exchange | None) -> None:
        """Raise where what came shows that no scenario could do better."""
        asked = [listing] if chat is None else [listing, chat]
        for error in self._reasons(asked):
            if error:
                raise error

    def _reasons(self, asked: list[Exchange]) -> list[UserError | None]:
        last = asked[-1]
        return [
            self._aborts.silent(last),
            self._aborts.refused_key(last),
            self._aborts.wrong_place(asked),
            self._aborts.broken(asked),
        ]
