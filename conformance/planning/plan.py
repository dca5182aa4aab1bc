"""What will be sent, in which order and at what price; pure and deterministic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from conformance.catalogue.context import UNNAMED, Context
from conformance.catalogue.profiles import PLAIN, Profile
from conformance.catalogue.scenario import Lane, Scenario
from conformance.inputs.endpoint import Endpoint
from conformance.model import Headers, Scope
from conformance.planning.pricing import FREE, Price, price, probe_price
from conformance.planning.request_check import check_outgoing

_FEW, _MANY = 3, 40
"""Between these lies the number of requests that broken answers may be asked for again with: a quarter of the plan."""


class Asks(Protocol):
    """What a plan wants to know of a selection."""

    def asks(self, name: str) -> bool:
        """Whether `name` is asked for by name."""
        ...


@dataclass(frozen=True)
class Planned:
    """One scenario for one model. A wave starts when the one before it has ended."""

    scenario: Scenario
    model: str
    samples: int
    wave: int
    minimum: Price = FREE
    maximum: Price = FREE


@dataclass(frozen=True)
class Plan:
    """Everything that will be sent after the probe, in its order.

    `minimum` and `maximum` hold the probe too. `thinking` holds what is known of models that think before they speak; a
    model that is not in it is unknown.
    """

    endpoint: Endpoint
    entries: tuple[Planned, ...] = ()
    minimum: Price = FREE
    maximum: Price = FREE
    profile: Profile = PLAIN
    thinking: Mapping[str, bool] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """The models asked for; `default` stands for the one that the probe will find."""
        return self.endpoint.models or (UNNAMED,)

    @property
    def headers(self) -> Headers:
        """What goes along with every request: the profile's headers, then the endpoint's, which win."""
        own = {name.lower() for name, _ in self.endpoint.headers}
        return (*(pair for pair in self.profile.headers if pair[0].lower() not in own), *self.endpoint.headers)

    @property
    def second_tries(self) -> int:
        """How many requests the repetitions of broken answers may take together; a healthy endpoint sees none."""
        return max(_FEW, min(_MANY, self.maximum.requests // 4))

    def context(self, model: str, *, thinking: bool | None = None) -> Context:
        """What scenarios may know when they are sent to `model`."""
        known = self.thinking.get(model, False) if thinking is None else thinking
        return context_for(model, self.profile, thinking=known)

    def refined(self, models: Iterable[str], thinking: Mapping[str, bool]) -> Plan:
        """The plan after the probe: with the models that it found, and priced by what it saw."""
        found = tuple(models) or self.models
        chosen: dict[str, Scenario] = {entry.scenario.name: entry.scenario for entry in self.entries}
        return _plan(chosen.values(), replace(self.endpoint, models=found), self.profile, thinking)

    def rows(self) -> tuple[tuple[str, str, str, str, str, str], ...]:
        """The plan as a table for people: wave, scenario, model, requests, tokens, purpose."""
        return tuple(
            (
                str(entry.wave),
                entry.scenario.name,
                entry.model,
                span(entry.minimum.requests, entry.maximum.requests),
                span(entry.minimum.tokens, entry.maximum.tokens),
                entry.scenario.purpose,
            )
            for entry in self.entries
        )


def make_plan(
    scenarios: Mapping[str, Scenario],
    endpoint: Endpoint,
    profile: Profile,
    *,
    select: Asks | None = None,
    quick: bool = False,
    needed: Collection[str] | None = None,
    thinking: Mapping[str, bool] | None = None,
) -> Plan:
    """Plan what is sent to an endpoint.

    Args:
        scenarios: everything that could be sent, by name.
        endpoint: to whom; without models, `default` stands for the one that the probe will find.
        profile: the endpoint's profile.
        select: the user's selection; opt-in scenarios are sent when it asks for them by name.
        quick: only what is marked quick (and the offers that it depends on).
        needed: the scenarios that the selected checks need (and the offers that they depend on); None for all.
        thinking: what is known of models that think before they speak.

    Raises:
        UserError: a request breaks its schema without being invalid on purpose.
    """
    applicable = {name: one for name, one in scenarios.items() if _applies(one, profile, select)}
    wanted = [
        one for name, one in applicable.items() if (needed is None or name in needed) and (not quick or one.quick)
    ]
    return _plan(with_offers(wanted, applicable.values()), endpoint, profile, thinking or {})


def with_offers(wanted: Iterable[Scenario], scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    """The wanted scenarios and the offers of the capabilities that they need, each once."""
    chosen = {one.name: one for one in wanted}
    needs = {capability for one in chosen.values() for capability in one.needs}
    offers = {one.name: one for one in scenarios if one.offers in needs}
    return tuple({**chosen, **offers}.values())


def context_for(model: str, profile: Profile, *, thinking: bool = False) -> Context:
    """What scenarios may know of a model under a profile."""
    return Context(
        model=model,
        output_limit_field=profile.output_limit_field,
        paths=profile.paths,
        thinking=thinking,
    )


def span(low: int, high: int) -> str:
    """`3`, or `3-5`."""
    return str(low) if low == high else f"{low}-{high}"


def _applies(one: Scenario, profile: Profile, select: Asks | None) -> bool:
    if one.profile not in {None, profile.name}:
        return False
    return one.opt_in is None or (select is not None and (select.asks(one.opt_in) or select.asks(one.name)))


def _plan(scenarios: Iterable[Scenario], endpoint: Endpoint, profile: Profile, thinking: Mapping[str, bool]) -> Plan:
    plan = Plan(endpoint, profile=profile, thinking=thinking)
    entries = [entry for one in scenarios for entry in _entries(one, plan)]
    entries.sort(key=lambda entry: (entry.wave, entry.scenario.name, plan.models.index(entry.model)))
    probes = [probe_price(thinking=thinking.get(model)) for model in plan.models]
    lists = Price(2 if "metadata" in profile.paths else 1)
    return replace(
        plan,
        entries=tuple(entries),
        minimum=sum([low for low, _ in probes] + [entry.minimum for entry in entries], lists),
        maximum=sum([high for _, high in probes] + [entry.maximum for entry in entries], lists),
    )


def _entries(one: Scenario, plan: Plan) -> Iterator[Planned]:
    for model in plan.models[:1] if one.scope is Scope.ENDPOINT else plan.models:
        context = plan.context(model)
        check_outgoing(one.build(context), one.name, one.source)
        low, high = price(one, context, thinking=plan.thinking.get(model))
        yield Planned(one, model, one.samples, _wave(one), low * one.samples, high * one.samples)


def _wave(one: Scenario) -> int:
    """Endpoint, offers, the rest; what must not be disturbed comes after, and what disturbs others last."""
    if one.lane is not Lane.SHARED:
        return 3 if one.lane is Lane.SERIAL else 4
    if one.scope is Scope.ENDPOINT:
        return 0
    return 1 if one.offers else 2
