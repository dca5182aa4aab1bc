from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from plugin_samples import completion

from conformance.api.chat.reply import Completion
from conformance.catalogue.body_schemas import BodySchema, SchemaReport, SchemaSet, expectation
from conformance.model.location import NOWHERE, Location
from conformance.resources import schemas_dir

ROOT = {
    "type": "object",
    "x-requirement": "body.object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "x-requirement": "body.id"},
        "name": {"type": "string"},
        "kind": {"const": "thing", "x-requirement": "body.kind"},
        "count": {"type": "integer", "minimum": 0, "x-requirement": "body.count"},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "deep": {"allOf": [{"$ref": "#/$defs/item"}], "x-requirement": "body.deep"},
    },
    "$defs": {
        "item": {
            "type": "object",
            "required": ["size"],
            "x-requirement": "item.object",
            "properties": {"size": {"enum": ["s", "m"], "x-requirement": "item.size"}, "note": {"type": "string"}},
        }
    },
}
GOOD = {"id": "a", "name": "b"}


def judged(value: Any, at: Location | None = None) -> SchemaReport:
    report = SchemaReport()
    BodySchema("body", ROOT).judge(value, at or NOWHERE, report)
    return report


def found(value: Any) -> dict[str, list[tuple[str, str, str]]]:
    """Expected, actual and place of each finding, by requirement."""
    return {id_: [(f.expected, f.actual, f.at) for f in all_] for id_, all_ in judged(value).findings.items()}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(GOOD, {}, id="good"),
        pytest.param({**GOOD, "more": 1}, {}, id="unknown-member"),
        pytest.param(
            {**GOOD, "id": 3}, {"body.id": [("a string, not empty", "a number: 3", "/id")]}, id="own-requirement"
        ),
        pytest.param(
            {**GOOD, "id": ""}, {"body.id": [("a string, not empty", "an empty string", "/id")]}, id="too-short"
        ),
        pytest.param({**GOOD, "kind": "x"}, {"body.kind": [('"thing"', '"x"', "/kind")]}, id="const"),
        pytest.param(
            {**GOOD, "count": -1},
            {"body.count": [("an integer of at least 0", "a number: -1", "/count")]},
            id="minimum",
        ),
        pytest.param(
            {"name": "b"},
            {"body.id": [("a member `id`", "it is missing", "the body")]},
            id="missing-member-with-its-own",
        ),
        pytest.param(
            {"id": "a"},
            {"body.object": [("a member `name`", "it is missing", "the body")]},
            id="missing-member-of-parent",
        ),
        pytest.param(
            {**GOOD, "name": 3}, {"body.object": [("a string", "a number: 3", "/name")]}, id="nearest-requirement-above"
        ),
        pytest.param(
            {**GOOD, "items": [{"size": "s"}, {"size": "xl"}]},
            {"item.size": [('one of "s", "m"', '"xl"', "/items/1/size")]},
            id="through-a-reference",
        ),
        pytest.param(
            {**GOOD, "items": [{}]},
            {"item.size": [("a member `size`", "it is missing", "/items/0")]},
            id="missing-in-item",
        ),
        pytest.param(
            {**GOOD, "items": [{"size": "s", "note": 1}]},
            {"item.object": [("a string", "a number: 1", "/items/0/note")]},
            id="below-a-reference",
        ),
        pytest.param([], {"body.object": [("an object", "an empty array", "the body")]}, id="another-type"),
    ],
)
def test_a_violation_is_filed_under_its_requirement(value: Any, expected: dict[str, Any]) -> None:
    assert found(value) == expected


def test_everything_that_is_wrong_is_reported_once() -> None:
    items = [{"size": "xl"}] * 2
    assert {id_: len(all_) for id_, all_ in found({"items": items}).items()} == {
        "body.id": 1,
        "body.object": 1,
        "item.size": 2,
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(GOOD, {"body.object", "body.id"}, id="present"),
        pytest.param({}, {"body.object", "body.id"}, id="required-and-missing"),
        pytest.param({**GOOD, "items": []}, {"body.object", "body.id"}, id="empty-list"),
        pytest.param(
            {**GOOD, "items": [{"size": "s"}]}, {"body.object", "body.id", "item.object", "item.size"}, id="list"
        ),
        pytest.param(
            {**GOOD, "deep": {"size": "s"}},
            {"body.object", "body.id", "body.deep", "item.object", "item.size"},
            id="all-of",
        ),
    ],
)
def test_what_was_there_to_judge_is_told(value: Any, expected: set[str]) -> None:
    assert judged(value).judged == expected


def test_a_finding_stands_in_its_event() -> None:
    findings = judged({**GOOD, "kind": "x"}, Location.event(3, (10, 20))).findings["body.kind"]
    assert [(one.at, one.span) for one in findings] == [("event 3 /kind", (10, 20))]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": ["string", "null"]}, "a string or null"),
        ({"type": "array", "minItems": 1}, "an array, not empty"),
        ({"type": "string", "pattern": "^a"}, "a string like ^a"),
        ({"description": "the only words", "type": "string"}, "the only words"),
        ({}, "nothing of the kind"),
    ],
    ids=["types", "items", "pattern", "description", "false"],
)
def test_a_schema_in_words(schema: dict[str, Any], words: str) -> None:
    assert expectation(schema) == words


def test_a_set_judges_the_documents_of_a_view(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "x-requirement": "x.object",
        "properties": {"object": {"const": "no", "x-requirement": "x.no"}},
    }
    (tmp_path / "completion.schema.json").write_text(json.dumps(schema))
    (tmp_path / "request.chat.schema.json").write_text(json.dumps({"x-requirement": "never.judged"}))
    schemas = SchemaSet(tmp_path)
    report = schemas.report(Completion(completion("1", "one", "m")))
    assert schemas.requirements() == {"x.no": ("completion",), "x.object": ("completion",)}
    assert report.judged == {"x.no", "x.object"}
    assert list(report.findings) == ["x.no"]


def test_the_built_in_schemas_find_nothing_in_a_good_answer() -> None:
    report = SchemaSet(schemas_dir() / "openai").report(Completion(completion("1", "one", "m")))
    assert report.findings == {}
    assert len(report.judged) >= 10


@pytest.mark.parametrize("name", sorted(path.name for path in (schemas_dir() / "openai").glob("*.schema.json")))
def test_every_built_in_schema_is_a_schema(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads((schemas_dir() / "openai" / name).read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("half", [{"\ud83d": 1}, {"note": "\ud83d"}, {"kind": "\ud83d"}], ids=["name", "text", "const"])
def test_half_a_surrogate_pair_is_judged_as_any_text(half: dict[str, Any]) -> None:
    assert list(found({**GOOD, **half})) == (["body.kind"] if "kind" in half else [])
