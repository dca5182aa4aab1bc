"""Named stimuli: one request as YAML, or a generator that yields requests and is sent exchanges."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from conformance.api.openai import CHAT
from conformance.catalogue.batched_requests import Flow, is_refused, parts_of
from conformance.catalogue.context import Context
from conformance.model import Auth, Request, Scope, StopRule


class Lane(StrEnum):
    """With whom a scenario shares the line."""

    SHARED = "shared"
    SERIAL = "serial"
    EXCLUSIVE = "exclusive"


@dataclass(frozen=True)
class Scenario:
    """A named stimulus.

    `template` holds the request of a YAML scenario, `function` the generator of a Python one; exactly one is there.
    `requests` says how many requests it sends per sample, at least and at most; `tokens` is a generator's own estimate.
    `apart` names members of a YAML scenario's body that a server may not know: where the whole is refused, the request
    is sent without them, and with each of them alone. `source` says where it is written (file:line:column).
    """

    name: str
    purpose: str
    area: str = ""
    template: Mapping[str, Any] | None = None
    function: Callable[[Context], Flow] | None = None
    expects: str = CHAT.plain
    needs: tuple[str, ...] = ()
    offers: str | None = None
    lane: Lane = Lane.SHARED
    stop: StopRule | None = None
    samples: int = 1
    auth: Auth = "key"
    invalid: str | None = None
    refusable: bool = False
    profile: str | None = None
    opt_in: str | None = None
    scope: Scope = Scope.MODEL
    quick: bool = False
    requests: tuple[int, int] = (1, 1)
    tokens: int | None = None
    apart: tuple[str, ...] = ()
    source: str = ""

    def build(self, context: Context) -> Request:
        """The request of a YAML scenario, or the first request of a generator."""
        if self.template is None:
            flow = self.generate(context)
            try:
                return next(flow)
            finally:
                flow.close()
        return replace(context, needs=self.needs).request(
            **self.template,
            expects=self.expects,
            auth=self.auth,
            invalid=self.invalid,
            refusable=self.refusable or self.offers is not None,  # to refuse an offer cleanly is no failure
            stop=self.stop,
        )

    def generate(self, context: Context) -> Flow:
        """The requests one after the other; each is answered by `send(exchange)`."""
        if self.function is None:
            yield from self._in_parts(context)
        else:
            yield from self.function(replace(context, needs=self.needs))

    def _in_parts(self, context: Context) -> Flow:
        """The request of a YAML scenario, and where it is refused its parts."""
        request = self.build(context)
        exchange = yield request
        if self.apart and is_refused(exchange):
            for body in parts_of(request.json, self.apart):
                yield replace(request, body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def scenario(
    name: str,
    *,
    purpose: str,
    needs: tuple[str, ...] = (),
    offers: str | None = None,
    requests: tuple[int, int] = (1, 1),
    tokens: int = 0,
    lane: Lane | str = Lane.SHARED,
    samples: int = 1,
    auth: Auth = "key",
    profile: str | None = None,
    opt_in: str | None = None,
    scope: Scope | str = Scope.MODEL,
    quick: bool = False,
) -> Callable[[Callable[[Context], Flow]], Scenario]:
    """Make a generator function a scenario; the module's scenarios are collected by `load_scenarios`.

    Args:
        name: `area.slug`, as in YAML; the other keys are YAML's too.
        purpose: one line, for people.
        needs: capabilities; skipped when their offer was refused.
        offers: the capability that this scenario offers.
        requests: how many requests it sends per sample, at least and at most.
        tokens: how many tokens it costs at most per sample.
        lane: with whom it shares the line.
        samples: how often it is sent.
        auth: `wrong` where it is about a wrong key, and has no sense without a right one.
        profile: only under this profile.
        opt_in: only when asked for by this name.
        scope: per model or once per endpoint.
        quick: part of the quick run.
    """

    def register(function: Callable[[Context], Flow]) -> Scenario:
        code = function.__code__
        return Scenario(
            name=name,
            purpose=purpose,
            function=function,
            needs=tuple(needs),
            offers=offers,
            requests=requests,
            tokens=tokens,
            lane=Lane(lane),
            samples=samples,
            auth=auth,
            profile=profile,
            opt_in=opt_in,
            scope=Scope(scope),
            quick=quick,
            source=f"{code.co_filename}:{code.co_firstlineno}",
        )

    return register
