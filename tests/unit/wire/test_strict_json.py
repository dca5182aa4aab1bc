"""Strict JSON: what a tolerant client would see, and everything that a strict one refuses."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.wire.strict_json import FATAL, JsonDefect, parse_json

FINE = {
    b"{}": {},
    b" \t\r\n[1, 2.5, -3e2, true, false, null]\n": [1, 2.5, -300.0, True, False, None],
    b'"\\u00e9\\ud83d\\ude42"': "é🙂",
    '"é🙂\u2028"'.encode(): "é🙂\u2028",
    b'{"a": {"a": 1}}': {"a": {"a": 1}},
    b"0": 0,
}

FLAWED = {  # bytes -> (value, defects)
    b"": (None, [JsonDefect.EMPTY]),
    b" \n": (None, [JsonDefect.EMPTY]),
    b"\xef\xbb\xbf": (None, [JsonDefect.BOM, JsonDefect.EMPTY]),
    b"\xef\xbb\xbf{}": ({}, [JsonDefect.BOM]),
    b'"\xff"': ("\ufffd", [JsonDefect.INVALID_UTF8]),
    b"{": (None, [JsonDefect.SYNTAX]),
    b"{'a': 1}": (None, [JsonDefect.SYNTAX]),
    b"[1,]": (None, [JsonDefect.SYNTAX]),
    b'"a\nb"': (None, [JsonDefect.SYNTAX]),
    b"undefined": (None, [JsonDefect.SYNTAX]),
    b"01": (0, [JsonDefect.TRAILING]),
    b"{}{}": ({}, [JsonDefect.TRAILING]),
    b"{}\x00": ({}, [JsonDefect.TRAILING]),
    b"{}\xc2\xa0": ({}, [JsonDefect.TRAILING]),
    b'{"a": 1, "a": 2}': ({"a": 2}, [JsonDefect.DUPLICATE_KEY]),
    b'[{"a": {"b": 1, "b": 1}}]': ([{"a": {"b": 1}}], [JsonDefect.DUPLICATE_KEY]),
    b"[Infinity]": ([float("inf")], [JsonDefect.NOT_A_NUMBER]),
    b"[-Infinity]": ([float("-inf")], [JsonDefect.NOT_A_NUMBER]),
    b'"\\ud83d"': ("\ud83d", [JsonDefect.LONE_SURROGATE]),
    b'{"\\ude42": 1}': ({"\ude42": 1}, [JsonDefect.LONE_SURROGATE]),
    b"[" * 300: (None, [JsonDefect.TOO_DEEP]),
    b"[" * 300 + b"]" * 300: (None, [JsonDefect.TOO_DEEP]),
    b"[" + b"{}," * 300_000 + b"{}]": (None, [JsonDefect.TOO_MANY]),
    b"9" * 5_000: (None, [JsonDefect.HUGE_NUMBER]),
}


@pytest.mark.parametrize("data", FINE, ids=repr)
def test_good_json_has_no_flaw(data):
    document = parse_json(data)
    assert document.value == FINE[data]
    assert document.flaws == ()
    assert document.readable


@pytest.mark.parametrize("data", FLAWED, ids=lambda data: repr(data[:20]))
def test_flaws_are_named(data):
    value, kinds = FLAWED[data]
    document = parse_json(data)
    assert document.value == value
    assert [flaw.kind for flaw in document.flaws] == kinds
    assert document.readable is not bool(FATAL & set(kinds))
    assert all(flaw.text and len(flaw.text) < 200 for flaw in document.flaws)


def test_nan_is_no_number():
    document = parse_json(b'{"a": NaN}')
    assert math.isnan(document.value["a"])
    assert [flaw.kind for flaw in document.flaws] == [JsonDefect.NOT_A_NUMBER]


def test_every_defect_is_shown_above():
    shown = {kind for _, kinds in FLAWED.values() for kind in kinds}
    assert shown == set(JsonDefect)


def test_brackets_in_strings_do_not_nest():
    text = json.dumps({"a": "[" * 500})
    assert parse_json(text).value == json.loads(text)


def test_text_is_read_as_bytes_are():
    assert parse_json('{"a": 1}') == parse_json(b'{"a": 1}')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    )
)
def test_what_python_writes_is_read_without_a_flaw(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        document = parse_json(text.encode("utf-8", "surrogatepass"))
        assert document.value == value
        assert document.flaws == ()


@given(st.binary(max_size=80))
def test_no_bytes_raise(data):
    document = parse_json(data)
    assert document.readable or document.value is None
