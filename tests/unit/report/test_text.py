"""Hostile text made visible."""

from __future__ import annotations

import sys

import pytest

from conformance.text import code, cut, fence, link, markdown, one_line, slug, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\n\ttext", "plain\n\ttext"),
        ("é€漢字 ไทย עברית 👩\u200d💻", "é€漢字 ไทย עברית 👩\u200d💻"),
        ("\x00\x1b\x7f\x85\r", "\\x00\\x1b\\x7f\\x85\\x0d"),
        ("\u202e\u2066\u200b\ufeff\u2028", "\\u202e\\u2066\\u200b\\ufeff\\u2028"),
        ("\ud800\udfff", "\\ud800\\udfff"),
        ("\U000e0041\xad", "\\U000e0041\\xad"),
    ],
    ids=["plain", "languages", "control", "format", "surrogates", "tags"],
)
def test_visible(text, expected):
    assert visible(text) == expected


def test_visible_leaves_nothing_that_utf8_cannot_hold():
    everything = "".join(map(chr, range(0, sys.maxunicode + 1, 7)))
    assert visible(everything).encode("utf-8")


def test_one_line():
    assert one_line("a\nb\tc\r") == "a\\nb\\tc\\x0d"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "abc… (4 characters)"), ("abc", 0, "abc"),
     (cut("x" * 5000, 4000), 2, "xx… (5,000 characters)")],
    ids=["fits", "cut", "all", "cut-twice"],
)  # fmt: skip
def test_cut(text, most, expected):
    assert cut(text, most) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("chat.id", "chat.id"), ("a b\"'<>#", "a-b"), ("\u202e", "x"), ("", "x"), ("x" * 200, "x" * 120)],
    ids=["id", "hostile", "unseen", "empty", "long"],
)
def test_slug(text, expected):
    assert slug(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a|b`c", "a\\|b\\`c"),
        ("@all #1", "@\u200ball #\u200b1"),
        ("https://x www.y", "https://\u200bx www\u200b.y"),
    ],
    ids=["html", "table", "mentions", "links"],
)
def test_markdown(text, expected):
    assert markdown(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "`  `"), ("a|b\n", "`a\\|b\\n`")],
    ids=["plain", "tick", "only-tick", "empty", "table"],
)
def test_code(text, expected):
    assert code(text) == expected


def test_fence_is_longer_than_what_it_holds():
    assert fence("````\nx") == "`````\n````\nx\n`````"


@pytest.mark.parametrize("url", ["https://a.example/b?c=d#e", "HTTP://a"])
def test_link_keeps_web_addresses(url):
    assert link(url) == url


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///x", "https://a b", 'https://a"onclick', "https:\\\\a", ""]
)
def test_link_drops_the_rest(url):
    assert link(url) == ""
