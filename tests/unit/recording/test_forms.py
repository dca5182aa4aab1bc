"""Every form in which other tools keep traffic is read, and what is left out of it is accounted for."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from foreign_samples import ASKED, BODY, URL, go_vcr, models, one

from conformance.errors import UserError
from conformance.inputs.yaml_values import HAND_WRITTEN, RECORDED, YamlError, load
from conformance.model import Exchange, Facet
from conformance.recording import read_recordings
from conformance.recording.foreign.form import omissions
from conformance.recording.foreign.forms import FORMS

GZIPPED = gzip.compress(BODY.encode())


def only(path: Path) -> Exchange:
    (exchange,) = one(path).exchanges
    return exchange


def http_vcr(body: Any, status: Any) -> dict[str, Any]:
    headers = {"Content-Type": ["application/json"]}
    request = {"method": "post", "uri": URL, "body": {"encoding": "UTF-8", "string": ASKED}, "headers": headers}
    return {
        "request": request,
        "response": {"status": status, "headers": headers, "body": body},
        "recorded_at": "Thu, 13 Aug 2026 10:09:46 GMT",
    }


def har(content: dict[str, Any], *, encoding: str = "gzip", **entry: Any) -> str:
    headers = [{"name": "content-encoding", "value": encoding}] if encoding else []
    posted = {"mimeType": "application/json", "text": ASKED}
    request = {"method": "POST", "url": URL, "headers": [], "postData": posted}
    response = {"status": 200, "statusText": "OK", "headers": headers, "content": content}
    return json.dumps({"log": {"version": "1.2", "entries": [{"request": request, "response": response, **entry}]}})


def httprr(*messages: bytes) -> bytes:
    pairs = zip(messages[::2], messages[1::2], strict=True)
    return b"httprr trace v1\n" + b"".join(b"%d %d\n%b%b" % (len(a), len(b), a, b) for a, b in pairs)


ASKING = f"POST {URL} HTTP/1.1\r\nHost: h.example\r\nContent-Type: application/json\r\n\r\n{ASKED}".encode()


def answering(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/2.0 200 OK", "Content-Type: application/json", *headers, "", ""]).encode() + body


# --- the forms ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_go_cassettes_have_their_status_in_words(tmp_path: Path, version: int) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"version": version, "interactions": [{"id": 0} | go_vcr()]}))
    exchange = only(path)
    assert (exchange.status, exchange.reason, exchange.content) == (200, "OK", BODY.encode())
    assert (exchange.request.expects, exchange.model, exchange.source) == ("completion", "m", "c.yaml#1")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"encoding": "UTF-8", "string": BODY}, id="text"),
        pytest.param({"encoding": "ASCII-8BIT", "string": BODY.encode()}, id="binary"),
        pytest.param({"encoding": "ASCII-8BIT", "string": GZIPPED}, id="gzip"),
        pytest.param({"base64_string": base64.b64encode(BODY.encode()).decode()}, id="base64"),
        pytest.param({"string": BODY, "file": False}, id="of R"),
    ],
)
@pytest.mark.parametrize(
    "status", [{"code": 200, "message": "OK"}, 200, {"status_code": 200, "message": "OK"}], ids=["ruby", "R", "old R"]
)
def test_cassettes_of_ruby_and_r_are_read(tmp_path: Path, body: dict[str, Any], status: Any) -> None:
    path = tmp_path / "c.yml"
    text = yaml.safe_dump({"http_interactions": [http_vcr(body, status)], "recorded_with": "VCR 6.4.0"})
    path.write_text(text.replace("!!binary", "!binary"))
    exchange = only(path)
    assert (exchange.status, exchange.content) == (200, BODY.encode())
    assert exchange.request.json == json.loads(ASKED)


def test_rubys_tag_for_binary_is_the_only_one_more() -> None:
    assert load(b"a: !binary aGk=", RECORDED) == {"a": b"hi"}
    for text in (b"a: !ruby/object:Object {}", b"a: !ruby/symbol b", b"a: !binary/x aGk=", b"!binary [a]"):
        with pytest.raises(YamlError):
            load(text, RECORDED)
    with pytest.raises(YamlError):
        load(b"a: !binary aGk=", HAND_WRITTEN)


def _pieces(encode: Callable[[bytes], str]) -> str:
    return json.dumps([encode(GZIPPED[:11]), encode(GZIPPED[11:])])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            {"encoding": "base64", "text": _pieces(lambda data: base64.b64encode(data).decode())}, id="base64"
        ),
        pytest.param({"_isBinary": True, "text": _pieces(bytes.hex)}, id="hex"),
        pytest.param({"text": _pieces(bytes.hex)}, id="hex unmarked"),
        pytest.param({"encoding": "hex", "text": GZIPPED.hex()}, id="hex in one"),
    ],
)
def test_bodies_in_pieces_are_joined(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "recording.har"
    path.write_text(har(content | {"size": len(GZIPPED)}))
    exchange = only(path)
    assert exchange.content == BODY.encode()
    assert Facet.BYTES not in exchange.lost


@pytest.mark.parametrize("text", ['["not base64!"]', '["1f8"]', "[1]"])
def test_damaged_pieces_are_left_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recording.har"
    path.write_text(har({"encoding": "base64", "text": text}))
    (left_out,) = one(path).left_out
    assert (left_out.source, "body" in left_out.reason) == ("recording.har#1", True)


def test_a_json_list_that_is_the_body_itself_stays(tmp_path: Path) -> None:
    path = tmp_path / "recording.har"
    path.write_text(har({"text": '["a", "b"]', "size": 10}, encoding="br"))
    assert only(path).content == b'["a", "b"]'


def test_events_that_a_browser_keeps_beside_the_body_are_the_stream(tmp_path: Path) -> None:
    messages = [
        {"time": 1.0, "eventName": "message", "eventId": "", "data": '{"a":\n1}'},
        {"time": 1.1, "eventName": "response.created", "eventId": "7", "data": "{}"},
        {"time": 1.2, "eventName": "message", "eventId": "", "data": "[DONE]"},
    ]
    path = tmp_path / "t.har"
    path.write_text(har({"size": 99, "mimeType": "text/event-stream"}, encoding="", _eventSourceMessages=messages))
    exchange = only(path)
    assert exchange.content == (
        b'data: {"a":\ndata: 1}\n\nevent: response.created\nid: 7\ndata: {}\n\ndata: [DONE]\n\n'
    )
    assert Facet.BYTES in exchange.lost


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(answering(BODY.encode()), BODY.encode(), id="plain"),
        pytest.param(answering(GZIPPED, "Content-Encoding: gzip"), BODY.encode(), id="gzip"),
        pytest.param(answering(b"3\r\n{}\n\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), b"{}\n", id="chunked"),
        pytest.param(answering(b""), b"", id="empty"),
    ],
)
def test_traces_of_go_are_read(tmp_path: Path, answer: bytes, body: bytes) -> None:
    path = tmp_path / "t.httprr"
    path.write_bytes(httprr(ASKING, answer))
    exchange = only(path)
    assert (exchange.status, exchange.reason, exchange.content) == (200, "OK", body)
    assert (exchange.url, exchange.request.json, exchange.model) == (URL, json.loads(ASKED), "m")
    assert exchange.header("content-type") == "application/json"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(httprr(ASKING, answering(b"{}")) + b"9 9\nshort", "cut short", id="cut"),
        pytest.param(httprr(ASKING, answering(b"{}")) + b"x\n", "cut short", id="no lengths"),
        pytest.param(httprr(ASKING, answering(b"{}"), b"", b""), "no request", id="empty"),
        pytest.param(httprr(ASKING, answering(b"{}"), ASKING, b"\xff\x00"), "no HTTP status", id="noise"),
    ],
)
def test_a_damaged_trace_is_read_as_far_as_it_goes(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    recording = one(path)
    assert [exchange.id for exchange in recording.exchanges] == ["1"]
    assert [words in left_out.reason for left_out in recording.left_out] == [True]


CASSETTE = yaml.safe_dump({"interactions": [go_vcr()]}).encode()
LISTS = yaml.safe_dump(
    {
        "requests": [{"method": "POST", "uri": URL, "body": ASKED.encode(), "headers": {"host": ["**REDACTED**"]}}],
        "responses": [
            {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["**REDACTED**"]},
                "body": {"string": GZIPPED},
            }
        ],
    }
).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("c.yaml.gz", gzip.compress(CASSETTE)),
        ("c.har.gz", gzip.compress(har({"text": BODY, "size": 1}, encoding="").encode())),
        ("c.json.gz", gzip.compress(json.dumps({"interactions": [go_vcr()]}).encode())),
        ("c.httprr.gz", gzip.compress(httprr(ASKING, answering(BODY.encode())))),
        ("lists.yaml.gz", gzip.compress(LISTS)),
        ("lists.yaml", LISTS),
        ("lists.yaml", base64.b64encode(gzip.compress(LISTS))),
    ],
)
def test_packed_files_are_read(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    (recording,) = read_recordings([tmp_path])
    (exchange,) = recording.exchanges
    assert (exchange.content, exchange.request.expects) == (BODY.encode(), "completion")


def test_lists_of_two_lengths_leave_the_rest_out(tmp_path: Path) -> None:
    document = yaml.safe_load(LISTS)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(document | {"responses": []}))
    assert [left_out.reason for left_out in one(tmp_path / "c.yaml").left_out] == ["it has no response"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(gzip.compress(b"\0" * (65 * 1024 * 1024)), "more than", id="bomb"),
        pytest.param(gzip.compress(CASSETTE)[:-30], "damaged", id="cut"),
        pytest.param(b"\x1f\x8bnonsense", "damaged", id="noise"),
        pytest.param(gzip.compress(gzip.compress(CASSETTE)), "not UTF-8|not YAML", id="twice"),
        pytest.param(b"H4sI!!!!", "base64", id="no base64"),
        pytest.param(gzip.compress(b'{"type":"header"}\n'), "gunzip|packed", id="our own"),
    ],
)
def test_packed_files_that_cannot_be_read_are_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "x.gz").write_bytes(data)
    with pytest.raises(UserError, match=words):
        one(tmp_path / "x.gz")


@pytest.mark.parametrize("document", [None, [], {}, {"log": 1}, {"interactions": 1}, {"requests": []}, 7, "text"])
def test_what_is_no_recording_is_of_no_form(document: Any) -> None:
    assert not [form.name for form in FORMS if not form.raw and form.holds(document)]


@pytest.mark.parametrize(
    "entry", [None, 7, [], {}, {"request": {}}, {"request": {"body": {}}, "response": {"status": []}}]
)
def test_hostile_entries_are_left_out_not_fatal(tmp_path: Path, entry: Any) -> None:
    for name, members in (("a.yaml", "interactions"), ("b.yaml", "http_interactions")):
        (tmp_path / name).write_text(yaml.safe_dump({members: [entry]}))
        assert len(one(tmp_path / name).left_out) == 1


# --- names and counts ---------------------------------------------------------------------------------------------


def test_sources_are_named_by_their_path_below_what_was_given(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "recording.har").write_text(har({"text": BODY, "size": 1}, encoding=""))
    files = [tmp_path / folder / "recording.har" for folder in ("a", "b")]
    for given in ([tmp_path], files, [tmp_path / "a", tmp_path / "b"]):
        recordings = list(read_recordings(given))
        assert [one.source for recording in recordings for one in recording.exchanges] == [
            "a/recording.har#1",
            "b/recording.har#1",
        ]
        assert [recording.name for recording in recordings] == ["a/recording.har", "b/recording.har"]
    assert only(files[0]).source == "recording.har#1"


def test_every_omission_is_accounted_for(tmp_path: Path) -> None:
    odd = go_vcr(code=None, status="who knows")
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"interactions": [go_vcr(), *[odd] * 10, models({"models": []})]}))
    recording = one(path)
    assert len(omissions(recording)) == 10
    assert sum("is left out" in note for note in recording.notes) == 3
