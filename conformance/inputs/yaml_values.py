"""YAML as plain values, and where wanted the place of every value.

The values are built here from the parser's events, not by PyYAML's constructors: nothing in a file can run, and depth,
size and the expansion of aliases have limits (PyYAML's own composer overflows the stack on deep nesting).
"""

from __future__ import annotations

import math
from base64 import decodebytes
from dataclasses import dataclass, field
from typing import Any

import yaml

from conformance.inputs.schema_errors import pointer_of

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset({f"{_TAG}{kind}" for kind in ("str", "timestamp", "value", "merge")} | {"!"})
_PLAIN_TAGS = frozenset({None, "!", f"{_TAG}seq", f"{_TAG}map"})
_BOOLS = yaml.SafeLoader.bool_values
_MAKER = yaml.constructor.SafeConstructor()
_NUMBERS = {"int": _MAKER.construct_yaml_int, "float": _MAKER.construct_yaml_float}
_LONGEST_NUMBER = 400
_BINARY = frozenset({"binary", "!binary"})
"""YAML's own tag, and the local one that Ruby writes for it."""


@dataclass(frozen=True, slots=True)
class YamlLimits:
    """What a document may hold: bytes, levels, and values where each alias counts for all that it stands for.

    `json_only` refuses what JSON has not: binary, numbers without end, keys that are no text or come twice.
    """

    size: int
    depth: int
    values: int
    json_only: bool


HAND_WRITTEN = YamlLimits(4 * 1024 * 1024, 64, 200_000, json_only=True)
RECORDED = YamlLimits(32 * 1024 * 1024, 200, 1_000_000, json_only=False)


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """A place in a file; line and column count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Places:
    """The place of every value and every key by JSON pointer."""

    marks: dict[str, SourcePosition] = field(default_factory=dict)
    keys: dict[str, SourcePosition] = field(default_factory=dict)


class YamlError(ValueError):
    """In words, why a document cannot be read; `mark` says where, if that is known, and `hint` what may help."""

    def __init__(self, text: str, mark: SourcePosition | None = None, hint: str = "") -> None:
        super().__init__(f"line {mark.line}: {text}" if mark else text)
        self.text, self.mark, self.hint = text, mark, hint


def load(data: bytes, limits: YamlLimits, places: Places | None = None) -> Any:
    """One YAML document as plain values; `places` is filled where it is given.

    Raises:
        YamlError: it is not UTF-8, not YAML, more than one document, or beyond the limits.
    """
    if len(data) > limits.size:
        raise YamlError(f"is larger than {limits.size} bytes", hint="Split the file.")
    try:
        data.decode()
        return _Builder(data, limits, places).document()
    except UnicodeDecodeError as error:
        mark = SourcePosition(data.count(b"\n", 0, error.start) + 1, 1)
        raise YamlError("is not UTF-8 text", mark, "Save the file as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error) from None
    except yaml.YAMLError:
        raise YamlError("holds a control character", hint="Write it as an escape in double quotes.") from None


def _syntax_error(error: yaml.MarkedYAMLError) -> YamlError:
    at = error.problem_mark or error.context_mark
    context = f" {error.context}" if error.context else ""
    problem = error.problem or "it cannot be parsed"
    mark = SourcePosition(at.line + 1, at.column + 1) if at else None
    return YamlError(f"not YAML: {problem}{context}", mark, _syntax_hint(problem))


def _syntax_hint(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "A colon inside a value needs quotes around the value, or the line above is indented differently."
    if "cannot start any token" in problem:
        return "Indent with spaces, not tabs; a value that begins with @, ` or % needs quotes."
    if "unexpected end of stream" in problem:
        return "A quote is opened and never closed."
    return "Look at this line and the one above it: indentation, brackets and quotes."


@dataclass(slots=True)
class _Anchored:
    """A value that aliases may name: how many values it holds, how deep it goes, and where its places were noted."""

    value: Any
    values: int
    height: int
    pointer: str | None
    noted: range


class _Builder:
    """One document's events → values. A pointer is None where no place is noted."""

    def __init__(self, data: bytes, limits: YamlLimits, places: Places | None) -> None:
        self._loader = _LOADER(data)  # not its text, which takes up to four times as much
        self._limits = limits
        self._places = places or Places()
        self._root = None if places is None else ""
        self._trail: list[str] = []  # pointers in the order of their noting, for aliases to note them again
        self._anchors: dict[str, _Anchored] = {}
        self._values = 0
        self._deepest = 0

    def document(self) -> Any:
        try:
            self._loader.get_event()  # the stream's start
            if isinstance(self._loader.get_event(), yaml.StreamEndEvent):
                self._note(self._root, SourcePosition(1, 1))
                return None
            value = self._node(self._loader.get_event(), 0, self._root)
            self._loader.get_event()  # the document's end
            event = self._loader.get_event()
            if not isinstance(event, yaml.StreamEndEvent):
                raise _error(event, "a second document begins", "Keep one document per file: drop the line `---`.")
            return value
        finally:
            self._loader.dispose()

    def _note(self, pointer: str | None, mark: SourcePosition) -> None:
        if pointer is not None:
            self._places.marks[pointer] = mark
            self._trail.append(pointer)

    def _node(self, event: Any, depth: int, pointer: str | None) -> Any:
        if depth > self._limits.depth:
            raise self._too_deep(event)
        if pointer is not None:
            self._note(pointer, _mark(event))
        if isinstance(event, yaml.AliasEvent):
            return self._again(event, depth, pointer)
        before, trail, outer = self._values, len(self._trail), self._deepest
        self._values += 1
        if self._values > self._limits.values:
            raise _error(event, f"holds more than {self._limits.values} values", "Split the file.")
        self._deepest = depth
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif event.tag not in _PLAIN_TAGS:
            raise _foreign_tag(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(depth + 1, pointer)
        else:
            value = self._mapping(depth + 1, pointer)
        if event.anchor:
            noted, height = range(trail, len(self._trail)), self._deepest - depth
            self._anchors[event.anchor] = _Anchored(value, self._values - before, height, pointer, noted)
        self._deepest = max(self._deepest, outer)
        return value

    def _too_deep(self, event: Any) -> YamlError:
        return _error(event, f"nested deeper than {self._limits.depth} levels", "Flatten the file.")

    def _again(self, event: Any, depth: int, pointer: str | None) -> Any:
        found = self._anchors.get(event.anchor)
        if found is None:
            raise _error(event, "an alias (*) without its anchor (&)", "A value that begins with * needs quotes.")
        self._values += found.values
        self._deepest = max(self._deepest, depth + found.height)
        if self._values > self._limits.values:
            raise _error(
                event,
                f"aliases multiply it to more than {self._limits.values} values",
                "Do not nest aliases in aliases.",
            )
        if self._deepest > self._limits.depth:
            raise self._too_deep(event)
        if pointer is not None and found.pointer is not None:
            self._note_again(found, found.pointer, pointer)
        return found.value

    def _note_again(self, found: _Anchored, old: str, new: str) -> None:
        for index in found.noted:
            inner = self._trail[index]
            if inner in self._places.keys:
                self._places.keys[new + inner.removeprefix(old)] = self._places.keys[inner]
            self._note(new + inner.removeprefix(old), self._places.marks[inner])

    def _sequence(self, depth: int, pointer: str | None) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._loader.get_event(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth, None if pointer is None else pointer + pointer_of([len(items)])))
        return items

    def _mapping(self, depth: int, pointer: str | None) -> dict[Any, Any]:
        members: dict[Any, Any] = {}
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            key = self._node(event, depth, None)
            inner = None if pointer is None else pointer + pointer_of([key])
            self._check_key(event, key, members, inner)
            if inner is not None:
                self._places.keys[inner] = _mark(event)
            members[key] = self._node(self._loader.get_event(), depth, inner)
        return members

    def _check_key(self, event: Any, key: Any, members: dict[Any, Any], pointer: str | None) -> None:
        if isinstance(key, list | dict) or (self._limits.json_only and not isinstance(key, str)):
            raise _error(event, "a key that is not text", "Put quotes around the key.")
        if self._limits.json_only and key in members:
            first = self._places.keys.get(pointer or "")
            told = f", first written in line {first.line}" if first else ""
            raise _error(event, f"duplicate key `{key}`{told}", "Keep one of the two.")

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            if not event.implicit[0]:
                return event.value
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag in _TEXT_TAGS:
            return event.value
        kind = str(tag).removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool" and event.value.lower() in _BOOLS:
            return _BOOLS[event.value.lower()]
        if kind in _NUMBERS:
            # 12:30 is a number to base 60 in YAML 1.1, and nobody means that
            return event.value if ":" in event.value else self._number(event, kind)
        if kind in _BINARY and not self._limits.json_only:
            return _binary(event)
        raise _foreign_tag(event)

    def _number(self, event: Any, kind: str) -> int | float:
        try:
            node = yaml.ScalarNode(f"{_TAG}{kind}", event.value)
            value: Any = _NUMBERS[kind](node) if len(event.value) <= _LONGEST_NUMBER else None
        except (ValueError, IndexError):
            value = None
        if value is None or (self._limits.json_only and not math.isfinite(value)):
            raise _error(event, "a number that JSON cannot hold", "Put quotes around it if text is meant.")
        found: int | float = value
        return found


def _binary(event: Any) -> bytes:
    try:
        return decodebytes(event.value.encode("ascii"))
    except ValueError:
        raise _error(event, "binary that is no base64", "Remove the tag.") from None


def _foreign_tag(event: Any) -> YamlError:
    return _error(event, "a tag (!) that is not plain YAML", "Remove the tag; a value that begins with ! needs quotes.")


def _error(event: Any, text: str, hint: str) -> YamlError:
    return YamlError(text, _mark(event), hint)


def _mark(event: Any) -> SourcePosition:
    return SourcePosition(event.start_mark.line + 1, event.start_mark.column + 1)
