"""Untrusted input: no bytes of an endpoint or of a file crash, hang or fool a reader; see fuzz/targets.py."""

from __future__ import annotations

import ast
import base64
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from places import ROOT
from report_samples import exchange, stream_body

sys.path.insert(0, str(ROOT / "fuzz"))

import targets

from conformance.model import Footer, Header
from conformance.recording import RecordingWriter, Secrets
from conformance.recording.export_har import to_har

BOUNDED = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
FILES = settings(BOUNDED, max_examples=80)

lines = st.sampled_from(
    [b"data: x", b"data", b"data:{}", b":", b": ping", b"event: e", b"id: 1", b"retry: 1", b"retry: x", b"what: 1", b"",
     b"\xef\xbb\xbf", b"\xef\xbb", "data: \u2028\u0085".encode(), b"data: \xff\xfe", b"\x00"]
)  # fmt: skip
breaks = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\r\r", b""])
framed = st.lists(st.tuples(lines, breaks), max_size=12).map(lambda rows: b"".join(a + b for a, b in rows))
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=6)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "id", "object", "model", "choices", "index", "delta", "role", "content", "tool_calls", "function", "name",
    "arguments", "finish_reason", "usage", "reasoning_content", "error", "logprobs", "refusal", "function_call",
]  # fmt: skip
likely = st.sampled_from(["", "assistant", "stop", "{", '{"a":1}', 0, 1, -1, None, True, 10**30])
shaped = st.recursive(
    likely | scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)
choices = st.fixed_dictionaries(
    {},
    optional={
        "index": shaped,
        "delta": st.dictionaries(st.sampled_from(NAMES), shaped, max_size=4),
        "finish_reason": shaped,
    },
)
chunk = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(choices | shaped, max_size=3) | shaped, "usage": shaped, "id": shaped}
)


@BOUNDED
@given(st.binary(max_size=200) | framed, st.lists(st.integers(0, 500), max_size=8))
@example(b"\xef\xbb\xbfdata: x\r\n\r\n", [1, 2, 9, 10])
@example(b"data: a\r\rdata: b\r\n\n", [7, 8, 9])
def test_events_are_the_same_however_they_are_cut(data: bytes, places: list[int]) -> None:
    targets.events(data, places)


@BOUNDED
@given(st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"a":' * 5000)
@example(b"1" * 5000)
@example(b'{"a":1,"a":2}')
@example(b'"\\ud800"')
@example(b"\xef\xbb\xbf{}")
def test_strict_json_never_raises_and_agrees_with_pythons_reader(data: bytes) -> None:
    targets.read_json(data)


def test_many_duplicate_names_cost_no_more_than_many_names() -> None:
    targets.read_json(b"{" + b",".join(b'"a":1' for _ in range(100_000)) + b"}")


@BOUNDED
@given(st.lists(chunk | shaped, max_size=5))
def test_any_values_fold_as_chunks(given_chunks: list[object]) -> None:
    targets.chunks(given_chunks)


@BOUNDED
@given(st.binary(max_size=200) | framed)
def test_any_bytes_are_a_stream_with_defects_at_worst(data: bytes) -> None:
    targets.stream(data)


# --- recordings -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A whole recording by the suffix of each reader."""
    path = tmp_path_factory.mktemp("whole") / "r.jsonl"
    exchanges = [exchange("1", b'{"id":"x"}'), exchange("2", stream_body(), stream=True)]
    with RecordingWriter(path, Header("h", "https://h/v1"), Secrets(())) as writer:
        for one in exchanges:
            writer.append(one)
        writer.finish(Footer(exchanges=2))
    interaction = {
        "request": {"method": "POST", "uri": "https://h/v1/chat/completions", "headers": {}, "body": '{"model":"m"}'},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}},
    }
    cassette = json.dumps({"interactions": [interaction], "version": 1}).encode()
    return {".jsonl": path.read_bytes(), ".har": to_har(exchanges).encode(), ".yaml": cassette}


SUFFIXES = pytest.mark.parametrize("suffix", [".jsonl", ".har", ".yaml"])


@SUFFIXES
def test_a_whole_file_is_read(whole: dict[str, bytes], suffix: str) -> None:
    assert targets.recording(whole[suffix], suffix)[0].exchanges


@SUFFIXES
@settings(FILES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_mutilated_file_is_read_or_refused_in_words(
    whole: dict[str, bytes], suffix: str, data: st.DataObject
) -> None:
    body = bytearray(whole[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body)))
        piece = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"null", b"-1", b"1e999", b'"', b"{", b"]", b"\n", b"9" * 400])
        )
        body[place : place + data.draw(st.integers(0, 8))] = piece
    targets.recording(bytes(body), suffix)
    targets.recording(bytes(body[: data.draw(st.integers(0, len(body)))]), suffix)


@SUFFIXES
@FILES
@given(
    value=st.dictionaries(
        st.sampled_from(["log", "entries", "interactions", "type", "request", "response"]), shaped, max_size=4
    )
)
def test_a_strange_document_is_read_or_refused_in_words(suffix: str, value: dict[str, object]) -> None:
    targets.recording(json.dumps(value).encode(), suffix)
    targets.recording(json.dumps({"interactions": [value], "log": {"entries": [value]}, "version": 1}).encode(), suffix)


@SUFFIXES
@FILES
@given(data=st.binary(max_size=60))
def test_garbage_is_refused_in_words(suffix: str, data: bytes) -> None:
    targets.recording(data, suffix)


# --- keys -------------------------------------------------------------------------------------------------------------

spelt = st.sampled_from([*targets.spellings(), targets.KEY.encode()[:10], b"%73", b"\\u0073", base64.b64encode(b"x")])


@BOUNDED
@given(st.lists(st.binary(max_size=6) | spelt, max_size=6).map(b"".join))
def test_no_spelling_of_a_key_survives_masking(data: bytes) -> None:
    targets.masking(data)


# --- loaders ----------------------------------------------------------------------------------------------------------

RUNS_CODE = {"eval", "exec", "compile", "__import__"}
UNSAFE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}


def unsafe(path: Path) -> list[str]:
    """What in a module could turn data into running code."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [f"imports {name}" for name in names if name.split(".")[0] in UNSAFE]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNS_CODE:
            found.append(f"calls {node.func.id}")
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml":
            if node.attr in {"unsafe_load", "full_load", "UnsafeLoader", "FullLoader", "Loader", "CLoader", "load_all"}:
                found.append(f"yaml.{node.attr}")
            found += ["yaml.load"] if node.attr == "load" else []
    return found


def test_nothing_loads_what_could_run() -> None:
    modules = [path for folder in ("conformance", "suites", "tools", "fuzz") for path in (ROOT / folder).rglob("*.py")]
    assert len(modules) > 100
    assert {str(path.relative_to(ROOT)): found for path in modules if (found := unsafe(path))} == {}


def test_the_one_loader_of_foreign_yaml_makes_plain_values_only() -> None:
    from conformance.inputs.yaml_values import HAND_WRITTEN, RECORDED, YamlError, load

    for text in (b"!!python/object/apply:os.system [true]", b"!!python/name:os.system", b"!<tag:x> y"):
        for limits in (HAND_WRITTEN, RECORDED):
            with pytest.raises(YamlError):
                load(text, limits)
