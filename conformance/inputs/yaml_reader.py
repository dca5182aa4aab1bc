"""YAML files as plain JSON values with the place of every value, checked by a schema, with errors for people.

The values are built here from the parser's events, not by PyYAML's constructors: nothing in a file can run, and depth,
size and the expansion of aliases have limits (PyYAML's own composer overflows the stack on deep nesting).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from conformance.errors import UserError
from conformance.inputs.schema_errors import Complaint, explain, pointer_of
from conformance.inputs.schema_files import decider, explainer

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64
MAX_VALUES = 200_000
SHOWN = 5
"""How many mistakes of one file are told at once."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset({f"{_TAG}str", f"{_TAG}timestamp", "!"})
_BOOLS = yaml.SafeLoader.bool_values


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """A place in a file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Located:
    """A file's data and the place of every value and key by JSON pointer."""

    data: Any
    path: str
    marks: Mapping[str, SourcePosition] = field(default_factory=dict)
    keys: Mapping[str, SourcePosition] = field(default_factory=dict)

    def place(self, pointer: str, *, key: bool = False) -> str:
        """`file:line:column` of the value at `pointer`, or of its key."""
        mark = (self.keys.get(pointer) if key else None) or self.marks.get(pointer) or SourcePosition(1, 1)
        return f"{self.path}:{mark.line}:{mark.column}"

    def error(self, pointer: str, text: str, hint: str = "", *, key: bool = False) -> UserError:
        """A mistake of the user at `pointer`, ready to be raised."""
        return UserError(f"{self.place(pointer, key=key)}: {text}", hint)


def load_checked(path: Path | str, schema: str, *, echo: bool = True) -> Located:
    """Load a YAML file and check it by a schema.

    Args:
        path: the file.
        schema: the schema's name below schemas/, such as `harness/config.schema.json`.
        echo: whether error messages may repeat values; False where a key may stand in the file.

    Raises:
        UserError: the file cannot be read, is not YAML, or breaks the schema; up to five mistakes, one per line.
    """
    located = load_yaml(path)
    check(located, schema, echo=echo)
    return located


def check(located: Located, schema: str, *, echo: bool = True) -> None:
    """Raise `UserError` where the data breaks the schema."""
    if decider(schema).is_valid(located.data):
        return
    complaints = explain(explainer(schema).iter_errors(located.data), echo=echo)
    ordered = sorted(complaints, key=lambda complaint: _position(located, complaint))
    lines = [f"{located.place(found.pointer, key=found.on_key)}: {found.text}" for found in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"… and {len(ordered) - SHOWN} more")
    raise UserError("\n".join(lines), next((found.hint for found in ordered if found.hint), ""))


def _position(located: Located, complaint: Complaint) -> tuple[int, int]:
    marks = located.keys if complaint.on_key else located.marks
    mark = marks.get(complaint.pointer, SourcePosition(1, 1))
    return mark.line, mark.column


def load_yaml(path: Path | str) -> Located:
    """Load a YAML file as JSON values with their places.

    Raises:
        UserError: the file cannot be read, is not YAML of one document, repeats a key, or is beyond the limits.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read: {(error.strerror or 'unknown cause').lower()}"
        raise UserError(message, "Check the path and its permissions.") from None
    return parse_yaml(data, str(path))


def parse_yaml(data: bytes, path: str) -> Located:
    """Parse the bytes of a YAML file; `path` is for messages."""
    if len(data) > MAX_BYTES:
        raise UserError(f"{path}: is larger than {MAX_BYTES} bytes", "Split the file.")
    try:
        return _Builder(path, data.decode("utf-8-sig")).build()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}:1: is not UTF-8 text", "Save the file as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(path, error) from None
    except yaml.YAMLError:
        raise UserError(f"{path}: holds a control character", "Write it as an escape in double quotes.") from None


def _syntax_error(path: str, error: yaml.MarkedYAMLError) -> UserError:
    mark = error.problem_mark or error.context_mark
    place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
    context = f" {error.context}" if error.context else ""
    problem = error.problem or "it cannot be parsed"
    return UserError(f"{place}: not YAML: {problem}{context}", _syntax_hint(problem))


def _syntax_hint(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "A colon inside a value needs quotes around the value, or the line above is indented differently."
    if "cannot start any token" in problem:
        return "Indent with spaces, not tabs; a value that begins with @, ` or % needs quotes."
    if "unexpected end of stream" in problem:
        return "A quote is opened and never closed."
    return "Look at this line and the one above it: indentation, brackets and quotes."


@dataclass(slots=True)
class _Node:
    mark: SourcePosition
    value: Any  # a scalar, a list of nodes, or a list of pairs of nodes
    kind: str = "scalar"


class _Builder:
    """One file's events → nodes → values with places."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.loader = _LOADER(text)
        self.anchors: dict[str, _Node] = {}
        self.marks: dict[str, SourcePosition] = {}
        self.keys: dict[str, SourcePosition] = {}
        self.values = 0

    def build(self) -> Located:
        try:
            root = self._document()
            return Located(self._value(root, ()), self.path, self.marks, self.keys)
        finally:
            self.loader.dispose()

    def _fail(self, mark: SourcePosition, text: str, hint: str = "") -> UserError:
        return UserError(f"{self.path}:{mark.line}:{mark.column}: {text}", hint)

    def _document(self) -> _Node:
        self.loader.get_event()
        if self.loader.check_event(yaml.StreamEndEvent):
            return _Node(SourcePosition(1, 1), None)
        self.loader.get_event()
        root = self._node(0)
        self.loader.get_event()
        if not self.loader.check_event(yaml.StreamEndEvent):
            mark = _mark(self.loader.peek_event())
            raise self._fail(mark, "a second document begins", "Keep one document per file: drop the line `---`.")
        return root

    def _node(self, depth: int) -> _Node:
        event = self.loader.get_event()
        mark = _mark(event)
        if depth > MAX_DEPTH:
            raise self._fail(mark, f"nested deeper than {MAX_DEPTH} levels", "Flatten the file.")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self._fail(
                    mark, "an alias (*) without its anchor (&)", "A value that begins with * needs quotes."
                )
            return self.anchors[event.anchor]
        node = self._collection(event, mark, depth)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _collection(self, event: Any, mark: SourcePosition, depth: int) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            return _Node(mark, self._scalar(event, mark))
        if event.tag not in {None, "!", f"{_TAG}seq", f"{_TAG}map"}:
            raise self._foreign_tag(mark)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        end = yaml.SequenceEndEvent if is_list else yaml.MappingEndEvent
        items: list[Any] = []
        while not self.loader.check_event(end):
            first = self._node(depth + 1)
            items.append(first if is_list else (first, self._node(depth + 1)))
        self.loader.get_event()
        return _Node(mark, items, "list" if is_list else "mapping")

    def _foreign_tag(self, mark: SourcePosition) -> UserError:
        return self._fail(
            mark, "a tag (!) that is not plain YAML", "Remove the tag; a value that begins with ! needs quotes."
        )

    def _scalar(self, event: Any, mark: SourcePosition) -> Any:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag in _TEXT_TAGS or tag in {f"{_TAG}value", f"{_TAG}merge"}:
            return event.value
        if not str(tag).startswith(_TAG):
            raise self._foreign_tag(mark)
        return self._typed(tag.removeprefix(_TAG), event.value, mark)

    def _typed(self, kind: str, text: str, mark: SourcePosition) -> Any:
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in _BOOLS:
            return _BOOLS[text.lower()]
        if kind not in {"int", "float"}:
            raise self._foreign_tag(mark)
        if ":" in text:  # 12:30 is a number to base 60 in YAML 1.1, and nobody means that
            return text
        try:
            value = yaml.safe_load(text) if len(text) <= 400 else None
        except (ValueError, yaml.YAMLError):
            value = None
        if not isinstance(value, int | float) or (isinstance(value, float) and not math.isfinite(value)):
            raise self._fail(mark, "a number that JSON cannot hold", "Put quotes around it if text is meant.")
        return value

    def _value(self, node: _Node, path: tuple[str | int, ...], mark: SourcePosition | None = None) -> Any:
        self.values += 1
        if self.values > MAX_VALUES or len(path) > 2 * MAX_DEPTH:
            raise self._fail(node.mark, f"more than {MAX_VALUES} values", "Do not nest aliases in aliases.")
        self.marks[pointer_of(path)] = mark or node.mark
        if node.kind == "list":
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        if node.kind == "mapping":
            return self._mapping(node, path)
        return node.value

    def _mapping(self, node: _Node, path: tuple[str | int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key.value, str) or key.kind != "scalar":
                raise self._fail(key.mark, "a key that is not text", "Put quotes around the key.")
            pointer = pointer_of((*path, key.value))
            if key.value in result:
                first = self.keys[pointer]
                text = f"duplicate key `{key.value}`, first written in line {first.line}"
                raise self._fail(key.mark, text, "Keep one of the two.")
            self.keys[pointer] = key.mark
            result[key.value] = self._value(value, (*path, key.value))
        return result


def _mark(event: Any) -> SourcePosition:
    return SourcePosition(event.start_mark.line + 1, event.start_mark.column + 1)
