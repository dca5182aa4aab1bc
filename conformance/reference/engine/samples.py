"""Values made from a JSON Schema: arguments of a tool call, structured output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
_DEPTH = 12
_FORMATS = {
    "date-time": "2025-01-31T12:00:00Z",
    "date": "2025-01-31",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@dataclass
class Hints:
    """What the prompt offers as values: names for strings, numbers for numbers, consumed in order; a note's text."""

    words: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    note: str = ""


class Sampler:
    """Makes one value that satisfies a schema, as far as the scripted model understands schemas."""

    def __init__(self, root: Any, hints: Hints | None = None) -> None:
        self.root = root if isinstance(root, Mapping) else {}
        self.hints = hints or Hints()

    def value(self) -> Any:
        """A value for the root schema."""
        return self._make(self.root, "", 0)

    def _make(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > _DEPTH:
            return None if depth > _DEPTH else {}
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._chosen(schema["enum"])
        for union in ("anyOf", "oneOf"):
            if schema.get(union):
                return self._make({**_without(schema, union), **self._resolved(schema[union][0])}, name, depth + 1)
        return self._typed(schema, name, depth)

    def _typed(self, schema: Schema, name: str, depth: int) -> Any:
        kind = schema.get("type") or (
            "object" if "properties" in schema else "array" if "items" in schema else "string"
        )
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), "null")
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "integer" | "number":
                return self._number(schema, integer=kind == "integer")
            case "boolean":
                return True
            case "null":
                return None
        return self._string(schema, name)

    def _resolved(self, schema: Schema) -> Schema:
        for _ in range(_DEPTH):
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                break
            schema = {**_without(schema, "$ref"), **_pointed(self.root, reference)}
        for part in schema.get("allOf", ()):
            schema = _merged(schema, self._resolved(part) if isinstance(part, Mapping) else {})
        return _without(schema, "allOf")

    def _chosen(self, options: Sequence[Any]) -> Any:
        wanted = {word.lower() for word in self.hints.words}
        return next((each for each in options if str(each).lower() in wanted), options[0])

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required")
        keep = [key for key in properties if not isinstance(required, list) or key in required]
        if depth >= _DEPTH - 2 and isinstance(required, list) is False:
            keep = []
        made = {key: self._make(properties[key], key, depth + 1) for key in keep}
        for key in required if isinstance(required, list) else ():
            made.setdefault(str(key), "value")
        for number in range(max(0, int(schema.get("minProperties", 0)) - len(made))):
            made[f"key{number + 1}"] = "value"
        return made

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        prefix = [self._make(each, name, depth + 1) for each in schema.get("prefixItems", ())]
        fewest, most = int(schema.get("minItems", 1)), int(schema.get("maxItems", 1 << 16))
        size = min(max(fewest, len(prefix), 1 if depth < _DEPTH - 4 else 0), most)
        items = [
            self._make(schema.get("items", {"type": "string"}), name, depth + 1) for _ in range(size - len(prefix))
        ]
        if schema.get("uniqueItems"):
            items = [each if items.index(each) == at else _varied(each, at) for at, each in enumerate(items)]
        return [*prefix, *items]

    def _number(self, schema: Schema, *, integer: bool) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        step = schema.get("multipleOf", 1)
        value = self.hints.numbers.pop(0) if self.hints.numbers else 1
        if low is not None and (value < low or value == schema.get("exclusiveMinimum")):
            value = low + (step if "exclusiveMinimum" in schema else 0)
        if high is not None and (value > high or value == schema.get("exclusiveMaximum")):
            value = high - (step if "exclusiveMaximum" in schema else 0)
        if "multipleOf" in schema and value % step:
            value = (value // step + (1 if low is not None else 0)) * step
        return int(value) if integer or float(value).is_integer() else float(value)

    def _string(self, schema: Schema, name: str) -> str:
        if "pattern" in schema:
            from conformance.reference.engine.patterns import generate_matching

            return generate_matching(str(schema["pattern"]), int(schema.get("minLength", 0)))
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if name in {"note", "text"} and self.hints.note:
            return self.hints.note
        text = self.hints.words.pop(0) if self.hints.words else (name or "text")
        text = text.ljust(int(schema.get("minLength", 0)), "x")
        return text[: int(schema["maxLength"])] if "maxLength" in schema else text


def _without(schema: Schema, key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _merged(left: Schema, right: Schema) -> dict[str, Any]:
    merged = {**left, **right}
    merged["properties"] = {**left.get("properties", {}), **right.get("properties", {})}
    merged["required"] = [*left.get("required", ()), *right.get("required", ())]
    return merged


def _pointed(root: Schema, reference: str) -> Schema:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        found = found.get(key, {}) if isinstance(found, Mapping) and key else found
    return found if isinstance(found, Mapping) else {}


def _varied(value: Any, number: int) -> Any:
    return value + number if isinstance(value, int | float) else f"{value}{number}"
