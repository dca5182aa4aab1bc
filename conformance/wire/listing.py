"""Model lists, single models, metadata and balance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from conformance.wire.answer import JsonAnswer, kind_of


@dataclass(frozen=True)
class ModelList(JsonAnswer):
    """The answer to GET /models."""

    kind: ClassVar[str] = "models"
    schema: ClassVar[str] = "models"

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of `data` that are objects."""
        data = self.body.get("data")
        return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []

    @property
    def ids(self) -> list[str]:
        """The ids that are strings."""
        return [entry["id"] for entry in self.entries if isinstance(entry.get("id"), str)]

    def entry(self, model: str) -> dict[str, Any] | None:
        """The first entry of a model, or None."""
        return next((entry for entry in self.entries if entry.get("id") == model), None)


@dataclass(frozen=True)
class ModelObject(JsonAnswer):
    """The answer to GET /models/{id}."""

    kind: ClassVar[str] = "model"
    schema: ClassVar[str] = "model"


@dataclass(frozen=True)
class Metadata(ModelList):
    """A model list with capabilities: OpenAI's list shape, a bare array, or an object with `models`."""

    kind: ClassVar[str] = "metadata"
    schema: ClassVar[str] = "metadata"

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of `data`, of `models`, or of the array itself."""
        value = self.json
        if isinstance(value, dict):
            value = value.get("data", value.get("models"))
        return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []

    def _unreadable(self) -> str:
        if self.document.readable and isinstance(self.json, dict | list):
            return ""
        return self._unreadable_json() or f"the body is {kind_of(self.json)}"


@dataclass(frozen=True)
class Balance(JsonAnswer):
    """The answer of a balance endpoint."""

    kind: ClassVar[str] = "balance"
    schema: ClassVar[str] = "balance"
