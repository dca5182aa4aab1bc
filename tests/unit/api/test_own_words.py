"""The server's own words about a failure are found in whatever shape it answers, and never shown raw."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.api.answer import Answer, Trouble
from conformance.api.own_words import LONGEST, words_in_body
from conformance.api.probe import words
from conformance.checks.refusals import said
from conformance.model import Exchange, Read, Request
from conformance.secrets.masking import Secrets


def exchange(status: int, body: Any) -> Exchange:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    raw = (Read(0.1, content),) if content else ()
    return Exchange("1", Request(expects="completion", body=b"{}"), "http://host/v1", status=status, raw=raw)


SHAPES: list[tuple[Any, str]] = [
    ({"error": {"message": "no such tool"}}, "no such tool"),
    ({"object": "error", "message": "worker busy", "type": "busy", "code": 50001}, "worker busy"),
    ({"detail": "Not Found"}, "Not Found"),
    (
        {"detail": [{"type": "enum", "loc": ["body", "tool_choice"], "msg": "Input should be 'auto' or 'none'"}]},
        "body.tool_choice: Input should be 'auto' or 'none'",
    ),
    ({"detail": [{"loc": ["body", "n"], "msg": "too big"}, {"loc": [0], "msg": "odd"}]}, "body.n: too big; 0: odd"),
    ({"error": "text alone"}, "text alone"),
    ({"error": True, "message": "beside the flag"}, "beside the flag"),
    ({"message": None, "errors": ["first", "second"]}, "first; second"),
    ([{"error": {"code": 400, "message": "in a list"}}], "in a list"),
    ({"error": {"error": {"message": "two deep"}}}, "two deep"),
    ({"error": {"message": "Provider returned error", "metadata": {"raw": "overloaded"}}}, "overloaded"),
    ({"error": {"message": '{"detail": "JSON in a string"}'}}, "JSON in a string"),
    ({"answer": 42}, '{"answer": 42}'),
    ("a bare string", "a bare string"),
    ({}, ""),
]


@pytest.mark.parametrize(("body", "wanted"), SHAPES, ids=[str(number) for number in range(len(SHAPES))])
def test_the_words_are_found_in_json_of_any_shape(body: Any, wanted: str) -> None:
    assert words_in_body(json.dumps(body).encode()) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"no upstream\r\n", "no upstream"),
        (b"<!DOCTYPE html><html><head><title>502 Bad &amp; Gone</title></head><body>x</body></html>", "502 Bad & Gone"),
        (b"<html><body><h1>Forbidden</h1><p>by the proxy</p></body></html>", "Forbidden"),
        (b"<html><body><script>var a = 1;</script><p>Too  busy</p></body></html>", "Too busy"),
        (b'event: error\ndata: {"message": "in an event"}\n\n', "in an event"),
        (b'data: {"error": {"message": "in a stream"}}\n\ndata: [DONE]\n\n', "in a stream"),
        (b"", ""),
    ],
)
def test_the_words_are_found_in_what_is_no_json(body: bytes, wanted: str) -> None:
    assert words_in_body(body) == wanted


def test_words_are_short_and_on_one_line_and_hold_nothing_unseen() -> None:
    hostile = json.dumps({"message": "a\n\x1b[31mred\u202eevil" + "x" * 5000}).encode()
    found = words_in_body(hostile)
    assert found.startswith("a [31mred evil")
    assert len(found) == LONGEST


def test_bodies_made_to_hurt_are_read_in_no_time() -> None:
    nested = ("[" * 60 + "]" * 60).encode()
    assert isinstance(words_in_body(nested), str)
    assert len(words_in_body(b"<html>" + b"<" * 1_000_000)) <= LONGEST
    assert len(words_in_body(b"<html>" + b"<script " * 100_000)) <= LONGEST


def test_what_is_said_of_a_refusal_names_status_and_words() -> None:
    flat = Answer(exchange(400, {"object": "error", "message": "worker busy", "code": 50001}))
    assert said(flat) == "HTTP 400: worker busy"
    assert flat.trouble == (Trouble.REFUSED, "HTTP 400: worker busy")
    assert said(Answer(exchange(415, b""))) == "HTTP 415 and no body"
    assert said(Answer(exchange(200, {"choices": []}))) == "HTTP 200"
    assert said(Answer(exchange(200, {"error": "gone"}))) == "HTTP 200: gone"


def test_the_probe_masks_a_key_before_it_shortens_the_words() -> None:
    key = "k" * 40 + "secret"
    answer = exchange(401, {"detail": "x" * 280 + key})
    assert "kkk" not in words(answer, Secrets([key]))
