"""results.json: there and back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from report_samples import HOSTILE, catalogue, cells, hostile, sample, sample_recording, verdicts

from conformance.errors import UserError
from conformance.gate.gate import Gate, baseline_of
from conformance.model import Cause
from conformance.report.results.build import build
from conformance.resources import schemas_dir
from conformance.store.results_file import dump_results, from_json, read_results, results_to_json

SCHEMA = json.loads((schemas_dir() / "harness" / "results.schema.json").read_text())


def test_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_there_and_back():
    made = sample()
    again = from_json(json.loads(dump_results(made)))
    assert again.requirements == made.requirements
    assert again.capabilities == made.capabilities
    assert again.exchanges == made.exchanges
    assert results_to_json(again) == results_to_json(made)


def test_results_from_before_mends_are_read():
    old = json.loads(dump_results(sample()))
    for row in old["requirements"]:
        del row["mend"]
    jsonschema.validate(old, SCHEMA)
    assert {row.requirement.mend for row in from_json(old).requirements} == {""}


def test_same_run_same_text():
    assert dump_results(sample()) == dump_results(sample())


def test_a_row_reads_as_the_design_says():
    row = next(row for row in results_to_json(sample())["requirements"] if row["id"] == "stream.done.last")
    assert {key: row[key] for key in ("level", "area", "basis", "verdict", "model", "judged")} == {
        "level": "MUST", "area": "stream", "basis": "openai-spec", "verdict": "fail", "model": "m-1", "judged": 1,
    }  # fmt: skip
    assert row["findings"] == [
        {
            "exchange": "2",
            "expected": "data: [DONE]",
            "actual": "the end of the stream",
            "at": "event 3",
            "location": {"kind": "event", "index": 3},
            "message": "Nothing came after usage.",
            "span": [250, 300],
        }
    ]


@pytest.mark.parametrize("text", [HOSTILE, "A" * 2**20], ids=["nasty", "long"])
def test_hostile_text_survives_as_text(text, tmp_path):
    file = tmp_path / "results.json"
    file.write_text(dump_results(hostile(text)[0]), encoding="utf-8")
    again = read_results(tmp_path)
    assert again.requirements[0].requirement.id == "a.fails"
    assert file.read_text(encoding="utf-8").isascii()


def broken(**changes) -> str:
    return json.dumps({**results_to_json(sample()), **changes})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not JSON"),
        ("\xff\x00", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not a results.json"),
        ("{}", "is not a results.json"),
        (broken(format=3), "newer than this version"),
        (broken(extra=1), "is not a results.json"),
        (broken(requirements=[{"id": "x"}]), r"at /requirements/0"),
    ],
    ids=["empty", "bytes", "deep", "list", "object", "newer", "extra", "row"],
)
def test_garbage_is_a_users_error(text, words, tmp_path):
    file = tmp_path / "r.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=words) as caught:
        read_results(file)
    assert caught.value.hint


def test_a_file_of_format_1_is_read(tmp_path):
    """Written by the version before causes and places were data; compared, gated and shown as one of today."""
    old = read_results(Path(__file__).parent / "results_format_1.json")
    now = sample()
    assert old.format == 2
    assert [(row.requirement.id, row.result.verdict) for row in old.requirements] == [
        (row.requirement.id, row.result.verdict) for row in now.requirements
    ]
    assert [(row.result.unjudged.cause, row.result.unjudged.by) for row in old.requirements if row.result.unjudged] == [
        (Cause.UNSELECTED, ""), (Cause.BLOCKED, "stream.done.last"),
    ]  # fmt: skip
    assert baseline_of(old) == baseline_of(now)
    assert [one["result"] for one in old.summary["yardsticks"]] == ["not conformant", "conformant"]
    assert [one["musts_total"] for one in old.summary["yardsticks"]] == [
        one["musts_total"] for one in now.summary["yardsticks"]
    ]
    assert old.summary["root_causes"][0]["by"] == "stream.done.last"
    finding = next(row.result.findings[0] for row in old.requirements if row.result.findings)
    assert (finding.at, finding.span) == ("event 3", (250, 300))
    (tmp_path / "results.json").write_text(dump_results(old), encoding="utf-8")
    assert read_results(tmp_path) == old


def test_an_old_file_that_is_none_is_a_users_error(tmp_path):
    (tmp_path / "results.json").write_text('{"format": 1}', encoding="utf-8")
    with pytest.raises(UserError, match="format 1"):
        read_results(tmp_path)


def test_room_for_what_comes_is_in_the_schema():
    document = {**results_to_json(sample()), "surfaces": {}, "clients": [], "passages": [], "combinations": []}
    jsonschema.validate(document, SCHEMA)
    assert {"surfaces", "clients", "passages", "combinations"} <= set(SCHEMA["properties"])


def test_no_file_is_a_users_error(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_results(tmp_path)


def test_what_the_schema_refuses_is_never_written():
    made = sample()
    with pytest.raises(ValueError, match="schema"):
        dump_results(type(made)({}, (), {}, (), (), {}))


def test_capabilities_of_a_row_go_there_and_back_and_older_files_lack_them():
    made = build([sample_recording()], verdicts(), catalogue(), cells(), gate=Gate(), needs={"tools.call": ["tools"]})
    document = results_to_json(made)
    assert {row.requirement.id: row.capabilities for row in from_json(document).requirements}["tools.call"] == (
        "tools",
    )
    for row in document["requirements"]:
        del row["capabilities"]
    assert {row.capabilities for row in from_json(document).requirements} == {()}
