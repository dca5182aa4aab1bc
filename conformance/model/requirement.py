"""A row of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a requirement matters; orthogonal to the verdict."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Basis(StrEnum):
    """What a requirement rests on."""

    OPENAI_SPEC = "openai-spec"
    HTTP_STANDARD = "http-standard"
    CLIENT_OBSERVED = "client-observed"
    PROVIDER_DOC = "provider-doc"


class Scope(StrEnum):
    """What a requirement is judged for: once per endpoint, or once per model."""

    ENDPOINT = "endpoint"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule is written."""

    title: str
    url: str = ""


@dataclass(frozen=True)
class Requirement:
    """One row of the catalogue; ids are for ever."""

    id: str
    level: Level
    basis: Basis
    statement: str
    source: Source
    area: str = ""
    scope: Scope = Scope.MODEL
    since: str = "0.1"
    why: str = ""  # who breaks, and what a user loses
    mend: str = ""  # how servers get it wrong, and what to change
    breaks: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()  # ids of the proposals that this row takes up
    profile: str | None = None  # provider-doc rows hold inside this profile only
    unwitnessed: bool = False  # no recorded OpenAI exchange can show it
    excluded: str | None = None  # why the row is known and not judged
