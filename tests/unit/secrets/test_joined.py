"""A key that a stream spreads over its deltas cannot be joined from what was written."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Sequence

import pytest

from conformance.model import Exchange, Facet, Read, Request
from conformance.recording import Secrets
from conformance.secrets.joined import joined_spans
from conformance.wire.compression import decode_body

KEY = 'sk-Plant/ed+0123"4567=89abcdef'
SECRETS = Secrets([KEY])
Event = Callable[[int, str], object]


def chat(choice: int, text: str) -> object:
    return {"id": "c", "choices": [{"index": choice, "delta": {"content": text}, "finish_reason": None}]}


def call(choice: int, text: str) -> object:
    function = {"arguments": text}
    return {"choices": [{"delta": {"tool_calls": [{"index": choice, "function": function}]}, "index": 0}]}


def typed(choice: int, text: str) -> object:
    return {"type": "response.output_text.delta", "output_index": choice, "content_index": 0, "delta": text}


def stream(event: Event, pieces: Sequence[tuple[int, str]]) -> bytes:
    return b"".join(b"data: " + json.dumps(event(at, text)).encode() + b"\n\n" for at, text in pieces)


def masked(body: bytes, **fields: object) -> Exchange:
    exchange = Exchange("1", Request(), "https://h/v1", raw=(Read(0.0, body),), decode=decode_body, **fields)  # type: ignore[arg-type]
    return SECRETS.mask_exchange(exchange)


def texts(value: object) -> list[str]:
    """Every text of a parsed document, in order."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in texts(one)]


def joined(exchange: Exchange, choice: Callable[[object], bool] = lambda _: True) -> str:
    events = [json.loads(line[6:]) for line in exchange.content.decode().splitlines() if line.startswith("data: ")]
    return "".join(text for one in events if choice(one) for text in texts(one))


@pytest.mark.parametrize("size", [1, 2, 5, 29])
@pytest.mark.parametrize("event", [chat, call, typed], ids=lambda event: event.__name__)
def test_a_key_in_pieces_is_masked_in_each(event: Event, size: int) -> None:
    pieces = [(0, "It is "), *((0, KEY[at : at + size]) for at in range(0, len(KEY), size)), (0, " indeed.")]
    body = stream(event, pieces)
    shown = masked(body)
    assert not set("P+=9") & set(joined(shown).replace("index", "").replace("response.output_text.delta", ""))
    assert len(shown.content) == len(body)
    assert shown.content.count(b"It is ") == shown.content.count(b" indeed.") == 1
    assert [spot for spot in shown.redactions if spot.where == "body"]


@pytest.mark.parametrize("event", [chat, call, typed], ids=lambda event: event.__name__)
def test_a_key_in_one_choice_of_two_is_masked(event: Event) -> None:
    pieces = [(at, text) for letter in KEY for at, text in ((0, letter), (1, "x"))]
    shown = masked(stream(event, pieces))
    assert "Plant" not in joined(shown, lambda one: f'"{one}"'.count("'x'") == 0)
    assert joined(shown).count("x") >= len(KEY)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'["sk-Plant/ed+01", "23\\"4567=89abcdef"]', id="a list"),
        pytest.param(b'{"parts": [{"text": "sk-Plant/e"}, {"text": "d+0123\\"4567=89abcdef"}]}', id="parts"),
        pytest.param(b'data: sk-Plant/ed+0\n\ndata: 123"4567=89abcdef\n\n', id="plain events"),
        pytest.param(b'{"t":"sk-Plant/"}\n{"t":"ed+0123\\u00224567=89abcdef"}\n', id="lines of JSON"),
    ],
)
def test_other_bodies_are_joined_too(body: bytes) -> None:
    shown = masked(body).content
    assert b"Plant" not in shown
    assert b"89abcdef" not in shown
    assert len(shown) == len(body)


def test_another_spelling_in_pieces_is_masked() -> None:
    spelt = b64encode(KEY.encode()).decode()
    shown = masked(stream(chat, [(0, spelt[:11]), (0, spelt[11:])])).content
    assert spelt[2:11].encode() not in shown
    assert spelt[12:30].encode() not in shown


def test_a_compressed_stream_is_joined_too() -> None:
    body = stream(chat, [(0, letter) for letter in KEY])
    shown = masked(zlib.compress(body), response_headers=(("content-encoding", "deflate"),))
    assert "Plant" not in joined(shown)
    assert shown.lost == {Facet.READS}


def test_what_holds_no_key_stays_as_it_is() -> None:
    body = stream(chat, [(0, word) for word in ("sk-", "Plant", "er", " boxes")])
    assert masked(body).content == body


@pytest.mark.parametrize(
    "body",
    [b'"' * 100_000, b'"\\' * 50_000, b'{"a":"b' * 20_000, b"data: " * 20_000, b'"index":1' * 9_000, b'""' * 99_999],
    ids=["quotes", "escapes", "unclosed", "data", "indexes", "empty"],
)
def test_broken_bodies_are_read_to_their_end(body: bytes) -> None:
    assert joined_spans(body, SECRETS.spans) == ()
