"""index.html: self-contained, hostile-proof, bounded, and saying what it should."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from report_samples import HOSTILE, catalogue, evidence_for, hostile, large, requirement, sample, sample_recording

from conformance.gate.gate import Gate
from conformance.model import CheckResult, Finding, Location, Source, Verdict
from conformance.report.formats.html.index_page import render
from conformance.report.results.build import build

TAGS = set(
    re.findall(
        r"\w+",
        "html head meta title style body a header p h1 h2 h3 h4 code nav main section div dl dt dd table caption thead "
        "tbody tr th td span ol ul li form label select option input output details summary strong em pre button mark "
        "figure svg rect figcaption footer script",
    )
)
LONG = "<b>\"'" + "A" * 2**20


class Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, name: str) -> list[str]:
        return [value or "" for _, attributes in self.tags for key, value in attributes.items() if key == name]


def small() -> str:
    made = sample()
    return render(made, evidence_for(made, sample_recording()))


@pytest.mark.parametrize("text", [HOSTILE, LONG], ids=["nasty", "long"])
def test_hostile_text_stays_text(text):
    shown = render(*hostile(text))
    page = Page(shown)
    assert {tag for tag, _ in page.tags} <= TAGS
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "style"]
    assert not [char for char in shown if (ord(char) < 32 and char != "\n") or char in "\x7f\x85\u202e\u2066\ud800"]
    assert not [
        address for address in page.all("href") if not re.match(r"#[\w.-]+\Z|https://platform\.openai\.com/", address)
    ]
    assert all(re.fullmatch(r"[\w.-]+", identity) for identity in page.all("id"))
    assert len(shown) < 5_000_000


def test_hostile_text_is_there_to_be_seen():
    page = Page(render(*hostile()))
    assert "<script>alert(1)</script>" in page.text
    assert "\\u202egnp.exe" in page.text
    assert "\\x1b[31mred" in page.text
    assert "{{ 7*7 }}" in page.text


def test_page_loads_nothing():
    page = Page(small())
    assert not page.all("src")
    assert not [tag for tag, _ in page.tags if tag in {"link", "img", "iframe", "object", "base"}]
    assert "@import" not in small()
    assert "url(" not in small()


def test_policy_lets_in_our_own_style_and_script_alone():
    shown = small()
    policy = next(content for content in Page(shown).all("content") if "default-src" in content)
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", shown, re.DOTALL)
        assert inside is not None
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_anchors_are_unique_and_every_link_arrives():
    page = Page(small())
    anchors = page.all("id")
    assert len(anchors) == len(set(anchors))
    assert {address[1:] for address in page.all("href") if address.startswith("#")} <= set(anchors)


@pytest.mark.parametrize(
    "words",
    [
        "not conformant",
        "1 of the 3 MUST requirements that could be judged fails.",
        "https://api.example/v1",
        "Clients that break: openai-python, langchain",
        "What to change: Write it after the last event.",
        "the end of the stream",
        "429 for ever",
        "broken promise",
        "stream.done.last: mending it lets 1 requirement be judged, a MUST",
        "curl -sS -i -N -X POST",
        "$API_KEY",
        "first event after",
        "Copy as issue",
    ],
)
def test_page_says(words):
    assert words in re.sub(r"\s+", " ", Page(small()).text)


@pytest.mark.parametrize(
    ("url", "linked"),
    [("https://a.example/x", True), ("http://a.example", True), ("javascript:alert(1)", False),
     ("data:text/html,x", False), ("//a.example", False), ("https://a.example/\u202e", False), ("", False)],
)  # fmt: skip
def test_only_web_addresses_are_linked(url, linked):
    row = requirement("a.b", source=Source("The source", url))
    made = build([sample_recording()], [], {"a.b": row}, (), gate=Gate())
    assert (url in [address for address in Page(render(made, {})).all("href") if not address.startswith("#")]) is linked


def test_a_full_run_stays_under_five_megabytes():
    made, evidence = large()
    shown = render(made, evidence)
    assert len(evidence) == 150
    assert len(shown.encode()) < 5_000_000
    assert shown.count('class="entry"') == 300


def test_one_finding_of_many_exchanges_is_said_once():
    found = tuple(Finding("data: [DONE]", "nothing", Location.end(), str(number)) for number in (1, 2, 2))
    result = CheckResult("stream.done.last", "m-1", Verdict.FAIL, 3, findings=found)
    made = build([sample_recording()], [result], catalogue(), (), gate=Gate())
    text = re.sub(r"\s+", " ", Page(render(made, evidence_for(made, sample_recording()))).text)
    assert text.count("at the end of the stream in exchange #1, and the same in #2") == 1
