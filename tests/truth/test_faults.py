"""No blind check: each fault trips exactly what is pinned, and each requirement is tripped by something."""

from __future__ import annotations

import mutations
import pins
import pytest
from campaign import bench, shown
from sentences import faults_of, faults_of_finding

from conformance.reference.faults import FAULTS

PINNED = pins.load()
UNEXPLAINED = 7
"""Entries of more than three rows that do not say under `consequences` why each of the others is no consequence."""
REGENERATE = "if this is right: python tools/pin_faults.py, and review the diff"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_trips_exactly_what_is_pinned(fault):
    assert fault in PINNED, f"not pinned yet: python tools/pin_faults.py {fault}"
    pinned = PINNED[fault]
    observed, judged = pins.observe_and_keep(fault, pinned)
    findings = [finding for row in (judged.fails if judged else {}).values() for finding in row.findings]
    assert [words for finding in findings for words in faults_of_finding(finding)] == []
    if pinned.get("caught") is False and observed.get("caught") is not False:
        pytest.fail(f"{fault} is caught now, and listed as uncaught: {observed}; {REGENERATE}")
    assert observed == pinned, REGENERATE


def test_no_entry_outlives_its_fault():
    assert not set(PINNED) - set(FAULTS)


def test_each_pin_stands_in_the_file_of_its_area():
    rows = bench().suites.catalogue.requirements
    areas = {row.area for row in rows.values()}
    files = pins.by_area()
    astray = [
        f"{name} in {area}.yaml"
        for area, pinned in files.items()
        for name, entry in pinned.items()
        if "primary" in entry and rows[entry["primary"]].area != area
    ]
    assert astray == []
    assert set(files) <= areas
    assert sum(map(len, files.values())) == len(PINNED), "a fault is pinned in two files"


def test_few_pins_of_many_rows_leave_their_consequences_unexplained():
    unexplained = [
        name
        for name, entry in PINNED.items()
        if sum(map(len, entry.get("fails", {}).values())) > 3 and not entry.get("consequences")
    ]
    assert len(unexplained) == UNEXPLAINED, "this number may only fall: lower it with every entry that is explained"


def test_uncaught_faults_say_why():
    assert not [name for name in pins.uncaught(PINNED) if len(PINNED[name].get("reason", "")) < 10]


def test_a_finding_is_a_sentence_that_tells_a_stranger_what_to_mend():
    said = {name: entry["says"].removeprefix("expected ") for name, entry in PINNED.items() if "says" in entry}
    parts = [(name, part) for name, words in said.items() for part in words.rpartition("; at ")[0].split("; got ", 1)]
    assert len(parts) > 800
    assert [f"{name}: {part} ({what})" for name, part in parts for what in faults_of(part)] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("HTTP 415, None", "a value of Python"),
        ("indexes of the choices: [0, 1]", "a list or an object without a name"),
        ("the name 'a' twice", "a text as Python writes it"),
        ("11 bytes of blanks: b'\\n'", "bytes as Python writes them"),
        ("null: null", "a kind said twice"),
        ('""', "an empty text without a name"),
        ("", "an empty text without a name"),
        ("[1]", "a list or an object without a name"),
        ('{"prompt_tokens": 3}', "a list or an object without a name"),
        ("jsonschema.exceptions.ValidationError", "the name of a class"),
    ],
)
def test_what_is_no_sentence_is_seen(text, what):
    assert what in faults_of(text)


@pytest.mark.parametrize(
    "text",
    [
        'a call of "get_weather"',
        "HTTP 400: The relay does not support ['reasoning_effort']",
        "the token's text, as its bytes spell it",
        'content "", or null',
        'the text "None"',
        "a chunk of its own with choices []",
        "data: [DONE]",
        'an array: [{"type": "text"}]',
        'usage {"prompt_tokens": 3}',
    ],
)
def test_a_sentence_is_none_of_that(text):
    assert list(faults_of(text)) == []


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda one: one.name)
def test_a_mutation_trips_its_requirement(mutation):
    recording = mutations.mutated(mutation)
    failed = bench().judge(recording).fails
    assert mutation.requirement in failed
    assert mutation.says in shown(failed[mutation.requirement])


def test_every_requirement_is_tripped_by_a_fault_or_a_mutation():
    rows = bench().suites.catalogue.requirements.values()
    judged = {row.id for row in rows if row.excluded is None and row.profile is None}  # promises have their own proof
    tripped = pins.tripped(PINNED.values()) | {one.requirement for one in mutations.MUTATIONS}
    assert not sorted(judged - tripped), (
        "nothing shows that these can fail: add a fault, or a row to tests/support/mutations.py"
    )
