from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from places import CORPUS, OPENAI_SHAPED

from conformance.errors import UserError
from conformance.inputs.yaml_values import RECORDED, YamlError, load
from conformance.model import Exchange, Facet, Footer, Header, Recording
from conformance.recording import RecordingWriter, Secrets, read_recordings
from conformance.recording.foreign.exchange import ForeignAnswer, LeftOut, Sent, foreign_exchange

FOLDERS = [CORPUS / name for name in OPENAI_SHAPED]
JSON = {"content-type": ["application/json"]}


def place(method: str, url: str, body: object = None, status: int = 200) -> Exchange:
    data = None if body is None else json.dumps(body).encode()
    return foreign_exchange(1, Sent(method, url, (), data), ForeignAnswer(status, "", (), b""), frozenset())


def interaction(**response: object) -> dict[str, object]:
    return {
        "request": {"method": "POST", "uri": "https://h/v1/chat/completions", "headers": {}, "body": '{"model":"m"}'},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": JSON, **response},
    }


def cassette(path: Path, *interactions: object) -> Path:
    path.write_text(yaml.safe_dump({"interactions": list(interactions), "version": 1}, sort_keys=False))
    return path


def har_entry(content: dict[str, object], **response: object) -> dict[str, object]:
    return {
        "startedDateTime": "2025-01-02T03:04:05.250Z",
        "time": 1500,
        "timings": {"receive": 500},
        "request": {
            "method": "POST",
            "url": "https://h/v1/chat/completions",
            "headers": [
                {"name": ":path", "value": "/"},
                {"name": "authorization", "value": "Bearer sk-0123456789abcdef"},
            ],
            "postData": {"mimeType": "application/json", "text": '{"model":"m","stream":true}'},
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "h2",
            "headers": [{"name": "content-type", "value": "text/event-stream"}],
            "content": content,
            **response,
        },
    }


def har(path: Path, *entries: object) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))
    return path


def one(path: Path) -> Recording:
    (recording,) = read_recordings([path])
    return recording


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "path", "expects", "model"),
    [
        ("POST", "https://h/v1/chat/completions", {"model": "m"}, 200, "/chat/completions", "completion", "m"),
        ("post", "https://h/v1/chat/completions", {"stream": True}, 200, "/chat/completions", "stream", ""),
        ("POST", "https://h/v1/chat/completions", {"stream": True}, 429, "/chat/completions", "error", ""),
        ("POST", "https://h/v1/chat/completions", {}, 302, "/chat/completions", "other", ""),
        (
            "POST",
            "https://h/openai/deployments/d/chat/completions?v=1",
            {},
            200,
            "/chat/completions?v=1",
            "completion",
            "d",
        ),
        ("POST", "http://h:8000/v1/completions", {"stream": True}, 200, "/completions", "text_stream", ""),
        ("POST", "http://h/completions/", {}, 200, "/completions", "text_completion", ""),
        ("POST", "http://h/v1/embeddings", {"input": "x"}, 200, "/embeddings", "embeddings", ""),
        ("POST", "http://h/api/embeddings", {"prompt": "x"}, 200, "/embeddings", "other", ""),
        ("POST", "http://h/responses", {"stream": True}, 200, "/responses", "response_stream", ""),
        ("POST", "http://h/v1/responses", {"stream": None}, 200, "/responses", "response", ""),
        ("POST", "http://h/v1/responses/compact", {}, 400, "/v1/responses/compact", "other", ""),
        ("GET", "http://h/v1/models", None, 200, "/models", "models", ""),
        ("GET", "http://h/v1/models/org/name", None, 200, "/models/org/name", "model", "org/name"),
        ("GET", "http://h/v1/models/x", None, 404, "/models/x", "error", "x"),
        ("GET", "http://h/api/models/org/name", None, 200, "/api/models/org/name", "other", ""),
        ("GET", "http://h", None, 200, "/", "other", ""),
        ("POST", "https://h/v1/messages", {"model": "m"}, 401, "/v1/messages", "other", ""),
    ],
)
def test_what_was_asked_follows_from_the_request(  # noqa: PLR0917
    method: str, url: str, body: object, status: int, path: str, expects: str, model: str
) -> None:
    exchange = place(method, url, body, status)
    assert (exchange.request.path, exchange.request.expects, exchange.model) == (path, expects, model)


@pytest.mark.parametrize("url", ["", "ftp://h/v1/models", "http://[", "/v1/models"])
def test_no_url_is_left_out(url: str) -> None:
    with pytest.raises(LeftOut):
        place("GET", url)


def test_a_key_that_the_recorder_left_in_is_masked() -> None:
    key = "sk-0123456789abcdef"
    sent = Sent("POST", "https://h/v1/responses", (("Authorization", f"Bearer {key}"),), b"{}")
    exchange = foreign_exchange(1, sent, ForeignAnswer(200, "", (("x", "y"),), key.encode()), frozenset())
    assert key not in repr(exchange)
    assert exchange.content == b"*" * len(key)
    assert exchange.lost == {Facet.READS, Facet.OUTCOME}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-goog-api-key", "%s"),
        ("api-key", "%s"),
        ("X-Api-Key", "%s"),
        ("Ocp-Apim-Subscription-Key", "%s"),
        ("x-auth-token", "%s"),
        ("apikey", "%s"),
        ("Proxy-Authorization", "Bearer %s"),
        ("cookie", "theme=dark; session=%s"),
    ],
)
def test_a_key_in_any_credential_header_is_masked_everywhere(name: str, value: str) -> None:
    key = "sk-0123456789abcdef"
    sent = Sent("POST", "https://h/v1/responses", ((name, value % key),), b"{}")
    exchange = foreign_exchange(1, sent, ForeignAnswer(200, "", (("x", key),), key.encode()), frozenset())
    assert key not in repr(exchange)
    assert exchange.content == b"*" * len(key)
    assert (exchange.request.headers, Facet.REQUEST_HEADERS in exchange.lost) == ((), False)


def test_a_stand_in_for_a_key_is_not_sought_in_bodies() -> None:
    sent = Sent("POST", "https://h/v1/responses", (("api-key", "REDACTED_BY_TEST"),), b"{}")
    assert (
        foreign_exchange(1, sent, ForeignAnswer(200, "", (), b"REDACTED_BY_TEST"), frozenset()).content
        == b"REDACTED_BY_TEST"
    )


BODY = b'{"ok": "\xc3\xa9"}'
GZIP = gzip.compress(BODY)


@pytest.mark.parametrize(
    ("response", "content", "bytes_lost"),
    [
        pytest.param({"body": {"string": BODY.decode()}}, BODY, False, id="text"),
        pytest.param({"body": {"string": BODY}}, BODY, False, id="binary"),
        pytest.param({"body": {"string": GZIP}, "headers": {"Content-Encoding": ["gzip"]}}, BODY, False, id="gzip"),
        pytest.param({"body": {"string": GZIP}}, BODY, False, id="gzip unsaid"),
        pytest.param({"body": {"string": BODY}, "headers": {"Content-Encoding": "gzip"}}, BODY, False, id="lingering"),
        pytest.param(
            {"body": {"string": BODY}, "headers": {"content-encoding": "br"}}, BODY, False, id="lingering brotli"
        ),
        pytest.param(
            {"body": {"string": base64.b64encode(GZIP).decode()}, "headers": {"content-encoding": ["gzip"]}},
            BODY,
            False,
            id="base64",
        ),
        pytest.param({"body": {"string": GZIP.decode("latin-1")}}, BODY, False, id="gzip as text"),
        pytest.param({"body": {"base64_string": base64.b64encode(BODY).decode()}}, BODY, False, id="base64 string"),
        pytest.param({"parsed_body": {"ok": "é", "n": None}}, '{"ok":"é","n":null}'.encode(), True, id="parsed"),
        pytest.param({"parsed_body": "plain words"}, b"plain words", True, id="parsed text"),
        pytest.param({}, b"", True, id="no body"),
        pytest.param({"body": {"string": ""}}, b"", False, id="empty"),
    ],
)
def test_bodies_of_a_cassette(tmp_path: Path, response: dict[str, object], content: bytes, bytes_lost: bool) -> None:
    recording = one(cassette(tmp_path / "c.yaml", interaction(**response)))
    (exchange,) = recording.exchanges
    assert exchange.content == content
    assert (Facet.BYTES in exchange.lost) is bytes_lost
    assert exchange.lost >= {Facet.READS, Facet.CLOCK, Facet.OUTCOME, Facet.REQUEST_HEADERS}
    assert (exchange.id, exchange.source, exchange.model) == ("1", "c.yaml#1", "m")
    assert (recording.header.endpoint, recording.header.base_url, recording.header.foreign) == (
        "h",
        "https://h/v1",
        True,
    )
    assert recording.complete


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        pytest.param("nonsense", "no request", id="text"),
        pytest.param({"request": {}}, "no response", id="no response"),
        pytest.param(interaction(status={"code": "200"}), "no HTTP status", id="status as text"),
        pytest.param(interaction(status=99), "99 is no HTTP status", id="status 99"),
        pytest.param(interaction(body={"string": b"\x8b\xff"}, headers={"content-encoding": "br"}), "br", id="brotli"),
        pytest.param(interaction(body={"string": b"\x1f\x8bxx"}), "damaged", id="damaged gzip"),
        pytest.param(interaction(parsed_body={"a": b"\xff"}), "no JSON", id="binary"),
        pytest.param(interaction(body={"base64_string": "?"}), "left out", id="bad base64"),
    ],
)
def test_an_unreadable_interaction_is_left_out_in_words(tmp_path: Path, broken: object, words: str) -> None:
    recording = one(cassette(tmp_path / "c.yml", broken, interaction(body={"string": "{}"})))
    assert [exchange.id for exchange in recording.exchanges] == ["2"]
    assert any("c.yml#1 is left out" in note and words in note for note in recording.notes)


@pytest.mark.parametrize(
    ("content", "body", "bytes_lost"),
    [
        pytest.param({"text": "data: é\n\n", "size": 10}, "data: é\n\n".encode(), False, id="text of that size"),
        pytest.param({"text": "data: é\n\n", "size": 12}, "data: é\n\n".encode(), True, id="text of another size"),
        pytest.param({"text": "x", "size": -1}, b"x", True, id="size unknown"),
        pytest.param({"text": "\ufffd", "size": 3}, b"\xef\xbf\xbd", True, id="replaced"),
        pytest.param({"text": "/w==", "encoding": "base64", "size": 1}, b"\xff", False, id="base64"),
        pytest.param({"text": "", "size": 0}, b"", False, id="empty"),
    ],
)
def test_bodies_of_a_har_file(tmp_path: Path, content: dict[str, object], body: bytes, bytes_lost: bool) -> None:
    recording = one(har(tmp_path / "t.har", har_entry(content)))
    (exchange,) = recording.exchanges
    assert exchange.content == body
    assert exchange.lost == {Facet.READS, Facet.OUTCOME} | ({Facet.BYTES} if bytes_lost else set())
    assert (exchange.started, exchange.headers_at, exchange.ended_at) == (1735787045.25, 1.0, 1.5)
    assert exchange.request.expects == "stream"
    assert exchange.sent_headers == (("authorization", "Bearer *******************"),)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param(None, "no request", id="null"),
        pytest.param(har_entry({"size": 12}), "not recorded", id="no text"),
        pytest.param(har_entry({}, status=0), "no answer", id="aborted"),
        pytest.param(har_entry({"text": "!", "encoding": "base64"}), "base64", id="bad base64"),
    ],
)
def test_an_unreadable_entry_is_left_out_in_words(tmp_path: Path, entry: object, words: str) -> None:
    recording = one(har(tmp_path / "t.har", entry))
    assert recording.exchanges == ()
    assert any(words in note for note in recording.notes)


def test_odd_times_of_a_har_file_are_lost_not_fatal(tmp_path: Path) -> None:
    entry = har_entry({"text": "x", "size": 1}) | {"startedDateTime": "soon", "time": -1, "timings": None}
    (exchange,) = one(har(tmp_path / "t.har", entry)).exchanges
    assert Facet.CLOCK in exchange.lost
    assert exchange.ended_at == 0.0


def native(path: Path) -> Path:
    with RecordingWriter(path, Header("h", "https://h/v1"), Secrets()) as writer:
        writer.finish(Footer())
    return path


def test_a_folder_is_read_by_content(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    native(tmp_path / "a.jsonl")
    cassette(tmp_path / "deep" / "b.yaml", interaction(body={"string": "{}"}))
    (tmp_path / "deep" / "c.json").write_text(json.dumps({"interactions": [interaction(body={"string": "{}"})]}))
    har(tmp_path / "d.json", har_entry({"text": "x", "size": 1}))
    for name, data in {"README.md": "# no", "e.yaml": "a: 1", "f.json": "{}", "g.jsonl": "{}", "h.yml": "{"}.items():
        (tmp_path / name).write_text(data)
    recordings = list(read_recordings([tmp_path]))
    assert [Path(recording.path).name for recording in recordings] == ["a.jsonl", "d.json", "b.yaml", "c.json"]
    assert "left out as no recordings: 5 (README.md, e.yaml, f.json, …)" in recordings[-1].notes[-1]


def test_a_named_file_may_have_any_name(tmp_path: Path) -> None:
    paths = [native(tmp_path / "x.txt"), cassette(tmp_path / "y", interaction(body={"string": "{}"}))]
    assert [recording.header.foreign for recording in read_recordings(paths)] == [False, True]


def test_members_may_be_ordered_otherwise(tmp_path: Path) -> None:
    path = native(tmp_path / "x.jsonl")
    lines = [json.dumps(json.loads(line), sort_keys=True) for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines))
    assert one(path).complete


BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.yaml", "a: 1", "not a cassette"),
        ("x.yaml", "interactions: [", "not YAML"),
        ("x.yaml", "", "empty"),
        ("x.jsonl", "", "empty"),
        ("x.jsonl", '{"a": 1}', "no header"),
        ("x.json", "{}", "neither HAR nor a cassette"),
        ("x.json", '{"a":' * 100_000, "not JSON"),
        ("x.json", '{"a": 1' + "0" * 9000 + "}", "not JSON"),
        ("x.har", "{}", "not HAR"),
        ("x.har", "{", "not JSON"),
        ("x.md", "# words", "no recording"),
        ("x.yaml", BOMB + "interactions: [*a11]", "multiply"),
        ("x.yaml", "interactions: " + "[" * 200_000, "nested"),
        ("x.yaml", "interactions:\n" + "- " * 200_000, "nested"),
        ("x.yaml", "interactions: !!python/object/apply:os.system [id]", "a tag"),
    ],
)
def test_a_named_file_that_is_no_recording_is_refused(tmp_path: Path, name: str, data: str, words: str) -> None:
    (tmp_path / name).write_text(data)
    with pytest.raises(UserError, match=words) as caught:
        list(read_recordings([tmp_path / name]))
    assert str(tmp_path / name) in caught.value.message


def test_missing_and_empty_places_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match=path.name):
            list(read_recordings([path]))


@pytest.mark.parametrize("data", ["interactions: [", BOMB + "\ninteractions: [*a11]"], ids=["cut", "bomb"])
def test_a_damaged_cassette_in_a_folder_is_named(tmp_path: Path, data: str) -> None:
    (tmp_path / "x.yaml").write_text(data)
    with pytest.raises(UserError, match=r"x\.yaml"):
        list(read_recordings([tmp_path]))


@pytest.mark.parametrize(
    "data",
    [
        "a: !!int ''",
        "a: !!bool x",
        "a: !!float x",
        "a: &a [*a]",
        "".join(f"a{n}: &a{n} [{f'*a{n - 1}' if n else ''}]\n" for n in range(5000)),
        "\x00",
    ],
    ids=["int", "bool", "float", "cycle", "chain", "nul"],
)
def test_hostile_yaml_is_refused(data: str) -> None:
    with pytest.raises(YamlError):
        load(data.encode(), RECORDED)


def test_merge_keys_and_dates_are_plain_text() -> None:
    document = b"a: &a {x: 2024-01-01}\nb: {<<: *a}"
    assert load(document, RECORDED) == {"a": {"x": "2024-01-01"}, "b": {"<<": {"x": "2024-01-01"}}}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no recorded real traffic here")
def test_the_whole_corpus_is_read() -> None:
    recordings = list(read_recordings(FOLDERS))
    exchanges = [exchange for recording in recordings for exchange in recording.exchanges]
    files = sum(path.suffix in {".yaml", ".yml", ".har"} for folder in FOLDERS for path in folder.rglob("*"))
    assert len(recordings) == files
    assert not [note for recording in recordings for note in recording.notes if "is left out" in note]
    kinds = Counter(exchange.request.expects for exchange in exchanges)
    assert kinds["completion"] > 250
    assert kinds["stream"] > 90
    ours = [exchange for exchange in exchanges if exchange.request.expects != "other"]
    assert all(exchange.content.lstrip()[:1] in {b"{", b"d", b"e", b":"} for exchange in ours)
    assert all(exchange.model for exchange in ours if exchange.request.expects != "models")
    kinds = Counter(urlsplit(exchange.url).hostname for exchange in ours)
    assert kinds["api.openai.com"] > 500
