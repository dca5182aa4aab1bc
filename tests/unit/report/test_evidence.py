"""Evidence: bodies as text, marks, arrival times, curl lines, bounds."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from report_samples import evidence_for, exchange, recording, sample, sample_recording, stream_body

from conformance.model import Exchange, Facet, Finding, Location, Outcome, Read, Redaction, Request
from conformance.report.evidence.collect import LEAST, Mark, collect, evidence_of, marks_of, wanted_ids
from conformance.report.evidence.curl import curl_line
from conformance.report.evidence.timeline import timeline


def text_of(evidence) -> str:
    pieces = [*evidence.pieces, *(piece for block in evidence.blocks for piece in block.pieces)]
    return "".join(piece.text for piece in pieces)


def marked(evidence) -> list[str]:
    pieces = [*evidence.pieces, *(piece for block in evidence.blocks for piece in block.pieces)]
    return [piece.text for piece in pieces if piece.marks]


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"plain", "plain"), (b"\xff\xfea", "\\xff\\xfea"), ("é€".encode(), "é€"), (b"", "")],
    ids=["ascii", "invalid", "utf-8", "empty"],
)
def test_body_is_shown_whole(body, expected):
    assert text_of(evidence_of(exchange("1", body))) == expected


def test_a_stream_is_shown_byte_for_byte():
    shown = evidence_of(exchange("2", stream_body(), stream=True))
    assert text_of(shown) == stream_body().decode()
    assert [block.kind for block in shown.blocks] == ["other", "event", "event", "finish", "usage"]
    assert [block.index for block in shown.blocks] == [None, 0, 1, 2, 3]


def test_events_have_the_time_of_their_last_byte():
    body = b"data: a\n\ndata: b\n\n"
    reads = (Read(0.5, body[:12]), Read(0.75, body[12:]))
    shown = evidence_of(exchange("1", body, stream=True, raw=reads, ended_at=1.0))
    assert [block.at for block in shown.blocks] == [0.5, 0.75]
    line = timeline(shown)
    assert line is not None
    assert line.says == "first event after 500 ms, longest gap 250 ms, over after 1.00 s"
    assert [tick.x for tick in line.ticks] == [500.0, 750.0]


def test_lost_reads_have_no_times():
    shown = evidence_of(exchange("1", stream_body(), stream=True, lost=frozenset({Facet.READS})))
    assert {block.at for block in shown.blocks} == {None}
    assert timeline(shown) is None
    assert "does not hold: reads" in shown.note


@pytest.mark.parametrize(
    ("body", "span", "expected"),
    [
        (b"0123456789", (2, 5), ["234"]),
        (b"0123456789", (8, 99), ["89"]),
        (b"0123456789", (50, 99), []),
        ("aé€b".encode(), (2, 5), ["é€"]),
    ],
    ids=["inside", "over-the-end", "beyond", "inside-characters"],
)
def test_spans_are_marked(body, span, expected):
    assert marked(evidence_of(exchange("1", body), (Mark("a.b", span=span),))) == expected


def test_marks_may_overlap():
    marks = (Mark("a", span=(0, 4)), Mark("b", span=(2, 6)))
    shown = evidence_of(exchange("1", b"01234567"), marks)
    assert [(piece.text, piece.marks) for piece in shown.pieces] == [
        ("01", ("a",)), ("23", ("a", "b")), ("45", ("b",)), ("67", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "status", "headers", "events"),
    [
        (Location.status(), True, [], []),
        (Location.header("content-type"), False, ["Content-Type"], []),
        (Location.event(3).down("/choices/0"), False, [], [2]),
        (Location.at("/choices"), False, [], []),
        (Location.headers(), False, [], []),
        (Location.part("status"), False, [], []),
        (Location.part("event 2"), False, [], []),
    ],
)
def test_named_places_are_marked(at, status, headers, events):
    shown = evidence_of(exchange("2", stream_body(), stream=True), (Mark("a.b", at),))
    assert shown.status_marked is status
    assert [name for name, _, mark in shown.response_headers if mark] == headers
    assert [block.index for block in shown.blocks if block.marks] == events


def test_a_large_body_is_cut_and_keeps_its_marks():
    body = b"a" * 300_000 + b"WRONG" + b"b" * 300_000
    shown = evidence_of(exchange("7", body), (Mark("a.b", span=(300_000, 300_005)),))
    assert marked(shown) == ["WRONG"]
    assert len(text_of(shown)) < 70_000
    assert "of 600,005 bytes are shown; the whole lies in recording.jsonl#7" in shown.note


def test_a_large_stream_is_cut_and_keeps_its_marks():
    body = b'data: {"a":1}\n\n' * 40_000
    shown = evidence_of(exchange("7", body, stream=True), (Mark("a.b", Location.event(30_001), (450_000, 450_015)),))
    assert [block.index for block in shown.blocks if block.marks] == [30_000]
    assert len(shown.blocks) < 4000
    assert any("blocks left out" in piece.text for block in shown.blocks for piece in block.pieces)


def test_all_evidence_together_is_bounded():
    many = [exchange(str(number), b'{"a":"' + b'"<&>' * 20_000) for number in range(200)]
    found = collect([recording(many)], [one.id for one in many])
    sizes = [one.size - len(text_of(one)) for one in found.values()]
    assert len(found) == 200
    assert sum(len(text_of(one)) for one in found.values()) < 2_500_000
    assert len(text_of(list(found.values())[-1])) < LEAST + 100
    assert max(sizes) > 0


def test_wanted_evidence_begins_with_what_failed():
    made = sample()
    assert wanted_ids(made) == ("2", "1")
    assert marks_of(made)["2"] == (Mark("stream.done.last", Location.event(3, (250, 300)), (250, 300)),)
    assert list(evidence_for(made, sample_recording())) == ["2", "1"]


def test_a_finding_of_an_unknown_exchange_is_no_obstacle():
    made = sample()
    row = made.requirements[0]
    stray = replace(row, result=replace(row.result, findings=(Finding("a", "b", exchange="nowhere"),)))
    assert "nowhere" not in wanted_ids(replace(made, requirements=(stray,)))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_words(outcome):
    ended = evidence_of(Exchange("1", Request(), "https://h", outcome=outcome, detail="why")).ended
    assert ended.endswith("(why)")
    assert (ended == "complete (why)") is (outcome is Outcome.COMPLETE)


def test_no_answer_is_said():
    assert evidence_of(Exchange("1", Request(), "https://h")).status_line == "no answer"


@pytest.mark.parametrize(
    "body",
    [b'{"a": "it\'s $HOME `x` \\\\ !"}', b"@/etc/passwd", b"\xff\xfe\x01", "a\u202eb".encode(), b"a\nb'c", b"\\x41"],
    ids=["quotes", "at-sign", "bytes", "bidi", "newline", "backslash"],
)
def test_curl_line_repeats_the_body(body):
    asked = exchange("1", b"", request=Request(body=body, expects="completion"))
    line = curl_line(asked, "MY_KEY").replace("curl ", "printf '%s\\0' ", 1)
    said = subprocess.run(["bash", "-c", line], capture_output=True, check=True, env={"MY_KEY": "k"}, timeout=20)
    words = said.stdout.split(b"\0")[:-1]
    assert words[-2:] == [b"--data-raw", body]
    assert b"Authorization: Bearer k" in words


@pytest.mark.parametrize(
    ("auth", "expected"),
    [("key", '-H "Authorization: Bearer $K"'), ("wrong", "Bearer wrong-key"), ("none", "")],
)
def test_curl_line_names_the_key_by_its_variable(auth, expected):
    line = curl_line(exchange("1", b"", request=Request(auth=auth)), "K")
    assert expected in line
    assert ("Authorization" in line) is bool(expected)
    assert "*****" not in line


def test_curl_line_names_other_masked_headers_by_the_variable():
    sent = (("x-api-key", "********"), ("X-Other", "v"))
    line = curl_line(exchange("1", b"", sent_headers=sent, redactions=(Redaction("x-api-key", 0, 8),)), "K")
    assert '-H "x-api-key: $K"' in line
    assert "-H 'X-Other: v'" in line


@pytest.mark.parametrize("name", ["x-goog-api-key", "Api-Key", "cookie", "Proxy-Authorization", "x-auth-token"])
def test_curl_line_never_shows_a_credential_header(name):
    line = curl_line(exchange("1", b"", sent_headers=((name, "theme=dark; sk-0123456789abcdef"),)), "K")
    own = name.lower() in {"x-goog-api-key", "api-key", "x-auth-token"}
    assert f'"{name}: ${"K" if own else name.upper().replace("-", "_")}"' in line
    assert "sk-0123456789abcdef" not in line


def test_curl_line_reads_a_long_body_from_a_file():
    assert curl_line(exchange("1", b"", request=Request(body=b"x" * 10_000))).endswith("--data-binary @request.json")


def test_where_the_end_is_what_is_wrong_the_end_is_marked():
    shown = evidence_of(exchange("1", stream_body(), stream=True), (Mark("stream.done.last", Location.end()),))
    assert [block.marks for block in shown.blocks[-3:]] == [(), ("stream.done.last",), ("stream.done.last",)]
    assert shown.blocks[-1].pieces[0].text == "the body ends here"


def test_a_pointer_into_an_event_marks_its_bytes():
    mark = Mark("usage.total", Location.event(4).down("/usage/total_tokens"))
    shown = evidence_of(exchange("1", stream_body(), stream=True), (mark,))
    assert [piece.text for block in shown.blocks for piece in block.pieces if piece.marks] == ["14"]


def test_a_pointer_into_a_body_marks_its_bytes():
    shown = evidence_of(
        exchange("1", b'{"usage": {"total_tokens": 305}}'), (Mark("usage.total", Location.at("/usage/total_tokens")),)
    )
    assert [piece.text for piece in shown.pieces if piece.marks] == ["305"]
