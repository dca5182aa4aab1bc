"""YAML from strangers: a safe loader that neither nests without end nor multiplies aliases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from yaml import SafeLoader as _BaseLoader
else:
    _BaseLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 128 * 1024 * 1024
MAX_DEPTH = 200
MAX_EXPANDED = 2_000_000
"""Values that a document may have when each alias counts for all that it stands for."""


class YamlError(ValueError):
    """In words, why a document cannot be read."""


class _Loader(_BaseLoader):
    """Strings, numbers, booleans, null and binary; no merge keys (they multiply) and no dates (JSON has none)."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag.rpartition(":")[2] not in {"merge", "timestamp", "value"}]
    for first, rows in _BaseLoader.yaml_implicit_resolvers.items()
}


def load(data: bytes) -> Any:
    """One YAML document.

    Raises:
        YamlError: It is too large, nested too deeply, multiplies aliases, or is not YAML.
    """
    if len(data) > MAX_BYTES:
        raise YamlError(f"it is larger than {MAX_BYTES} bytes")
    try:
        _check_depth(data)
        value = yaml.load(data, Loader=_Loader)  # noqa: S506 - derived from the safe loader
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise YamlError(f"it is not YAML: {error.problem or 'malformed'}{line}") from None
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise YamlError("it is not YAML") from None
    if b"*" in data and b"&" in data:
        _check_aliases(value)
    return value


def _check_aliases(value: Any) -> None:
    try:
        expanded = _expanded(value, {})
    except RecursionError:
        raise YamlError("its aliases nest too deeply") from None
    if expanded > MAX_EXPANDED:
        raise YamlError("its aliases multiply it beyond measure")


def _check_depth(data: bytes) -> None:
    """Refuse deep nesting while it is still a flat row of events: the C composer recurses on the C stack, unguarded."""
    depth = 0
    for event in yaml.parse(data, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise YamlError(f"it is nested deeper than {MAX_DEPTH}")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _expanded(value: Any, known: dict[int, int]) -> int:
    """How many values there are with aliases written out; each object is counted once and remembered."""
    if not isinstance(value, dict | list | tuple | set):
        return 1
    if id(value) not in known:
        known[id(value)] = MAX_EXPANDED + 1  # met again while it is counted: it holds itself
        members: Iterable[Any] = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_expanded(member, known) for member in members)
    return known[id(value)]
