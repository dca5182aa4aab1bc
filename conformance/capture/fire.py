"""Firing one scenario at one endpoint, for whoever is mending a server: no probe, no retries, nothing written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Protocol

from conformance.api.openai import MODELS
from conformance.api.probe import list_request, listed_models
from conformance.capture.driver import drive
from conformance.capture.sender import BrokenScenarioError
from conformance.capture.transport import Transport
from conformance.catalogue.scenario import Scenario
from conformance.errors import ExitCode, UserError
from conformance.inputs.credentials import Credentials
from conformance.model import Exchange, Request
from conformance.planning.plan import Plan
from conformance.planning.request_check import check_outgoing


class Watcher(Protocol):
    """Whoever looks on."""

    def sending(self, request: Request, url: str) -> None:
        """Told of each request before it is sent."""

    def reading(self, at: float, data: bytes) -> None:
        """Told of each read as it comes: seconds after the request, raw bytes."""

    def answered(self, exchange: Exchange) -> None:
        """Told of each exchange when it has ended."""


def fire(plan: Plan, scenario: Scenario, *, credentials: Credentials, watcher: Watcher) -> list[Exchange]:
    """Send a scenario's requests and return the exchanges.

    Args:
        plan: names the endpoint, the profile and perhaps the model; without one the first of GET /models is taken.
        scenario: what to send.
        credentials: what the endpoint is asked with.
        watcher: told of everything as it happens.

    Raises:
        UserError: no model was named and none is listed, a request breaks its schema, or the scenario sends nothing
            or more than it declares.
    """
    return asyncio.run(_fire(plan, scenario, credentials, watcher))


async def _fire(plan: Plan, scenario: Scenario, credentials: Credentials, watcher: Watcher) -> list[Exchange]:
    transport = _transport(plan, credentials, watcher)
    found: list[Exchange] = []

    async def send(request: Request, step: int) -> Exchange:
        check_outgoing(request, scenario.name, scenario.source)
        watcher.sending(request, f"{plan.endpoint.base_url}{request.path}")
        exchange = await transport.send(request)
        found.append(replace(exchange, id=str(step + 1), scenario=scenario.name, model=model, step=step))
        watcher.answered(found[-1])
        return found[-1]

    try:
        model = plan.endpoint.models[0] if plan.endpoint.models else await _first_model(plan, credentials)
        await drive(scenario, plan.context(model), send)
    except BrokenScenarioError as error:
        raise UserError(f"{scenario.name} ({scenario.source}): {error}") from None
    finally:
        await transport.aclose()
    return found


def _transport(plan: Plan, credentials: Credentials, watcher: Watcher | None = None) -> Transport:
    headers = (*plan.headers, *credentials.headers)
    watch = watcher.reading if watcher else None
    return Transport(plan.endpoint, credentials.key, headers, watch, credentials.proxy)


async def _first_model(plan: Plan, credentials: Credentials) -> str:
    sender = _transport(plan, credentials)
    try:
        listing = await sender.send(list_request())
    finally:
        await sender.aclose()
    models = listed_models(listing)
    if not models:
        said = f"HTTP {listing.status}" if listing.status else listing.outcome.value.replace("_", " ")
        raise UserError(
            f"no model was named, and GET {MODELS.path} gave none ({said})",
            "Name one with --model.",
            ExitCode.UNREACHABLE,
        )
    return models[0]
