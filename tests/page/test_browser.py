"""The pages in a real browser: what a person can do with them, and what an endpoint cannot."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import FOUND, Browser
from report_samples import (
    HOSTILE,
    catalogue,
    cells,
    evidence_for,
    exchange,
    hostile,
    large,
    recording,
    sample_recording,
    stream_body,
    verdicts,
)

from conformance.gate.gate import Gate
from conformance.model import CheckResult, Results, Verdict
from conformance.report.compare.formats import render_html
from conformance.report.compare.matrix import compare
from conformance.report.formats.html.index_page import render
from conformance.report.results.build import build

pytestmark = pytest.mark.skipif(FOUND is None, reason="no Chromium here: the pages were not opened in a browser")

BENIGN = "words that an endpoint might well send, none of them of any harm to anybody who reads them"
LONG = "<b onclick=alert(1)>\"'" + "A" * 2**20
VISIBLE = "document.querySelectorAll('.entry:not([hidden])').length"
IDS = "[...document.querySelectorAll('.entry:not([hidden]) .id code')].map(e => e.textContent)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = Browser()
    found.send("Emulation.setFocusEmulationEnabled", enabled=True)
    yield found
    found.close()


def small() -> Results:
    needs = {"tools.call": ("tools",), "tools.roundtrip": ("tools",), "stream.usage": ("stream_usage",)}
    return build([sample_recording()], verdicts(), catalogue(), cells(), gate=Gate(), needs=needs)


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Path:
    made = small()
    path = tmp_path_factory.mktemp("small") / "index.html"
    path.write_text(render(made, evidence_for(made, sample_recording())), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> Path:
    worse = small()
    mended = [v for v in verdicts() if v.requirement != "stream.done.last"]
    mended.append(CheckResult("stream.done.last", "m-1", Verdict.PASS, 1))
    better = build([sample_recording()], mended, catalogue(), cells(), gate=Gate())
    path = tmp_path_factory.mktemp("compare") / "compare.html"
    path.write_text(render_html(compare([("a", worse), ("b", better)])), encoding="utf-8")
    return path


def choose(browser: Browser, name: str, value: str, form: str = "#filters") -> None:
    browser.run(
        f"(e => {{ e.value = {value!r}; e.dispatchEvent(new Event('input', {{bubbles: true}})); }})"
        f"(document.querySelector('{form} [name={name}], {form} #{name}'))"
    )


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("level", "SHOULD", ["stream.usage", "errors.allow"]),
        ("verdict", "fail", ["stream.done.last", "errors.allow"]),
        ("verdict", "not_run", ["tools.roundtrip", "chat.extra"]),
        ("area", "tools", ["tools.call", "tools.roundtrip"]),
        ("capability", "tools", ["tools.call", "tools.roundtrip"]),
        ("capability", "stream_usage", ["stream.usage"]),
        ("text", "LangChain done", ["stream.done.last"]),
        ("text", "no such words", []),
    ],
)
def test_a_filter_leaves_what_it_says(browser, index, name, value, left):
    browser.opened(index)
    choose(browser, name, value)
    assert sorted(browser.run(IDS)) == sorted(left)
    assert browser.run("document.getElementById('shown').textContent") == f"{len(left)} of 8"
    assert browser.run("document.getElementById('none').hidden") is bool(left)


def test_filters_join(browser, index):
    browser.opened(index)
    choose(browser, "level", "MUST")
    choose(browser, "verdict", "fail")
    assert browser.run(IDS) == ["stream.done.last"]


def test_a_finding_leads_to_its_evidence(browser, index):
    browser.opened(index, "#r-stream.done.last")
    assert browser.run("document.getElementById('r-stream.done.last').closest('details').open")
    browser.click("#r-stream\\.done\\.last .finding a")
    shown = "document.querySelector(location.hash).closest('details')"
    assert browser.waits(f"location.hash.startsWith('#e-') && {shown}.open")
    assert browser.run(f"{shown}.className") == "exchange"
    assert browser.run(f"{shown}.querySelectorAll('.marked').length") == 1
    assert browser.run(f"{shown}.querySelector('svg').getBoundingClientRect().width") > 300
    top = browser.run(f"{shown}.getBoundingClientRect().top")
    assert -200 < top < 600


def test_a_cell_of_the_matrix_leads_to_its_evidence(browser, index):
    browser.opened(index)
    browser.click(".matrix a")
    assert browser.waits(
        "location.hash.startsWith('#e-') && document.querySelector(location.hash).closest('details').open"
    )


def test_a_link_shows_what_the_filters_hide(browser, index):
    browser.opened(index)
    choose(browser, "level", "MAY")
    browser.click(".fixes a")
    assert browser.waits("document.querySelector('.entry[open]')?.checkVisibility()")


@pytest.mark.parametrize("refused", [False, True], ids=["clipboard", "by selection"])
@pytest.mark.parametrize(
    ("where", "words"),
    [(".exchange .copyable", "curl -sS -i -N -X POST"), (".issue", "### The endpoint does what stream.done.last says")],
    ids=["curl", "issue"],
)
def test_copy_puts_the_whole_text_on_the_clipboard(browser, index, where, words, refused):
    browser.opened(index)
    browser.send("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.run("for (const e of document.querySelectorAll('details')) e.open = true")
    browser.run("navigator.clipboard.writeText('nothing')")
    if refused:
        browser.run("void (navigator.clipboard.writeText = () => Promise.reject(new Error('refused')))")
    browser.click(f"{where} button.copy")
    assert browser.waits(f"document.querySelector('{where} button.copy').textContent === 'Copied'")
    copied = browser.run("navigator.clipboard.readText()")
    assert copied == browser.run(f"document.querySelector('{where} pre').textContent")
    assert words in copied


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index", "comparison"])
def test_both_schemes_read_well(browser, request, page, scheme):
    browser.opened(request.getfixturevalue(page), scheme=scheme)
    browser.run("for (const e of document.querySelectorAll('details')) e.open = true")
    poor = browser.run(CONTRAST)
    assert poor == []
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(15, 19, 24)")


CONTRAST = """(() => {
  const light = (c) => {
    const linear = (v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = c.match(/[\\d.]+/g).map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const own = (e) => getComputedStyle(e).backgroundColor;
  const solid = (e) => !e || own(e).startsWith("rgb(") ? e && own(e) || "rgb(255, 255, 255)" : solid(e.parentElement);
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility() || e.closest("svg, option") || e.matches(".zero, .zero *")) continue;
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(solid(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) poor.push(e.outerHTML.slice(0, 80));
  }
  return poor;
})()"""


@pytest.mark.parametrize("page", ["index", "comparison"])
def test_nothing_is_asked_of_anybody_and_nothing_goes_wrong(browser, request, page):
    path = request.getfixturevalue(page)
    browser.opened(path)
    browser.run("for (const e of document.querySelectorAll('details')) e.open = true")
    choose(browser, "level", "MUST")
    assert browser.requests == [path.as_uri()]
    assert browser.complaints == []


@pytest.mark.parametrize("page", ["index", "comparison"])
def test_the_policy_holds(browser, request, page):
    browser.opened(request.getfixturevalue(page))
    browser.run(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.invalid/x'}))"
    )
    browser.run("document.body.insertAdjacentHTML('beforeend', '<p id=late onclick=\"window.hit=1\">x</p>')")
    browser.run("document.getElementById('late').click()")
    assert browser.run("window.hit === undefined")
    assert any("Content Security Policy" in line or "content-security" in line.lower() for line in browser.complaints)


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf)) or sum(
        len(re.findall(rb"/Type\s*/Page\b", zlib.decompress(part)))
        for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf)
    )


def test_print_opens_failures_and_cuts_nothing_off(browser, index):
    browser.opened(index)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("[...document.querySelectorAll('.entry[open]')].length") == 2
    assert pages_of(browser.pdf()) >= 2
    browser.emulate(media="print")
    browser.send("Emulation.setDeviceMetricsOverride", width=718, height=1000, deviceScaleFactor=1, mobile=False)
    try:
        browser.run("for (const e of document.querySelectorAll('details')) e.open = true")
        wide = (
            "[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('.unseen, svg') && "
        )
        assert (
            browser.run(wide + "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))")
            == []
        )
        assert (
            browser.run(
                wide + "e.scrollHeight > e.clientHeight + 2 && getComputedStyle(e).overflowY != 'visible').length"
            )
            == 0
        )
        assert browser.run("getComputedStyle(document.getElementById('filters')).display") == "none"
    finally:
        browser.send("Emulation.clearDeviceMetricsOverride")


def test_the_keyboard_reaches_filters_and_details(browser, index):
    browser.opened(index)
    order = []
    for _ in range(60):
        browser.press("Tab")
        order.append(
            browser.run("(e => e.name || e.className || e.getAttribute('href') || e.tagName)(document.activeElement)")
        )
        if browser.run("document.activeElement.parentElement.className") == "entry":
            break
    names = [name for name in order if name in {"level", "verdict", "area", "capability", "text"}]
    assert order[0] == "skip"
    assert names == ["level", "verdict", "area", "capability", "text"]
    browser.press("Enter")
    assert browser.run("document.activeElement.parentElement.open")
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("page", ["index", "comparison"])
def test_a_screen_reader_finds_its_way(browser, request, page):
    browser.opened(request.getfixturevalue(page))
    levels = browser.run("[...document.querySelectorAll('h1, h2, h3, h4')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert browser.run("document.documentElement.lang") == "en"
    assert browser.run("document.querySelectorAll('main, header, nav[aria-label]').length") == 3
    nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
    roles = {"link", "button", "combobox", "searchbox", "image", "table"}
    bare = [n for n in nodes if n.get("role", {}).get("value") in roles and not n.get("name", {}).get("value")]
    assert [n["role"]["value"] for n in bare if not n.get("ignored")] == []


def test_a_full_run_opens_and_filters_promptly(browser, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(render(*large()), encoding="utf-8")
    browser.opened(path)
    assert browser.run(VISIBLE) == 300
    took = browser.run(
        "(e => { const from = performance.now(); e.value = 'area7'; "
        "e.dispatchEvent(new Event('input', {bubbles: true})); "
        "document.body.offsetHeight; return performance.now() - from; })(document.querySelector('[name=text]'))"
    )
    assert browser.run(VISIBLE) == 25
    loaded = browser.run("performance.getEntriesByType('navigation')[0].loadEventEnd")
    assert took < 1500
    assert loaded < 8000


def elements(browser: Browser) -> list[str]:
    """Every element with the names of its attributes, in order."""
    return browser.run(
        "[...document.querySelectorAll('*')]"
        ".map(e => [e.tagName, ...[...e.attributes].map(a => a.name).sort()].join(' '))"
    )


def shape(browser: Browser) -> dict[str, int]:
    """How often which element with which attributes is there; links of a refused address may be missing."""
    counted: dict[str, int] = {}
    for each in elements(browser):
        counted[each] = counted.get(each, 0) + 1
    return counted


@pytest.mark.parametrize("text", [HOSTILE, LONG], ids=["nasty", "long"])
@pytest.mark.parametrize("kind", ["index", "comparison"])
def test_a_hostile_endpoint_changes_nothing_but_text(browser, tmp_path, kind, text):
    def page(text: str) -> dict[str, int]:
        made, evidence = hostile(text)
        path = tmp_path / "index.html"
        shown = render(made, evidence) if kind == "index" else render_html(compare([("a", made), ("b", made)]))
        path.write_text(shown, encoding="utf-8")
        browser.opened(path)
        assert browser.requests == [path.as_uri()]
        assert browser.complaints == []
        return shape(browser)

    harmless, nasty = page(BENIGN), page(text)
    assert set(nasty) <= set(harmless) | {"SPAN class"}
    tags = {"SCRIPT", "IMG", "B", "IFRAME", "STYLE", "LINK", "META"}
    for kept in tags:
        assert sum(n for name, n in nasty.items() if name.split()[0] == kept) == sum(
            n for name, n in harmless.items() if name.split()[0] == kept
        )
    wide = browser.run("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


def test_a_hostile_stream_is_drawn_as_text(browser, tmp_path):
    events = [b"data: " + HOSTILE.encode("utf-8", "surrogatepass") + b"\n\n" for _ in range(3)]
    recorded = recording([exchange("1", b"{}"), exchange("2", stream_body() + b"".join(events), stream=True)])
    made = build([recorded], verdicts(), catalogue(), cells(), gate=Gate())
    path = tmp_path / "index.html"
    path.write_text(render(made, evidence_for(made, recorded)), encoding="utf-8")
    browser.opened(path)
    assert browser.run("document.querySelectorAll('img, script').length") == 1
    assert "<script>alert(1)</script>" in browser.run("document.querySelector('.stream').textContent")
    assert browser.complaints == []


def test_columns_of_many_runs_stay_in_sight(browser, tmp_path):
    runs = [(f"run-{number}", small()) for number in range(40)]
    path = tmp_path / "compare.html"
    path.write_text(render_html(compare(runs)), encoding="utf-8")
    browser.opened(path)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    browser.run("document.querySelector('#differences .scroll').scrollLeft = 4000")
    assert browser.run("document.querySelector('#rows th').getBoundingClientRect().left >= 0")


@pytest.mark.parametrize(("which", "left"), [("differs", 1), ("fails", 2), ("", 8)], ids=["differs", "fails", "all"])
def test_a_comparison_filters(browser, comparison, which, left):
    browser.opened(comparison)
    choose(browser, "which", which)
    assert browser.run("document.querySelectorAll('#rows tr:not([hidden])').length") == left
    assert browser.run("document.getElementById('shown').textContent") == f"{left} of 8"


def test_a_cell_of_a_comparison_leads_to_the_runs_own_page(browser, comparison):
    browser.opened(comparison)
    links = browser.run("[...document.querySelectorAll('#rows td a')].map(e => e.getAttribute('href'))")
    assert "a/index.html#r-stream.done.last" in links
