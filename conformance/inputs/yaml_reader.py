"""YAML files that people write, as JSON values with the place of every value, checked by a schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.errors import UserError
from conformance.inputs.regular_files import read_regular
from conformance.inputs.schema_errors import Complaint, explain_errors
from conformance.inputs.schema_files import decider, explainer
from conformance.inputs.yaml_values import HAND_WRITTEN, Places, SourcePosition, YamlError, load

SHOWN = 5
"""How many mistakes of one file are told at once."""


@dataclass(frozen=True)
class Located:
    """A file's data and the place of every value and key by JSON pointer."""

    data: Any
    path: str
    places: Places = field(default_factory=Places)

    def place(self, pointer: str, *, key: bool = False) -> str:
        """`file:line:column` of the value at `pointer`, or of its key."""
        mark = (
            (self.places.keys.get(pointer) if key else None) or self.places.marks.get(pointer) or SourcePosition(1, 1)
        )
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
    check_schema(located, schema, echo=echo)
    return located


def check_schema(located: Located, schema: str, *, echo: bool = True) -> None:
    """Raise `UserError` where the data breaks the schema."""
    if decider(schema).is_valid(located.data):
        return
    complaints = explain_errors(explainer(schema).iter_errors(located.data), echo=echo)
    ordered = sorted(complaints, key=lambda complaint: _position(located, complaint))
    lines = [f"{located.place(found.pointer, key=found.on_key)}: {found.text}" for found in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"… and {len(ordered) - SHOWN} more")
    raise UserError("\n".join(lines), next((found.hint for found in ordered if found.hint), ""))


def _position(located: Located, complaint: Complaint) -> tuple[int, int]:
    marks = located.places.keys if complaint.on_key else located.places.marks
    mark = marks.get(complaint.pointer, SourcePosition(1, 1))
    return mark.line, mark.column


def load_yaml(path: Path | str) -> Located:
    """Load a YAML file as JSON values with their places.

    Raises:
        UserError: the file cannot be read, is not YAML of one document, repeats a key, or is beyond the limits.
    """
    return parse_yaml(read_regular(Path(path), HAND_WRITTEN.size), str(path))


def parse_yaml(data: bytes, path: str) -> Located:
    """Parse the bytes of a YAML file; `path` is for messages."""
    places = Places()
    try:
        return Located(load(data, HAND_WRITTEN, places), path, places)
    except YamlError as error:
        place = f"{path}:{error.mark.line}:{error.mark.column}" if error.mark else path
        raise UserError(f"{place}: {error.text}", error.hint) from None
