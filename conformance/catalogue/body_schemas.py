"""The schemas of bodies, and which requirement a violation belongs to.

A constraint carries `x-requirement: <id>`; it holds for the subschema it stands in and for what lies below, down to
the next one. A missing required member belongs to the requirement of that member's own subschema. jsonschema-rs
decides (a valid chunk costs microseconds), jsonschema explains.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from conformance.api.answer import Answer
from conformance.api.registry import VIEW_OF_SCHEMA, schema_folders
from conformance.checks.expectations import shown
from conformance.checks.wording import describe, name_kinds, name_value
from conformance.model import Finding
from conformance.model.location import Kind, Location
from conformance.resources import schemas_dir

KEY = "x-requirement"
Schema = Mapping[str, Any]


@dataclass
class SchemaReport:
    """What the schemas say of one view: ids whose constraint was reached, and the findings by id."""

    judged: set[str] = field(default_factory=set)
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    apart: dict[str, Finding] = field(default_factory=dict)
    """What documents break that one requirement tells of as a whole (see `Answer.apart`), by id."""

    _reached: set[int] = field(default_factory=set, repr=False)
    _filed: set[tuple[str, Finding]] = field(default_factory=set, repr=False)

    def reach(self, ids: frozenset[str]) -> None:
        """Count ids as judged; the same object comes again with every chunk of the same shape."""
        if id(ids) not in self._reached:
            self._reached.add(id(ids))
            self.judged |= ids

    def file(self, id_: str, finding: Finding) -> None:
        """Add a finding, once."""
        if (id_, finding) not in self._filed:
            self._filed.add((id_, finding))
            self.findings.setdefault(id_, []).append(finding)


class BodySchema:
    """One schema file; local `$ref` only (`#/$defs/…`)."""

    def __init__(self, name: str, root: Schema) -> None:
        self.name = name
        self.root = root
        self._reached: dict[Any, frozenset[str]] = {}

    @cached_property
    def _decides(self) -> Any:
        import jsonschema_rs

        return jsonschema_rs.validator_for(dict(self.root))

    @cached_property
    def _explains(self) -> Any:
        from jsonschema import Draft202012Validator

        return Draft202012Validator(dict(self.root))

    @cached_property
    def requirements(self) -> frozenset[str]:
        """Every id that a constraint carries."""
        return frozenset(_ids(self.root))

    def resolve(self, schema: Any) -> Schema:
        """Follow a local `$ref`."""
        while isinstance(schema, dict) and "$ref" in schema:
            name = schema["$ref"].removeprefix("#/$defs/")
            schema = {**self.root["$defs"][name], **{k: v for k, v in schema.items() if k == KEY}}
        return schema if isinstance(schema, dict) else {}

    def reached(self, value: Any) -> frozenset[str]:
        """The ids whose constraint has something to judge in `value`; the same for values of the same shape."""
        shape = _shape(value)
        if shape not in self._reached:
            self._reached[shape] = frozenset(self._reach(self.root, value))
        return self._reached[shape]

    def _reach(self, schema: Any, value: Any) -> Iterator[str]:
        schema = self.resolve(schema)
        if KEY in schema:
            yield schema[KEY]
        for part in schema.get("allOf", ()):
            yield from self._reach(part, value)
        if isinstance(value, dict):
            for name, below in schema.get("properties", {}).items():
                if name in value:
                    yield from self._reach(below, value[name])
                elif name in schema.get("required", ()):
                    yield from self._reach(below, None)
        elif isinstance(value, list) and "items" in schema:
            for item in value:
                yield from self._reach(schema["items"], item)

    def judge(self, value: Any, place: Location, report: SchemaReport) -> None:
        """Add to `report` what this schema says of one document."""
        report.reach(self.reached(value))
        if not self._valid(value):
            for id_, finding in self._violations(value, place):
                report.file(id_, finding)

    def _valid(self, value: Any) -> bool:
        try:
            return bool(self._decides.is_valid(value))
        except UnicodeEncodeError:  # half a surrogate pair: legal in JSON, and no text to the one who decides
            return bool(self._explains.is_valid(value))

    def _violations(self, value: Any, place: Location) -> Iterator[tuple[str, Finding]]:
        for error in self._explains.iter_errors(value):
            pointer = "".join(f"/{part}" for part in error.absolute_path)
            here = place.down(pointer)
            here = Location.body() if here.kind is Kind.NOWHERE else here
            if error.validator == "required":
                for name in (name for name in error.validator_value if name not in error.instance):
                    id_ = self._owner(error.absolute_schema_path, name)
                    yield id_, Finding(f"a member `{name}`", "it is missing", here)
            else:
                id_ = self._owner(error.absolute_schema_path)
                by_value = error.validator in {"const", "enum", "pattern"}
                actual = name_value(error.instance) if by_value else describe(error.instance)
                yield id_, Finding(expectation(error.schema), actual, here)

    def _owner(self, path: Iterable[Any], missing: str = "") -> str:
        """The id nearest above a violation, going down its schema path; a missing member's own id goes first."""
        owner, node = "", self.root
        for step in list(path)[:-1]:  # the last one is the keyword that was violated
            node = self.resolve(node) if isinstance(node, dict) else node
            owner = node.get(KEY, owner) if isinstance(node, dict) else owner
            node = node[step]
        schema = self.resolve(node)
        owner = schema.get(KEY, owner)
        member = self.resolve(schema.get("properties", {}).get(missing, {})) if missing else {}
        return str(member.get(KEY, owner) or self.name)


def _ids(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get(KEY), str):
            yield schema[KEY]
        for below in schema.values():
            yield from _ids(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from _ids(below)


def _shape(value: Any) -> Any:
    """What decides which constraints are reached: names and nesting, no values."""
    if isinstance(value, dict):
        nested = [(name, _shape(below)) for name, below in value.items() if isinstance(below, dict | list)]
        return tuple(value), tuple(nested)
    if isinstance(value, list):
        return frozenset([_shape(item) for item in value])
    return None


def expectation(schema: Schema) -> str:
    """A subschema in words, from its own `description` where it has one."""
    if "description" in schema:
        return str(schema["description"])
    if "const" in schema:
        return shown(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(shown(one) for one in schema["enum"])
    words = name_kinds(schema.get("type", []))
    if schema.get("minLength") or schema.get("minItems"):
        words = f"{words}, not empty"
    if "minimum" in schema:
        words = f"{words} of at least {schema['minimum']}"
    if "pattern" in schema:
        words = f"{words} like {schema['pattern']}"
    return words or "nothing of the kind"


class SchemaSet:
    """The schemas of all bodies, by name: those of every API that is known, or of the folders given."""

    def __init__(self, *folders: Path) -> None:
        suffix = ".schema.json"
        self.schemas = {
            path.name.removesuffix(suffix): BodySchema(
                path.name.removesuffix(suffix), json.loads(path.read_text(encoding="utf-8"))
            )
            for folder in folders or body_schema_folders()
            for path in sorted(folder.glob(f"*{suffix}"))
            if not path.name.startswith("request.")
        }

    def requirements(self) -> dict[str, tuple[str, ...]]:
        """Requirement id → names of the views whose documents can show it."""
        found: dict[str, list[str]] = {}
        for name, schema in self.schemas.items():
            for id_ in sorted(schema.requirements):
                found.setdefault(id_, []).append(VIEW_OF_SCHEMA.get(name, name))
        return {id_: tuple(dict.fromkeys(views)) for id_, views in found.items()}

    def report(self, view: Answer) -> SchemaReport:
        """Judge every document of a view."""
        report, beside, apart = SchemaReport(), SchemaReport(), view.apart
        for name, value, place in view.documents():
            if name in self.schemas:
                self.schemas[name].judge(value, place, beside if place in apart else report)
        report.apart = {id_: findings[0] for id_, findings in beside.findings.items()}
        report.judged |= beside.judged
        return report


def body_schema_folders() -> list[Path]:
    """The folders that the schemas of the APIs lie in."""
    return [schemas_dir() / folder for folder in schema_folders()]
