"""Mistakes in files in words: what is wrong, where, and what was likely meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.inputs.suggestions import closest, did_you_mean

ValidationError = Any  # jsonschema's own; its stubs call every field possibly unset

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}
_QUOTE = "Put quotes around it: YAML reads a bare {} as {}."


@dataclass(frozen=True)
class Complaint:
    """One mistake: the JSON pointer of its place, whether the key (not the value) is meant, and the words."""

    pointer: str
    text: str
    hint: str = ""
    on_key: bool = False
    likely: str = ""  # the key that an unknown key was likely meant to be


def pointer_of(parts: Iterable[str | int]) -> str:
    """A JSON pointer of path parts."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def explain_errors(errors: Iterable[ValidationError], *, echo: bool = True) -> tuple[Complaint, ...]:
    """Put the errors of a JSON Schema validator into words, in the order of their places.

    Args:
        errors: what the validator found.
        echo: whether values may be repeated; False where they may be secret.
    """
    found = [complaint for error in errors for complaint in _complaints(error, echo=echo)]
    likely = {(complaint.pointer.rpartition("/")[0], complaint.likely) for complaint in found if complaint.likely}
    return tuple(
        complaint
        for complaint in dict.fromkeys(found)  # the validator tells each missing key, and so do we
        if not any(complaint == _missing(parent, name) for parent, name in likely)  # the misspelt key is enough
    )


def _complaints(error: ValidationError, *, echo: bool) -> Iterator[Complaint]:
    special: dict[str, Callable[[ValidationError], Iterator[Complaint]]] = {
        "additionalProperties": _unknown_keys,
        "required": _missing_keys,
    }
    rule = str(error.validator)
    if rule in {"oneOf", "anyOf"} and not error.schema.get("x-says"):
        yield from _alternatives(error, echo=echo)
    elif rule in special and not error.schema.get("x-says"):
        yield from special[rule](error)
    else:
        text, hint = _words(error, rule, echo=echo)
        yield Complaint(pointer_of(error.absolute_path), f"{_name(error)} {text}", hint)


def _unknown_keys(error: ValidationError) -> Iterator[Complaint]:
    known = list(error.schema.get("properties", {}))
    parent = pointer_of(error.absolute_path)
    for key in error.instance:
        if key not in known:
            likely = closest(key, known)
            text = f"unknown key `{key}`" + (f"; did you mean `{likely}`?" if likely else "")
            hint = f"Keys here: {', '.join(known)}."
            yield Complaint(parent + pointer_of([key]), text, hint, on_key=True, likely=likely)


def _missing_keys(error: ValidationError) -> Iterator[Complaint]:
    for key in error.validator_value:
        if key not in error.instance:
            yield _missing(pointer_of(error.absolute_path), key)


def _missing(pointer: str, key: str) -> Complaint:
    return Complaint(pointer, f"`{key}` is missing")


def _alternatives(error: ValidationError, *, echo: bool) -> Iterator[Complaint]:
    """Of several allowed forms explain the one whose kind of value was written; else name the kinds."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    fitting = [found for found in branches.values() if not any(_wrong_kind(inner, error) for inner in found)]
    if fitting:
        for inner in min(fitting, key=len):
            yield from _complaints(inner, echo=echo)
        return
    kinds = [
        kind for found in branches.values() for inner in found if _wrong_kind(inner, error) for kind in _kinds(inner)
    ]
    text = f"must be {' or '.join(dict.fromkeys(_TYPES[kind] for kind in kinds))}, not {_kind(error.instance)}"
    yield Complaint(pointer_of(error.absolute_path), f"{_name(error)} {text}")


def _wrong_kind(inner: ValidationError, outer: ValidationError) -> bool:
    return inner.validator == "type" and list(inner.absolute_path) == list(outer.absolute_path)


def _kinds(error: ValidationError) -> Sequence[str]:
    wanted = error.validator_value
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _words(error: ValidationError, rule: str, *, echo: bool) -> tuple[str, str]:
    says = error.schema.get("x-says")
    if rule == "type":
        return _type_words(error)
    if rule in {"enum", "const"}:
        return _enum_words(error, echo=echo)
    if says:
        return f"must be {says}" + (f", not `{error.instance}`" if echo and isinstance(error.instance, str) else ""), ""
    if rule in _BOUNDS:
        return f"must be {_BOUNDS[rule]} {error.validator_value:g}, not {error.instance:g}", ""
    if rule in {"minItems", "minLength", "minProperties"}:
        return "must not be empty", ""
    return f"breaks the rule `{rule}`", ""


def _type_words(error: ValidationError) -> tuple[str, str]:
    wanted = _kinds(error)
    text = f"must be {' or '.join(_TYPES[kind] for kind in wanted)}, not {_kind(error.instance)}"
    return text, _type_hint(wanted, error.instance)


def _type_hint(wanted: Sequence[str], value: Any) -> str:
    if "string" in wanted and isinstance(value, bool):
        return _QUOTE.format("on, off, yes or no", "true or false")
    if "string" in wanted and isinstance(value, int | float):
        return _QUOTE.format("number", "a number, not as text")
    if "array" in wanted and isinstance(value, str):
        return "Write a list, even of one: [value]."
    return ""


def _enum_words(error: ValidationError, *, echo: bool) -> tuple[str, str]:
    options = [
        str(option) for option in (error.validator_value if error.validator == "enum" else [error.validator_value])
    ]
    text = f"must be {' or '.join(options)}"
    if not isinstance(error.instance, str):
        return f"{text}, not {_kind(error.instance)}", ""
    written = f", not `{error.instance}`" if echo else ""
    return f"{text}{written}{did_you_mean(error.instance, options)}", ""


def _kind(value: Any) -> str:
    kinds: Mapping[type, str] = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "a mapping",
    }
    return "null" if value is None else kinds.get(type(value), "a list")


def _name(error: ValidationError) -> str:
    """The value's own name: the last key of its path, with the positions that follow it."""
    parts = list(error.absolute_path)
    start = max((index for index, part in enumerate(parts) if isinstance(part, str)), default=None)
    if start is None:
        return "the entry" if parts else "the file"
    return f"`{parts[start]}{''.join(f'[{part}]' for part in parts[start + 1 :])}`"
