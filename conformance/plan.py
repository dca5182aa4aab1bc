"""What will be sent, in which order and at what price; pure and deterministic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.config import Endpoint
from conformance.model import Headers
from conformance.profiles import PLAIN, Profile
from conformance.scenarios import Context, Scenario

UNNAMED = "default"
"""Stands for the model that the probe will find."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a run costs: requests and estimated tokens."""

    requests: int = 0
    tokens: int = 0

    def __add__(self, other: Price) -> Price:
        return Price(self.requests + other.requests, self.tokens + other.tokens)


@dataclass(frozen=True)
class Planned:
    """One scenario for one model. A wave starts when the one before it has ended."""

    scenario: Scenario
    model: str
    samples: int
    wave: int


@dataclass(frozen=True)
class Plan:
    """Everything that will be sent after the probe, in its order.

    `thinking` holds what is known of models that think before they speak; a model that is not in it is unknown.
    """

    endpoint: Endpoint
    entries: tuple[Planned, ...] = ()
    minimum: Price = Price()
    maximum: Price = Price()
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

    def context(self, model: str, *, thinking: bool | None = None) -> Context:
        """What scenarios may know when they are sent to `model`."""
        known = self.thinking.get(model, False) if thinking is None else thinking
        return Context(
            model=model,
            output_limit_field=self.profile.output_limit_field,
            paths=self.profile.paths,
            thinking=known,
        )
