"""What an endpoint's own documents promise, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.model import Headers, Requirement, Source


@dataclass(frozen=True)
class Statement:
    """One side of a contradiction: what is said, and where."""

    says: str
    source: str = ""


@dataclass(frozen=True)
class Contradiction:
    """A topic on which the documents disagree with themselves."""

    topic: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Profile:
    """One provider's promises and how to reach things there.

    `documents` maps the ids that rows may cite to sources. `paths` maps a thing (`metadata`, …) to its path below
    the base URL. `advertises` maps a capability to the places in a model entry that say so; any of them is enough.
    `places` says where each requirement is written (file:line:column).
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    documents: Mapping[str, Source] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    output_limit_field: str = "max_tokens"
    headers: Headers = ()
    advertises: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    contradictions: tuple[Contradiction, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


PLAIN = Profile(name="openai", title="OpenAI-compatible")
"""The profile of an endpoint whose documents we do not know: it promises and advertises nothing."""
