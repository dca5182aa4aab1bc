"""Values, lists and violations in the words of a finding: sentences, and never the notation of a language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from conformance.api.answer import kind_of
from conformance.text import quote

_EMPTY = {"": "an empty string", "[]": "an empty array", "{}": "an empty object"}
_KINDS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "object": "an object",
    "array": "an array",
    "boolean": "true or false",
    "null": "null",
}


def name_value(value: Any, limit: int = 200) -> str:
    """A JSON value that stands alone in a finding: `"stop"`, `an empty string`, `an array: [1]`, `null`."""
    if isinstance(value, str | list | dict) and not value:
        return _EMPTY[value if isinstance(value, str) else quote(value)]
    return f"{kind_of(value)}: {quote(value, limit)}" if isinstance(value, list | dict) else quote(value, limit)


def name_member(holder: Any, name: str, limit: int = 200) -> str:
    """A member's value as it stands alone in a finding; `it is missing` where there is none, for that is not null."""
    return name_value(holder[name], limit) if isinstance(holder, dict) and name in holder else "it is missing"


def tell_member(holder: Any, name: str, limit: int = 200) -> str:
    """A member with its name, within a sentence: `code "slow"`, `type null`, `no type`."""
    return f"{name} {quote(holder[name], limit)}" if isinstance(holder, dict) and name in holder else f"no {name}"


def describe(value: Any, limit: int = 200) -> str:
    """A JSON value with its kind, where the kind is what matters: `a number: 13`, `an empty array`, `null`."""
    if value is None or isinstance(value, bool | list | dict) or value == "":
        return name_value(value, limit)
    return f"{kind_of(value)}: {quote(value, limit)}"


def list_values(values: Iterable[Any], nothing: str = "none", limit: int = 200) -> str:
    """Several values as a sentence lists them: `"a", "b"`; `nothing` where there are none."""
    words = ", ".join(quote(one, limit) for one in values)
    return words if 0 < len(words) <= limit else f"{words[:limit]}…" if words else nothing


def tell_indexes(found: Sequence[int], wanted: Sequence[int], one: str, many: str) -> str:
    """What is wrong with the indexes of things that should count from 0: `1 came`, `the first has index 1, not 0`.

    Args:
        found: the indexes, in their order.
        wanted: those that are right.
        one: what a thing is called, such as `call`.
        many: what several are called.
    """
    if len(found) != len(wanted):
        return f"{len(found)} {one if len(found) == 1 else many} came"
    at = next((at for at, pair in enumerate(zip(found, wanted, strict=True)) if pair[0] != pair[1]), 0)
    place = "first" if at == 0 else "second" if at == 1 else "third" if at == 2 else f"{at + 1}th"
    return f"the {place} {one} has index {found[at]}, not {wanted[at]}"


def name_kinds(kinds: str | Sequence[str]) -> str:
    """The types that a schema allows: `a string or null`."""
    return " or ".join(_KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))


def explain_violation(error: Any) -> str:
    """What is wrong with a value by a schema, in words: `"true" at /hourly is a string, not true or false`.

    Args:
        error: a ValidationError of jsonschema, whose own words are those of Python.
    """
    place = "".join(f"/{step}" for step in error.absolute_path)
    where = f" at {place}" if place else ""
    value, limit = error.instance, error.validator_value
    if error.validator == "required":
        return f"no member {list_names(name for name in limit if name not in value)}{where}"
    if error.validator == "additionalProperties":
        extra = sorted(value.keys() - error.schema.get("properties", {}).keys())
        return f"a member {list_names(extra)}{where}, which the schema does not know"
    if error.validator == "type":
        return f"{describe(value, 80)}{where}, not {name_kinds(limit)}"
    if error.validator in {"enum", "const"}:
        allowed = limit if error.validator == "enum" else [limit]
        return f"{name_value(value, 80)}{where}, not {'one of ' * (len(allowed) > 1)}{list_values(allowed)}"
    return f"{name_value(value, 80)}{where}, against {error.validator} {quote(limit, 80)}"


def list_names(names: Iterable[str]) -> str:
    """Names of members as a sentence lists them."""
    return ", ".join(f"`{name}`" for name in names)
