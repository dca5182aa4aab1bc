"""JUnit, Markdown, badge, terminal and the bundle."""

from __future__ import annotations

import io
import json
import stat
from xml.etree import ElementTree as ET

import pytest
from report_samples import HOSTILE, catalogue, cells, evidence_for, hostile, sample, sample_recording, verdicts

from conformance.errors import UserError
from conformance.gate.gate import FailOn, Gate, KnownFailure, KnownFailures
from conformance.model import CheckResult, Verdict
from conformance.report.bundle import write_bundle
from conformance.report.formats import badge, junit, markdown
from conformance.report.formats.terminal import print_summary
from conformance.report.results.build import build

NAMES = ["results.json", "index.html", "junit.xml", "summary.md", "badge.json", "badge.svg"]
LONG = "<b>" + "A" * 2**20
UNSEEN = ("\x1b", "\x00", "\x07", "\u202e", "\u2066", "\ud800", "\x85")
SUMMARY = """\
## ❌ sample: not conformant

**openai:** not conformant · **promises:** conformant · **gate:** not met (fail on must)

endpoint `https://api.example/v1` · models `m-1` · 2 requests · 24 tokens · 2.5 s

| level | fail | pass | inconclusive | not applicable | not run | error |
| --- | --- | --- | --- | --- | --- | --- |
| MUST | 1 | 2 | 0 | 1 | 1 | 0 |
| SHOULD | 1 | 0 | 1 | 0 | 0 | 0 |
| MAY | 0 | 0 | 0 | 0 | 1 | 0 |

### Failed

| requirement | level | expected | got | gate |
| --- | --- | --- | --- | --- |
| [`stream.done.last`](<https://platform.openai.com/docs/api-reference/chat>) m-1 | MUST | `data: [DONE]` | \
`the end of the stream` | fail |
| [`errors.allow`](<https://platform.openai.com/docs/api-reference/chat>) | SHOULD | `Allow: POST` | `no Allow` | off |

### Root causes

- `stream.done.last`: mending it lets 1 requirement be judged, a MUST: `tools.roundtrip`

### Capabilities

| capability | model | advertised | observed |
| --- | --- | --- | --- |
| Tool calls | m-1 | yes | ignored |
| JSON schema | m-1 | silent | works |
| n &gt; 1 | m-1 | no | works |
"""
SCREEN = """\

NOT CONFORMANT  https://api.example/v1  m-1
openai: not conformant  promises: conformant  gate (must): not met

area       MUST   SHOULD   MAY   failed   inconcl.   not judged
───────────────────────────────────────────────────────────────
chat        1/1        ·     ·        ·          ·            1
stream      0/1        ·     ·        1          1            ·
errors        ·      0/1     ·        1          ·            ·
tools         ·        ·     ·        ·          ·            2
promises    1/1        ·     ·        ·          ·            ·
  FAIL stream.done.last  MUST  m-1
    expected data: [DONE]
    got      the end of the stream
    at       #2  event 3
  in the way: stream.done.last: mending it lets 1 requirement be judged, a MUST
  gated requirements that are blocked or over budget: 1

2 requests, 24 tokens, 2.5 s
"""


def screen(results, *, colour=False) -> str:
    out = io.StringIO()
    print_summary(results, file=out, colour=colour, width=80)
    return out.getvalue()


def cases(text: str) -> dict[str, ET.Element]:
    return {case.get("name", ""): case for case in ET.fromstring(text).iter("testcase")}


def child(text: str, name: str) -> str:
    return next((element.tag for element in cases(text)[name]), "")


def test_golden_summary():
    assert markdown.render(sample()) == SUMMARY


def test_golden_screen():
    assert screen(sample()) == SCREEN


def test_screen_fits_with_many_failures():
    row = CheckResult("stream.done.last", "m", Verdict.FAIL, 1, findings=verdicts()[1].findings * 30)
    made = build([sample_recording()], [row] * 40, catalogue(), cells(), gate=Gate())
    lines = screen(made).splitlines()
    assert len(lines) < 55
    assert any("32 more failures" in line for line in lines)
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chat.id[m-1]", ""),
        ("stream.done.last[m-1]", "failure"),
        ("stream.usage[m-1]", "skipped"),
        ("errors.allow", "skipped"),
        ("tools.call[m-1]", "skipped"),
        ("tools.roundtrip[m-1]", "skipped"),
    ],
)
def test_junit_kinds(name, expected):
    assert child(junit.render(sample()), name) == expected


def test_junit_fails_where_the_gate_does():
    assert child(junit.render(sample(Gate(FailOn.SHOULD))), "errors.allow") == "failure"
    known = KnownFailures(
        (KnownFailure("stream.done.last", "upstream", "2026-10-01"), KnownFailure("chat.id", "r", "s"))
    )
    text = junit.render(sample(Gate(known=known)))
    assert child(text, "stream.done.last[m-1]") == "skipped"
    assert child(text, "chat.id[m-1]") == "failure"


def test_junit_takes_a_crash_for_an_error_and_counts():
    crashed = [*verdicts(), CheckResult("chat.extra", "m-1", Verdict.ERROR, crash="Traceback\nKeyError: 'id'")]
    root = ET.fromstring(junit.render(build([sample_recording()], crashed, catalogue(), (), gate=Gate())))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("8", "1", "1")
    error = next(root.iter("error"))
    assert error.get("message") == "the harness crashed: KeyError: 'id'"


def test_junit_failure_tells_all():
    failure = next(ET.fromstring(junit.render(sample())).iter("failure"))
    assert failure.get("message") == "expected data: [DONE], got the end of the stream at event 3 in exchange 2"
    assert failure.get("type") == "MUST"
    assert "clients that break: openai-python, langchain" in (failure.text or "")


def test_badge():
    assert json.loads(badge.render(sample())) == {
        "schemaVersion": 1,
        "label": "OpenAI API",
        "message": "not conformant · 2 of 3 MUST",
        "color": "red",
        "isError": False,
    }


@pytest.mark.parametrize("text", [HOSTILE, LONG], ids=["nasty", "long"])
@pytest.mark.parametrize("colour", [False, True], ids=["plain", "colour"])
def test_hostile_text_on_the_terminal(text, colour):
    shown = screen(hostile(text)[0], colour=colour)
    bare = shown
    for code in ("0", "1", "2", "31", "36", "1;31"):
        bare = bare.replace(f"\x1b[{code}m", "")
    assert not any(char in bare for char in UNSEEN)
    assert len(shown.splitlines()) < 60


@pytest.mark.parametrize("text", [HOSTILE, LONG], ids=["nasty", "long"])
def test_hostile_text_in_junit(text):
    shown = junit.render(hostile(text)[0])
    root = ET.fromstring(shown)
    assert {element.tag for element in root.iter()} == {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped",
    }  # fmt: skip
    assert not any(char in shown for char in UNSEEN)
    assert len(shown) < 5_000_000


@pytest.mark.parametrize("text", [HOSTILE, LONG], ids=["nasty", "long"])
def test_hostile_text_in_markdown(text):
    from markdown_it import MarkdownIt

    shown = markdown.render(hostile(text)[0])
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(shown)
    inline = [token for block in tokens for token in (block.children or [block])]
    links = [str(token.attrGet("href")) for token in inline if token.type == "link_open"]
    assert not [token for token in inline if token.type in {"html_inline", "html_block", "image"}]
    assert not [address for address in links if "javascript" in address or "evil" in address]
    assert not any(char in shown for char in UNSEEN)
    assert len(shown) < 100_000


def test_bundle_is_whole_and_private(tmp_path):
    made = sample()
    out = tmp_path / "deep" / "report"
    written = write_bundle(out, made, evidence_for(made, sample_recording()))
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)
    assert [path.name for path in written] == NAMES
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


@pytest.mark.parametrize(("there", "linked"), [(True, True), (False, False)], ids=["with-log", "without"])
def test_bundle_links_the_test_log_where_it_is(tmp_path, there, linked):
    if there:
        (tmp_path / "tests.html").write_text("log")
    made = sample()
    write_bundle(tmp_path, made, {})
    assert ('href="tests.html"' in (tmp_path / "index.html").read_text()) is linked


def test_bundle_overwrites_and_follows_no_link(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "badge.json").symlink_to(precious)
    write_bundle(out, sample(), {})
    write_bundle(out, sample(), {})
    assert precious.read_text() == "mine"


def test_bundle_in_an_impossible_place_is_a_users_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_bundle(tmp_path / "file" / "out", sample(), {})
