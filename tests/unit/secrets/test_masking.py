from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model import Exchange, Facet, Footer, Header, Read, Redaction, Request, Skipped
from conformance.recording import RecordingWriter, Secrets, read_recording
from conformance.wire.compression import decode_body

KEY = 'sk-proj/ab"C\\d+E=12345'
SECRETS = Secrets([KEY])


def exchange(*reads: bytes, **fields: object) -> Exchange:
    raw = tuple(Read(0.1 * index, data) for index, data in enumerate(reads))
    request = fields.pop("request", Request())
    return Exchange("1", request, "https://h/v1", raw=raw, decode=decode_body, **fields)  # type: ignore[arg-type]


def joined(masked: Exchange) -> bytes:
    return b"".join(read.data for read in masked.raw)


@pytest.mark.parametrize(
    "spelt",
    [
        pytest.param(KEY.encode(), id="plain"),
        pytest.param(json.dumps(KEY)[1:-1].encode(), id="json"),
        pytest.param(json.dumps(KEY)[1:-1].replace("/", "\\/").encode(), id="json with slashes escaped"),
        pytest.param(json.dumps(json.dumps(KEY))[3:-3].encode(), id="json in json"),
        pytest.param("".join(f"\\u{ord(c):04x}" for c in KEY).encode(), id="unicode escapes"),
        pytest.param("".join(f"\\u{ord(c):04X}" for c in KEY).encode(), id="unicode escapes in capitals"),
        pytest.param(("\\u0073" + json.dumps(KEY)[2:-1]).encode(), id="a mixture"),
        pytest.param(quote(KEY, safe="").encode(), id="url"),
        pytest.param(quote(KEY, safe="").lower().replace("c%5cd%2be", "C%5cd%2bE").encode(), id="url in small letters"),
        pytest.param(KEY.replace('"', "&#34;").encode(), id="html"),
        pytest.param(KEY.replace('"', "&quot;").encode(), id="html by name"),
    ],
)
def test_every_spelling_is_masked_at_its_length(spelt: bytes) -> None:
    masked = SECRETS.mask_exchange(exchange(b"before " + spelt + b" after"))
    assert joined(masked) == b"before " + b"*" * len(spelt) + b" after"
    assert masked.redactions == (Redaction("body", 7, len(spelt)),)
    assert masked.lost == frozenset()


@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["standard", "url"])
@pytest.mark.parametrize("key", ["sk-abcdefgh", "sk-abcdefghi", "sk-abcdefgh??"])
def test_base64_is_masked_at_any_alignment(key: str, before: int, encode: object) -> None:
    spelt = encode(b"u" * before + key.encode() + b"tail")  # type: ignore[operator]
    masked = Secrets([key]).mask(spelt)
    assert len(masked) == len(spelt)
    shown = base64.urlsafe_b64decode(masked.replace(b"*", b"A").replace(b"+", b"-").replace(b"/", b"_"))
    assert key.encode()[1:-1] not in shown
    assert masked.count(b"*") >= len(key) * 8 // 6 - 1


@pytest.mark.parametrize("cut", range(len(KEY) + 8))
def test_a_key_split_over_reads_is_masked_where_it_lies(cut: int) -> None:
    whole = b"ab" + KEY.encode() + b"yz"
    masked = SECRETS.mask_exchange(exchange(whole[:cut], whole[cut:]))
    assert joined(masked) == b"ab" + b"*" * len(KEY) + b"yz"
    assert [len(read.data) for read in masked.raw] == [len(whole[:cut]), len(whole[cut:])]
    assert masked.redactions == (Redaction("body", 2, len(KEY)),)


@given(st.lists(st.sampled_from([b"k", b"kkkkkkkk", b"x", "kkkkkkkk€".encode()]), max_size=8))
@settings(deadline=None)
def test_no_key_remains_and_no_length_changes(reads: list[bytes]) -> None:
    masked = Secrets(["kkkkkkkk", "kkkkkkkk€"]).mask_exchange(exchange(*reads))
    assert b"kkkkkkkk" not in joined(masked)
    assert [len(read.data) for read in masked.raw] == [len(data) for data in reads]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", "Bearer EMPTY", "Bearer *****"),
        ("authorization", "abc", "***"),
        ("Proxy-Authorization", "Basic dTpw", "Basic ****"),
        ("api-key", "abc", "***"),
        ("X-API-Key", "a b", "***"),
        ("Cookie", "a=b; c=dd", "a=*; c=**"),
        ("Set-Cookie", "sid=secret; Path=/; HttpOnly", "sid=******; Path=/; HttpOnly"),
        ("Content-Type", "text/plain", "text/plain"),
    ],
)
def test_credentials_are_masked_by_the_name_of_their_header(name: str, value: str, shown: str) -> None:
    headers = ((name, value),)
    masked = Secrets(["EMPTY"]).mask_exchange(
        exchange(b"EMPTY", sent_headers=headers, response_headers=headers, request=Request(headers=headers))
    )
    assert masked.sent_headers == masked.response_headers == masked.request.headers == ((name, shown),)
    assert joined(masked) == b"EMPTY"
    assert not [spot for spot in masked.redactions if spot.where == "body" or spot.where.startswith("response ")]


def test_masking_twice_changes_nothing() -> None:
    once = SECRETS.mask_exchange(exchange(KEY.encode(), sent_headers=(("authorization", f"Bearer {KEY}"),)))
    assert SECRETS.mask_exchange(once) == once


def test_a_key_is_masked_wherever_it_may_stand() -> None:
    masked = SECRETS.mask_exchange(
        Exchange(
            "1",
            Request(path=f"/x?{KEY}", headers=(("x", KEY),), body=KEY.encode()),
            f"https://h/{KEY}",
            model=KEY,
            sent_headers=(("X-Own", f"é {KEY}"),),
            reason=KEY,
            http_version=KEY,
            response_headers=(("X-Echo", KEY), (KEY, "name")),
            raw=(Read(0.0, KEY.encode()),),
            detail=f"€ {KEY}",
        )
    )
    assert KEY not in repr(masked)
    assert repr(KEY)[1:-1] not in repr(masked)
    assert masked.sent_headers == (("X-Own", "é " + "*" * len(KEY)),)
    where = {spot.where for spot in masked.redactions}
    assert where >= {"body", "reason", "url", "detail", "model", "response x-echo", "sent x-own", "request body"}
    assert Redaction("detail", 4, len(KEY)) in masked.redactions


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@host/v1", "https://*********@host/v1"),
        ("https://host/v1?key=abc&x=1", "https://host/v1?key=***&x=1"),
        ("https://host/v1?x=1&API_KEY=abc", "https://host/v1?x=1&API_KEY=***"),
        ("https://host/v1?monkey=abc", "https://host/v1?monkey=abc"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_a_url_names_no_key(url: str, shown: str) -> None:
    assert Secrets().mask_exchange(Exchange("1", Request(), url)).url == shown


def _deflated(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


@pytest.mark.parametrize(
    ("compress", "encoding"),
    [
        pytest.param(gzip.compress, "gzip", id="gzip"),
        pytest.param(zlib.compress, "deflate", id="deflate"),
        pytest.param(_deflated, "deflate", id="raw deflate"),
        pytest.param(gzip.compress, "", id="unsaid"),
        pytest.param(lambda data: gzip.compress(gzip.compress(data)), "gzip, gzip", id="twice"),
        pytest.param(lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:]), "gzip", id="two members"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_key_in_a_compressed_body_is_masked(compress: object, encoding: str, step: int) -> None:
    packed = compress(b"hello " + KEY.encode() + b" bye")  # type: ignore[operator]
    reads = [packed[start : start + step] for start in range(0, len(packed), step)]
    masked = SECRETS.mask_exchange(exchange(*reads, response_headers=(("Content-Encoding", encoding),)))
    assert masked.content == b"hello " + b"*" * len(KEY) + b" bye"
    assert masked.lost == {Facet.READS}
    assert [read.at for read in masked.raw] == [0.1 * index for index in range(len(reads))]
    assert masked.redactions == (Redaction("body", 6, len(KEY)),)


def test_a_damaged_compressed_body_gives_nothing_away() -> None:
    packed = gzip.compress(KEY.encode() + b" bye")[:-8] + b"\xff" * 8
    masked = SECRETS.mask_exchange(exchange(packed, response_headers=(("content-encoding", "gzip"),)))
    assert joined(masked).startswith(b"*" * len(KEY))
    assert masked.lost == {Facet.READS, Facet.BYTES}


def test_a_compressed_body_without_a_key_stays_as_it_is() -> None:
    original = exchange(gzip.compress(b"hello"), response_headers=(("content-encoding", "gzip"),))
    assert SECRETS.mask_exchange(original) == original


def test_nothing_in_the_file_is_the_key(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    key = "sk-0123456789abcdef"
    packed = gzip.compress(key.encode())
    with RecordingWriter(path, Header("h", f"https://{key}@h", label=key), Secrets([key])) as writer:
        writer.append(exchange(packed, sent_headers=(("authorization", f"Bearer {key}"),)))
        writer.finish(Footer(skipped=(Skipped("a", "m", f"because {key}"),)))
    assert key.encode() not in path.read_bytes()
    recording = read_recording(path)
    assert recording.exchanges[0].content == b"*" * len(key)
    assert "compressed body" in recording.notes[0]


def test_secrets_do_not_show_themselves() -> None:
    assert KEY not in repr(SECRETS)


def test_a_compression_bomb_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.wire.compression.MAX_DECODED", 100)
    packed = gzip.compress(KEY.encode() + b"0" * 1_000_000)
    masked = SECRETS.mask_exchange(exchange(packed[:40], packed[40:], response_headers=(("content-encoding", "gzip"),)))
    assert joined(masked).startswith(b"*" * len(KEY) + b"00")
    assert len(joined(masked)) <= 101
    assert masked.lost == {Facet.READS, Facet.BYTES}


@pytest.mark.parametrize(
    "spelt",
    [KEY.upper(), KEY.lower(), KEY[::-1], KEY.encode().hex(), KEY.encode().hex().upper(),
     quote(quote(KEY, safe=""), safe="")],
    ids=["capitals", "small letters", "backwards", "hex", "HEX", "url twice"],
)  # fmt: skip
def test_cheap_disguises_are_masked(spelt: str) -> None:
    assert joined(SECRETS.mask_exchange(exchange(spelt.encode()))) == b"*" * len(spelt)


@pytest.mark.parametrize(
    "headers",
    [(), (("content-encoding", "identity"), ("Content-Encoding", "deflate")), (("content-encoding", "deflate"),)],
    ids=["unsaid", "a second header", "said"],
)
def test_zlib_is_undone_whoever_names_it(headers: tuple[tuple[str, str], ...]) -> None:
    masked = SECRETS.mask_exchange(exchange(zlib.compress(b"hello " + KEY.encode()), response_headers=headers))
    assert joined(masked) == b"hello " + b"*" * len(KEY)


@pytest.mark.parametrize("key", ["hunter2", "abcd"])
def test_a_short_key_is_masked_in_headers_and_in_words(key: str) -> None:
    secrets = Secrets([key])
    headers = (("X-Echo", f"you sent {key}!"), ("X-Word", f"{key}s"), ("Content-Type", f"text/{key}"))
    masked = secrets.mask_exchange(exchange(key.encode(), response_headers=headers, sent_headers=headers))
    shown = (("X-Echo", f"you sent {'*' * len(key)}!"), *headers[1:])
    assert masked.response_headers == masked.sent_headers == shown
    assert joined(masked) == key.encode()
    assert secrets.mask_words(f"Incorrect key: {key}.") == f"Incorrect key: {'*' * len(key)}."
    assert secrets.mask_text(key) == key


def test_a_name_that_the_user_gave_holds_credentials_too() -> None:
    headers = (("X-Tenant", "abc"), ("X-Other", "abc"))
    masked = Secrets((), ["x-tenant"]).mask_exchange(exchange(b"", sent_headers=headers, response_headers=headers))
    assert masked.sent_headers == masked.response_headers == (("X-Tenant", "***"), ("X-Other", "abc"))
