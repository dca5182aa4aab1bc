from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import UserError
from conformance.inputs.yaml_reader import load_checked, load_yaml, parse_yaml
from conformance.inputs.yaml_values import HAND_WRITTEN, SourcePosition

SCENARIOS = "harness/scenarios.schema.json"


def test_values_keys_and_their_places_are_kept() -> None:
    located = parse_yaml(b"a:\n  - 1\n  - b/c: yes\n    d: '2'\nt: 2024-01-02\nn: ~\n", "f.yaml")
    assert located.data == {"a": [1, {"b/c": True, "d": "2"}], "t": "2024-01-02", "n": None}
    assert located.places.marks["/a/1/d"] == SourcePosition(4, 8)
    assert located.places.keys["/a/1/b~1c"] == SourcePosition(3, 5)
    assert located.place("/a/1/d", key=True) == "f.yaml:4:5"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("12:30", "12:30", id="no sexagesimal"),
        pytest.param("1.5", 1.5, id="float"),
        pytest.param("0x10", 16, id="hexadecimal"),
        pytest.param("'off'", "off", id="quoted word"),
        pytest.param("off", False, id="bare off"),
        pytest.param("!!str 1", "1", id="explicit text"),
        pytest.param("", None, id="empty file"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    assert parse_yaml(text.encode(), "f.yaml").data == value


def test_an_alias_is_the_value_again() -> None:
    assert parse_yaml(b"a: &x [1, 2]\nb: *x\n", "f.yaml").data == {"a": [1, 2], "b": [1, 2]}


def test_places_below_an_alias_are_those_of_its_anchor() -> None:
    located = parse_yaml(b"a: &x\n  k: [1]\nb: *x\nc: {d: *x}\n", "f.yaml")
    assert located.data["c"] == {"d": {"k": [1]}}
    assert [located.place(at) for at in ("/b", "/b/k", "/b/k/0", "/c/d/k/0")] == [
        "f.yaml:3:4", "f.yaml:2:6", "f.yaml:2:7", "f.yaml:2:7"
    ]  # fmt: skip
    assert located.place("/c/d/k", key=True) == "f.yaml:2:3"


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key `a`, first written in line 1", id="duplicate key"
        ),
        pytest.param(
            "a: [1\nb: 2", "f.yaml:2:2: not YAML: did not find expected ',' or ']' while parsing", id="open bracket"
        ),
        pytest.param("a: b: c", "f.yaml:1:5: not YAML: mapping values are not allowed", id="colon in a value"),
        pytest.param("\ta: 1", "f.yaml:1:1: not YAML: found character that cannot start any token", id="tab"),
        pytest.param("a: 'b", "f.yaml:1:6: not YAML: found unexpected end of stream", id="open quote"),
        pytest.param("a: *x", "f.yaml:1:4: an alias (*) without its anchor", id="alias without anchor"),
        pytest.param("a: &x [*x]", "f.yaml:1:8: an alias (*) without its anchor", id="alias in itself"),
        pytest.param("a: !!python/object/apply:os.system ['x']", "f.yaml:1:4: a tag (!)", id="python tag"),
        pytest.param("a: !include x", "f.yaml:1:4: a tag (!)", id="local tag"),
        pytest.param("a: !!binary aGk=", "f.yaml:1:4: a tag (!)", id="binary"),
        pytest.param("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins", id="two documents"),
        pytest.param("1: a", "f.yaml:1:1: a key that is not text", id="number as key"),
        pytest.param("on: a", "f.yaml:1:1: a key that is not text", id="boolean as key"),
        pytest.param("a: .nan", "f.yaml:1:4: a number that JSON cannot hold", id="nan"),
        pytest.param("a: " + "9" * 5000, "f.yaml:1:4: a number that JSON cannot hold", id="huge number"),
        pytest.param("[" * 100_000, "f.yaml:1:66: nested deeper than 64 levels", id="deep nesting"),
        pytest.param(BOMB, f"more than {HAND_WRITTEN.values} values", id="alias bomb"),
        pytest.param("a: \x01", "f.yaml: holds a control character", id="control character"),
        pytest.param("a: 1\nb: \udcff", "f.yaml:2:1: is not UTF-8 text", id="not utf-8"),
    ],
)
def test_mistakes_of_yaml(text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_yaml(text.encode("utf-8", "surrogateescape"), "f.yaml")
    assert message in raised.value.message
    assert raised.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml cannot be read: no such file"):
        load_yaml(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        pytest.param(
            "purpos: x", "2:3: unknown key `purpos`; did you mean `purpose`?", "Keys here: name", id="unknown key"
        ),
        pytest.param("purpose: x\n  zzz: 1", "3:3: unknown key `zzz`", "Keys here", id="far-off key"),
        pytest.param("quick: true", "1:3: `purpose` is missing", "", id="missing key"),
        pytest.param(
            "purpose: x\n  lane: sharde",
            "3:9: `lane` must be shared or serial or exclusive, not `sharde`; did you mean `shared`?",
            "",
            id="enum",
        ),
        pytest.param("purpose: x\n  lane: 3", "3:9: `lane` must be shared or", "", id="enum of another kind"),
        pytest.param("purpose: x\n  samples: 0", "3:12: `samples` must be at least 1, not 0", "", id="minimum"),
        pytest.param("purpose: x\n  samples: 1000", "3:12: `samples` must be at most 100, not 1000", "", id="maximum"),
        pytest.param("purpose: x\n  samples: two", "3:12: `samples` must be a whole number, not text", "", id="type"),
        pytest.param(
            "purpose: x\n  needs: tools", "3:10: `needs` must be a list, not text", "Write a list", id="text for list"
        ),
        pytest.param(
            "purpose: x\n  needs: [1]",
            "3:11: `needs[0]` must be text, not a number",
            "Put quotes",
            id="number for text",
        ),
        pytest.param(
            "purpose: off", "2:12: `purpose` must be text, not true or false", "Put quotes", id="boolean for text"
        ),
        pytest.param("purpose: ''", "2:12: `purpose` must not be empty", "", id="empty"),
        pytest.param(
            "purpose: x\n  request: {path: models}", "3:19: `path` must be a path that begins with /", "", id="pattern"
        ),
        pytest.param("purpose: x\n  stop: {}", "3:9: `stop` must not be empty", "", id="empty mapping"),
        pytest.param(
            "purpose: x\n  stop: {seconds: 0}", "`seconds` must be more than 0, not 0", "", id="exclusive minimum"
        ),
    ],
)
def test_mistakes_against_the_schema(tmp_path: Path, text: str, message: str, hint: str) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text(f"- name: chat.x\n  {text}\n")
    with pytest.raises(UserError) as raised:
        load_checked(file, SCENARIOS)
    assert message in raised.value.message
    assert raised.value.message.startswith(f"{file}:")
    assert hint in raised.value.hint


def test_a_misspelt_key_is_not_also_missing(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text("- name: chat.x\n  purpos: x\n")
    with pytest.raises(UserError) as raised:
        load_checked(file, SCENARIOS)
    assert "missing" not in raised.value.message


def test_mistakes_come_in_the_order_of_lines_and_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text("".join(f"- name: chat.x{index}\n  purpose: x\n  bad{index}: 1\n" for index in range(7)))
    with pytest.raises(UserError) as raised:
        load_checked(file, SCENARIOS)
    lines = raised.value.message.splitlines()
    assert [line.removeprefix(f"{file}:").partition(":")[0] for line in lines[:5]] == ["3", "6", "9", "12", "15"]
    assert lines[5] == "… and 2 more"


def test_secret_values_are_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "scenarios.yaml"
    file.write_text("- name: sk-SECRET\n  purpose: x\n  lane: sk-SECRET\n")
    with pytest.raises(UserError) as raised:
        load_checked(file, SCENARIOS, echo=False)
    assert "SECRET" not in raised.value.message + raised.value.hint
