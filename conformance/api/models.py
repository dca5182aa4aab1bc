"""Model lists, single models, metadata and balance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from conformance.api.answer import JsonAnswer, kind_of

ID_FIELDS = ("id", "model_name", "slug")
"""What hosts call the id of a model; OpenAI's own name first."""

WINDOW_FIELDS = (
    "context_length",
    "context_window",
    "max_model_len",
    "max_context_length",
    "max_context_window",
    "max_context_window_tokens",
    "max_context_tokens",
    "max_input_tokens",
    "top_provider.context_length",
)
"""Where entries give the size of the context window, in tokens."""

OUTPUT_FIELDS = (
    "max_output_length",
    "max_output_tokens",
    "max_output",
    "max_completion_tokens",
    "top_provider.max_completion_tokens",
)
"""Where entries give the most tokens of an answer."""


def read_path(entry: Any, path: str) -> Any:
    """What stands at a dotted path of an entry; None where nothing does."""
    for name in path.split("."):
        entry = entry.get(name) if isinstance(entry, dict) else None
    return entry


_DEEP = 4
"""Objects inside each other in which the members of an entry are looked for."""


def find_members(entry: dict[str, Any], paths: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """What an entry says under any of the names, wherever in it: each with its path, those at known places first."""
    known = {path: value for path in paths if (value := read_path(entry, path)) is not None}
    yield from known.items()
    yield from ((path, value) for path, value in _within(entry, frozenset(paths), "", _DEEP) if path not in known)


def _within(entry: dict[str, Any], names: frozenset[str], above: str, deep: int) -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        path = f"{above}{name}"
        if name in names and value is not None:
            yield path, value
        elif isinstance(value, dict) and deep > 1:
            yield from _within(value, names, f"{path}.", deep - 1)


def has_window(entry: Any, deep: int = _DEEP) -> bool:
    """Whether an entry gives a size of the context window anywhere in it; a router's lists one for each provider.

    Which of several sizes holds for a request is for the router to know: none of them is the model's own.
    """
    inside = entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ()
    found = isinstance(entry, dict) and next(find_members(entry, WINDOW_FIELDS), None) is not None
    return found or (deep > 1 and any(has_window(one, deep - 1) for one in inside))


def window_of(entry: dict[str, Any]) -> int | None:
    """The context window that an entry names, in tokens, where it is a positive integer."""
    sizes = (size for _, size in find_members(entry, WINDOW_FIELDS))
    return next((size for size in sizes if isinstance(size, int) and not isinstance(size, bool) and size > 0), None)


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
        """The first entry of a model, or None; some lists call its id otherwise."""
        found = (entry for name in ID_FIELDS for entry in self.entries if entry.get(name) == model)
        return next(found, None)


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

    @property
    def ids(self) -> list[str]:
        """The ids that are strings, under whichever name."""
        names = ((entry.get(name) for name in ID_FIELDS) for entry in self.entries)
        found = (next((one for one in those if one is not None), None) for those in names)
        return [one for one in found if isinstance(one, str)]

    def _unreadable(self) -> str:
        if self.document.readable and isinstance(self.json, dict | list):
            return ""
        return self._unreadable_json() or f"the body is {kind_of(self.json)}"


@dataclass(frozen=True)
class Balance(JsonAnswer):
    """The answer of a balance endpoint."""

    kind: ClassVar[str] = "balance"
    schema: ClassVar[str] = "balance"
