"""Compressed bodies: every form, however the bytes are cut, within bounds, and what is left of damage."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.capture.body_meter import BodyAllowance, Meter
from conformance.model import Exchange, Outcome, Read, Request, StopRule
from conformance.recording import Secrets
from conformance.wire import compression
from conformance.wire.compression import Decoder, decode_body, inflate, unknown

EVENT = b'data: {"a": "b"}\n\n'
KEY = b"sk-proj-0123456789"


def raw_deflate(data: bytes) -> bytes:
    """Deflate without a frame."""
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


def members(data: bytes) -> bytes:
    """Gzip in two members, as a proxy makes them that compresses flush by flush."""
    half = len(data) // 2
    return gzip.compress(data[:half]) + gzip.compress(data[half:])


FORMS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "two members": ("gzip", members),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "gzip over deflate": ("deflate, gzip", lambda data: gzip.compress(raw_deflate(data))),
    "deflate over gzip": ("gzip, identity,deflate", lambda data: zlib.compress(members(data))),
    "identity": ("identity", bytes),
    "none": ("", bytes),
}


def in_steps(packed: bytes, encoding: str, step: int) -> bytes:
    """What the incremental decoder makes of reads of `step` bytes."""
    decoder = Decoder(encoding)
    return b"".join(out for at in range(0, len(packed), step) for out in decoder.feed(packed[at : at + step]))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("plain", [EVENT, EVENT * 20_000, bytes(range(256)) * 700], ids=["short", "long", "binary"])
def test_every_form_is_undone(form: str, step: int, plain: bytes) -> None:
    encoding, compress = FORMS[form]
    packed = compress(plain)
    assert decode_body(packed, encoding) == plain
    assert in_steps(packed, encoding, step) == plain


def exchange_of(packed: bytes) -> Exchange:
    """An exchange whose body came in gzip."""
    headers = (("Content-Encoding", "gzip"),)
    return Exchange("1", Request(), "u", response_headers=headers, raw=(Read(0.1, packed),), decode=decode_body)


def test_a_body_of_two_members_is_read_whole_by_a_view() -> None:
    assert exchange_of(members(EVENT * 2)).content == EVENT * 2


def test_a_body_of_two_members_is_counted_whole() -> None:
    request = Request(expects="stream", stop=StopRule(events=4))
    meter = Meter(request, max_bytes=1000, max_events=1000, allowance=BodyAllowance(1000))
    meter.open("text/event-stream", "gzip")
    packed = members(EVENT * 4)
    forced = [meter.add(packed[:-9]), meter.add(packed[-9:-8]), meter.add(packed[-8:])]
    assert (meter.bytes, meter.events) == (len(EVENT) * 4, 4)
    assert Outcome.STOPPED in forced


def test_a_key_in_the_second_member_is_masked() -> None:
    masked = Secrets([KEY.decode()]).mask_exchange(exchange_of(gzip.compress(b"hello ") + gzip.compress(KEY)))
    assert masked.content == b"hello " + b"*" * len(KEY)


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        pytest.param(b'{"a": 1}', "gzip", id="a lingering label"),
        pytest.param(b'{"a": 1}', "deflate", id="a lingering label of deflate"),
        pytest.param(b"{}", "deflate", id="text that is the start of raw deflate"),
        pytest.param(b"x", "gzip", id="one byte"),
        pytest.param(b"", "gzip", id="nothing"),
        pytest.param(gzip.compress(EVENT), "br", id="an unknown encoding"),
        pytest.param(gzip.compress(EVENT), "gzip, br", id="under an unknown encoding"),
        pytest.param(gzip.compress(EVENT)[:-8] + b"\xff" * 8, "gzip", id="a wrong checksum"),
        pytest.param(b"\x1f\x8bxx", "gzip", id="no header"),
    ],
)
def test_what_does_not_decode_comes_back_as_it_is(packed: bytes, encoding: str) -> None:
    assert decode_body(packed, encoding) is packed


def test_a_layer_that_does_not_decode_stays() -> None:
    assert decode_body(gzip.compress(EVENT), "gzip, gzip") == EVENT
    assert decode_body(gzip.compress(b"\x8b\xff"), "br, gzip") == b"\x8b\xff"
    assert in_steps(gzip.compress(EVENT), "gzip, gzip", 5) == EVENT


def test_a_body_cut_short_is_read_as_far_as_it_came() -> None:
    packed = gzip.compress(EVENT * 99)
    assert (EVENT * 99).startswith(decode_body(packed[:-20], "gzip"))
    assert decode_body(packed[:-8], "gzip") == EVENT * 99


@pytest.mark.parametrize("tail", [b"\0" * 9, b"\n", b"\x1f", b"and more"])
def test_what_follows_is_no_part_of_the_body_and_yet_counts(tail: bytes) -> None:
    packed = gzip.compress(EVENT) + tail
    assert decode_body(packed, "gzip") == EVENT
    assert in_steps(packed, "gzip", 1 << 20) in {EVENT + tail, EVENT}


@given(st.sampled_from(["gzip", "deflate", "gzip, deflate"]), st.binary(), st.integers(1, 9))
@example("deflate", b"data: a\n\n", 3)
def test_any_bytes_end(encoding: str, data: bytes, step: int) -> None:
    assert len(decode_body(data, encoding)) <= compression.MAX_DECODED
    in_steps(data, encoding, step)
    inflate([data[:step], data[step:]], encoding)


def test_a_bomb_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    monkeypatch.setattr(compression, "MAX_DECODED", 100_000)
    assert decode_body(bomb, "gzip") == b"0" * 100_000
    found = inflate([bomb[:50], bomb[50:]], "gzip")
    assert found is not None
    assert (sum(map(len, found.pieces)), found.whole) == (100_000, False)


def test_a_body_at_the_limit_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_DECODED", 100_000)
    packed = gzip.compress(b"0" * 100_000)
    assert decode_body(packed, "gzip") == b"0" * 100_000
    assert inflate([packed], "gzip") == compression.Inflated((b"0" * 100_000,), whole=True)


def test_pieces_are_small_so_that_a_bomb_may_be_left_early() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 10_000_000))
    sizes = [len(piece) for piece in Decoder("gzip, gzip").feed(bomb)]
    assert (sum(sizes), max(sizes)) == (10_000_000, 65536)


def test_damage_costs_only_what_follows_it() -> None:
    plain = bytes(range(256)) * 4000
    packed = bytearray(zlib.compress(plain, 0))
    packed[-1] ^= 1
    found = inflate([bytes(packed)], "deflate")
    assert found == compression.Inflated((plain,), whole=False)
    assert in_steps(bytes(packed), "deflate", 1 << 30).startswith(plain)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("", ""), ("identity", ""), ("GZIP", ""), ("gzip, Deflate", ""), ("br", "br"), ("gzip, zstd", "zstd")],
)
def test_what_cannot_be_undone_is_named(encoding: str, name: str) -> None:
    assert unknown(encoding) == name


def test_an_exchange_without_a_decoder_says_so() -> None:
    headers = (("Content-Encoding", "gzip"),)
    bare = Exchange("1", Request(), "u", response_headers=headers, raw=(Read(0.1, gzip.compress(b"x")),))
    with pytest.raises(ValueError, match="without a decoder for gzip"):
        _ = bare.content
