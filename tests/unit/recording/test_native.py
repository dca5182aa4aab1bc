from __future__ import annotations

import errno
import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.api.registry import expectations
from conformance.errors import UserError
from conformance.model import (
    Cause,
    Exchange,
    Facet,
    Footer,
    Header,
    Outcome,
    Read,
    Redaction,
    Request,
    Skipped,
    StopRule,
)
from conformance.recording import RecordingWriter, Secrets, iter_exchanges, read_recording, reader
from conformance.recording import writer as writer_module
from conformance.recording.format import decode_line, encode
from conformance.resources import schemas_dir

HEADER = Header("host", "https://host/v1", models=("m",), created=1.5)
SCHEMA = jsonschema_rs.validator_for(json.loads((schemas_dir() / "harness/recording.schema.json").read_text()))

text = st.text(st.characters(exclude_categories=()), max_size=8)  # lone surrogates too
number = st.floats(allow_nan=False, allow_infinity=False)
integer = st.integers(-(2**70), 2**70)
count = st.integers(0, 2**53)
seconds = st.floats(0, 1e9)
headers = st.lists(st.tuples(text, text), max_size=2).map(tuple)
body = st.one_of(st.binary(max_size=12), text.map(lambda value: value.encode("utf-8", "surrogatepass")))
stops = st.builds(StopRule, st.none() | integer, st.none() | integer, st.none() | number)
requests = st.builds(
    Request,
    method=text,
    path=text,
    headers=headers,
    body=st.none() | body,
    expects=st.sampled_from(expectations()),
    needs=st.lists(text, max_size=2).map(tuple),
    auth=st.sampled_from(["key", "none", "wrong"]),
    invalid=st.none() | text,
    refusable=st.booleans(),
    stop=st.none() | stops,
)
exchanges = st.builds(
    Exchange,
    id=text,
    request=requests,
    url=text,
    scenario=text,
    model=text,
    step=count,
    sample=count,
    attempt=count,
    sent_headers=headers,
    status=st.none() | st.integers(0, 999),
    reason=text,
    http_version=text,
    response_headers=headers,
    raw=st.lists(st.builds(Read, seconds, body), max_size=3).map(tuple),
    outcome=st.sampled_from(Outcome),
    detail=text,
    started_at=st.floats(0, 2e11),
    headers_at=seconds,
    ended_at=seconds,
    lost=st.frozensets(st.sampled_from(Facet)),
    redactions=st.lists(st.builds(Redaction, text, count, count), max_size=2).map(tuple),
)


def exchange(number: int = 1, **fields: object) -> Exchange:
    base = Exchange(
        str(number),
        Request(body=b'{"model":"m"}'),
        "https://host/v1/chat/completions",
        status=200,
        response_headers=(("Content-Type", "application/json"),),
        raw=(Read(0.01, b'{"a":'), Read(0.02, b"1}")),
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def write(path: Path, *written: Exchange, footer: Footer | None = None) -> Path:
    with RecordingWriter(path, HEADER, Secrets()) as writer:
        for one in written:
            writer.append(one)
        if footer:
            writer.finish(footer)
    return path


@given(exchanges)
@settings(max_examples=150, deadline=None)
def test_every_exchange_survives_its_line(original: Exchange) -> None:
    line = encode(original)
    assert decode_line(line) == original
    assert encode(decode_line(line)) == line
    assert line.count(b"\n") == 1
    assert len(line.decode().splitlines()) == 1
    SCHEMA.validate(json.loads(line))


@pytest.mark.parametrize(
    "reads",
    [
        pytest.param((b"\xe2\x82", b"\xac"), id="character split"),
        pytest.param((b"\xff\xfe\x00",), id="not utf-8"),
        pytest.param((b"\x00nul\x00",), id="nul"),
        pytest.param(("a\u2028b\u2029c\x85d\r\n".encode(),), id="line separators"),
        pytest.param((b"\xef\xbb\xbfbom",), id="bom"),
        pytest.param((b"", b"x", b""), id="empty reads"),
        pytest.param((b"x" * 3_000_000,), id="huge"),
        pytest.param((b"\xed\xa0\xbd\xed\xb8\x80",), id="surrogates as bytes"),
    ],
)
def test_bodies_survive_the_file(tmp_path: Path, reads: tuple[bytes, ...]) -> None:
    raw = tuple(Read(0.1 * index, data) for index, data in enumerate(reads))
    path = write(tmp_path / "r.jsonl", exchange(raw=raw), footer=Footer())
    assert read_recording(path).exchanges[0].raw == raw


@pytest.mark.parametrize(
    ("reason", "skipped", "cause", "why"),
    [
        ("complete", "no key is configured: there is nothing to refuse", None, None),
        ("endpoint died", "unreachable", Cause.UNREACHABLE, Cause.UNREACHABLE),
        ("over budget: 3 of 3 requests were sent", "`n` was refused: offer.n", Cause.OVER_BUDGET, Cause.NOT_OFFERED),
    ],
)
def test_a_footer_from_before_causes_were_data_has_them(
    reason: str, skipped: str, cause: Cause | None, why: Cause | None
) -> None:
    line = json.dumps({"type": "footer", "reason": reason, "skipped": [["a.b", "m", skipped]]})
    assert decode_line(line.encode()) == Footer(reason, skipped=(Skipped("a.b", "m", skipped, why),), cause=cause)


def test_a_whole_recording_comes_back(tmp_path: Path) -> None:
    footer = Footer("complete", 2, 3.5, (Skipped("a.b", "m", "over budget", Cause.OVER_BUDGET),))
    path = write(tmp_path / "new" / "r.jsonl", exchange(1), exchange(2, status=None), footer=footer)
    recording = read_recording(path)
    assert (recording.header, recording.footer, recording.notes) == (HEADER, footer, ())
    assert [one.source for one in recording.exchanges] == ["r.jsonl#1", "r.jsonl#2"]
    assert [one.id for one in iter_exchanges(path)] == ["1", "2"]
    for line in path.read_bytes().splitlines():
        SCHEMA.validate(json.loads(line))


@pytest.mark.parametrize("line", [{"type": "footer", "more": 1}, {"type": "exchange", "id": "1"}, {"type": "x"}])
def test_the_schema_refuses_other_lines(line: object) -> None:
    assert not SCHEMA.is_valid(line)


def test_the_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", exchange())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(UserError, match="there already") as caught:
        RecordingWriter(path, HEADER, Secrets())
    assert "--out" in caught.value.hint
    path.chmod(0o644)
    RecordingWriter(path, HEADER, Secrets(), overwrite=True).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_recording(path).exchanges == ()


def test_overwriting_a_link_leaves_its_target(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (tmp_path / "r.jsonl").symlink_to(target)
    RecordingWriter(tmp_path / "r.jsonl", HEADER, Secrets(), overwrite=True).close()
    assert target.read_text() == "kept"


def test_without_finish_there_is_no_footer(tmp_path: Path) -> None:
    recording = read_recording(write(tmp_path / "r.jsonl", exchange()))
    assert not recording.complete
    assert "no footer" in recording.notes[0]


def test_a_full_disk_is_a_sentence_and_nothing_follows_half_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "r.jsonl"
    writer = RecordingWriter(path, HEADER, Secrets())
    writer.append(exchange(1))
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) <= 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, bytes(data[:-20]))

    monkeypatch.setattr(writer_module.os, "write", full)
    for number in (2, 3):
        with pytest.raises(UserError, match="No space left"):
            writer.append(exchange(number))
    monkeypatch.undo()
    with pytest.raises(UserError, match="No space left"):
        writer.finish(Footer())
    writer.close()
    recording = read_recording(path)
    assert [one.id for one in recording.exchanges] == ["1"]
    assert "cut in the middle" in recording.notes[0]


@pytest.mark.parametrize("place", ["/proc/nowhere/r.jsonl", "/dev/full"])
def test_an_unwritable_place_is_a_sentence(place: str) -> None:
    with pytest.raises(UserError):
        RecordingWriter(Path(place), HEADER, Secrets())


def test_threads_share_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with RecordingWriter(path, HEADER, Secrets()) as writer:
        jobs = [
            threading.Thread(target=lambda start=start: [writer.append(exchange(start + n)) for n in range(25)])
            for start in range(0, 100, 25)
        ]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        writer.finish(Footer())
    recording = read_recording(path)
    assert {one.id for one in recording.exchanges} == {str(n) for n in range(100)}
    assert recording.footer == Footer(exchanges=100)


def test_cut_at_any_byte_it_is_incomplete_or_refused(tmp_path: Path) -> None:
    body = "ä😀".encode() + b"\xff"
    whole = write(
        tmp_path / "whole.jsonl", exchange(1, raw=(Read(0.5, body),)), exchange(2), footer=Footer()
    ).read_bytes()
    header_ends = whole.index(b"\n")
    cut = tmp_path / "cut.jsonl"
    for size in range(len(whole) - 1):
        cut.write_bytes(whole[:size])
        if size < header_ends:
            with pytest.raises(UserError):
                read_recording(cut)
            continue
        recording = read_recording(cut)
        assert not recording.complete
        assert len(recording.exchanges) == max(whole[: size + 1].count(b"\n") - 1, 0)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param([], "empty", id="empty"),
        pytest.param(["{}"], "line 1.*`type`", id="no type"),
        pytest.param(["hello"], "line 1.*not JSON", id="not json"),
        pytest.param(["[1]"], "line 1.*dict expected", id="array"),
        pytest.param(['{"type":"footer"}'], "line 1.*out of place", id="no header"),
        pytest.param(['{"type":"header","format":2}'], "format is 2", id="wrong format"),
        pytest.param(["H", "garbage", "F"], "line 2.*not JSON", id="garbage in the middle"),
        pytest.param(["H", "garbage"], "line 2.*not JSON", id="garbage at the end"),
        pytest.param(["H", "H"], "line 2.*out of place", id="two headers"),
        pytest.param(["H", "F", "E"], "line 3.*out of place", id="after the footer"),
        pytest.param(["H", "E", "E"], "line 3.*id", id="same id"),
        pytest.param(["H", '{"type":"exchange"}'], "`id` is missing", id="no id"),
        pytest.param(["H", "[" * 100_000], "line 2", id="nested without end"),
        pytest.param(["H", '{"type":"footer","x":' + '{"a":' * 100_000 + "1" + "}" * 100_001], "line 2", id="bomb"),
        pytest.param(["H", '{"type":"footer","seconds":1e999}'], "finite", id="infinite"),
        pytest.param(["H", '{"type":"footer","seconds":NaN}'], "finite", id="nan"),
        pytest.param(["H", '{"type":"footer","seconds":1' + "0" * 400 + "}"], "too large", id="large"),
        pytest.param(["H", '{"type":"footer","exchanges":1' + "0" * 9000 + "}"], "line 2", id="thousands of digits"),
        pytest.param(["H", '{"type":"footer","exchanges":true}'], "int expected", id="true for one"),
        pytest.param(["H", '{"type":"footer","reason":{"wtf8":"?"}}'], "line 2", id="bad base64"),
        pytest.param(["H", '{"type":"footer","reason":{"wtf8":"/w=="}}'], "not UTF-8", id="bad text"),
        pytest.param(["H", '{"type":"footer","skipped":[["a"]]}'], "line 2", id="short row"),
        pytest.param(
            ["H", '{"type":"exchange","id":"1","url":"","request":{"auth":"x"}}'], "`key`, `none` or `wrong`", id="auth"
        ),
        pytest.param(
            ["H", '{"type":"exchange","id":"1","url":"","request":{"expects":"x"}}'], "line 2.*may expect", id="expects"
        ),
        pytest.param(["H", '{"type":"exchange","id":"1","url":"","request":{},"outcome":"x"}'], "line 2", id="outcome"),
    ],
)
def test_a_hostile_file_is_refused_with_its_line(tmp_path: Path, lines: list[str], words: str) -> None:
    known = {"H": encode(HEADER).decode().strip(), "E": encode(exchange()).decode().strip(), "F": '{"type":"footer"}'}
    path = tmp_path / "r.jsonl"
    path.write_text("".join(known.get(line, line) + "\n" for line in lines))
    with pytest.raises(UserError, match=words) as caught:
        read_recording(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize("data", [b"\xff\xfe\n", b"\x00" * 50, b"\n\n"], ids=["not utf-8", "nul", "blank"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "r.jsonl").write_bytes(data)
    with pytest.raises(UserError):
        read_recording(tmp_path / "r.jsonl")


def test_a_missing_file_and_a_folder_are_sentences(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            read_recording(path)


def test_editors_may_add_a_mark_and_carriage_returns(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", exchange(), footer=Footer())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert read_recording(path).complete


def test_a_line_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "r.jsonl", exchange(), footer=Footer())
    monkeypatch.setattr(reader, "MAX_LINE", 40)
    with pytest.raises(UserError, match="longer than 40"):
        read_recording(path)


def _with(member: str, value: str) -> bytes:
    """An exchange of its own id whose member is this JSON text."""
    line = json.loads(encode(exchange(2)))
    line[member] = "HERE"
    return json.dumps(line).replace('"HERE"', value).encode() + b"\n"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("ended_at", "-1"),
        ("ended_at", "1e300"),
        ("ended_at", "NaN"),
        ("ended_at", "1" + "0" * 400),
        ("headers_at", "-0.5"),
        ("headers_at", "Infinity"),
        ("started_at", "-1e9"),
        ("started_at", "1e18"),
        ("raw", '[[-1, "x"]]'),
        ("raw", '[[1e999, "x"]]'),
        ("attempt", "-1"),
        ("step", "-1"),
        ("status", "-200"),
        ("status", "100000"),
        ("status", "1" + "0" * 400),
        ("leftover", '[-1, "x"]'),
        ("redactions", '[["body", -1, 2]]'),
    ],
)
def test_a_number_that_cannot_be_loses_its_exchange_alone(tmp_path: Path, member: str, value: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(
        encode(HEADER) + encode(exchange()) + _with(member, value) + encode(exchange(3)) + encode(Footer())
    )
    recording = read_recording(path)
    assert [one.id for one in recording.exchanges] == ["1", "3"]
    assert any("r.jsonl line 3 is left out: a" in note for note in recording.notes)


@pytest.mark.parametrize("created", ["-1", "1e18", "NaN"])
def test_a_date_that_no_calendar_holds_is_refused(tmp_path: Path, created: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode(HEADER).replace(b'"created":1.5', f'"created":{created}'.encode()) + encode(exchange()))
    with pytest.raises(UserError, match="line 1"):
        read_recording(path)


def test_a_footer_that_miscounts_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode(HEADER) + encode(exchange()) + encode(Footer(exchanges=7)))
    assert "counts 7" in read_recording(path).notes[0]
