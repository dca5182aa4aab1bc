"""Findings are sentences: values, lists and violations are told without the notation of any language."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.checks.wording import describe, explain_violation, list_values, name_value, tell_indexes


@pytest.mark.parametrize(
    ("value", "alone", "with_kind"),
    [
        ("", "an empty string", "an empty string"),
        ([], "an empty array", "an empty array"),
        ({}, "an empty object", "an empty object"),
        (None, "null", "null"),
        (False, "false", "false"),
        (0, "0", "a number: 0"),
        ("stop", '"stop"', 'a string: "stop"'),
        ([1], "an array: [1]", "an array: [1]"),
    ],
)
def test_a_value_is_told_alone_and_with_its_kind(value: Any, alone: str, with_kind: str) -> None:
    assert (name_value(value), describe(value)) == (alone, with_kind)


def test_several_values_are_listed() -> None:
    assert list_values(["a", "b"]) == '"a", "b"'
    assert list_values([]) == "none"
    assert list_values(["x" * 300], limit=5) == '"xxxx…'


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        ([0], [0, 1], "1 choice came"),
        ([], [0], "0 choices came"),
        ([0, 1, 2], [0], "3 choices came"),
        ([1], [0], "the first choice has index 1, not 0"),
        ([0, 2], [0, 1], "the second choice has index 2, not 1"),
        ([0, 1, 2, 9], [0, 1, 2, 3], "the 4th choice has index 9, not 3"),
    ],
)
def test_wrong_indexes_are_told(found: list[int], wanted: list[int], words: str) -> None:
    assert tell_indexes(found, wanted, "choice", "choices") == words


SCHEMA = {
    "type": "object",
    "required": ["city"],
    "additionalProperties": False,
    "properties": {
        "city": {"type": "string", "minLength": 2},
        "unit": {"enum": ["c", "f"]},
        "days": {"type": ["integer", "null"]},
        "kind": {"const": "now"},
        "hot": {"type": "boolean"},
    },
}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "no member `city`"),
        ({"city": "Oslo", "x": 1, "a": 2}, "a member `a`, `x`, which the schema does not know"),
        ({"city": None}, "null at /city, not a string"),
        ({"city": "Oslo", "hot": "true"}, 'a string: "true" at /hot, not true or false'),
        ({"city": "Oslo", "days": "1"}, 'a string: "1" at /days, not an integer or null'),
        ({"city": "Oslo", "unit": "k"}, '"k" at /unit, not one of "c", "f"'),
        ({"city": "Oslo", "kind": ""}, 'an empty string at /kind, not "now"'),
        ({"city": "O"}, '"O" at /city, against minLength 2'),
        (None, "null, not an object"),
    ],
)
def test_a_violation_is_explained(value: Any, words: str) -> None:
    (error,) = Draft202012Validator(SCHEMA).iter_errors(value)
    assert explain_violation(error) == words
