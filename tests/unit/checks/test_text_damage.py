"""Damage is only seen where a known mistake explains every letter."""

from __future__ import annotations

import json
import re

import pytest

from conformance.checks.heuristics.text_damage import DROPPED, MANGLED, damage

LINE = "naïve café 漢字かな 😀🎉 Ωмир"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LINE.encode().decode("latin-1"), "Latin-1"),
        (LINE.encode("utf-8").replace(b"\x8f", b"").decode("cp1252", "ignore"), ""),
        (json.dumps(LINE)[1:-1], "escapes"),
        (json.dumps(LINE)[1:-1].replace("6f22", "6F22"), "escapes"),
        (json.dumps(LINE), ""),
        (f"```json\n{json.dumps([LINE])}\n```", ""),
        (LINE.encode("ascii", "xmlcharrefreplace").decode(), "references"),
        (LINE.replace(" ", ""), "spaces lost"),
        (LINE.replace(" ", "▁"), "vocabulary"),
        (f'Here you go: "{LINE}"', ""),
        ("naive cafe kanji", ""),
        (LINE.replace("漢字", "漢宇"), ""),
    ],
    ids=[
        "latin-1",
        "bytes-lost",
        "json",
        "upper-case",
        "in-quotes",
        "in-a-fence",
        "references",
        "spaces",
        "marks",
        "whole",
        "other",
        "misspelt",
    ],
)
def test_what_is_written_otherwise_is_named(text, words):
    said = damage(LINE, text, MANGLED)
    assert words in said
    assert bool(said) is bool(words)


def test_the_spelling_of_byte_level_vocabularies_is_known():
    assert "vocabulary" in damage("é tons of it", "Ã©ĠtonsĠofĠit", MANGLED)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (re.sub("[\U00010000-\U0010ffff]", "", LINE), "emoji lost"),
        (re.sub("[\U00010000-\U0010ffff]", "??", LINE), "question marks in place of its emoji"),
        (re.sub("[^\x00-\x7f]", "", LINE).strip(), "all beyond ASCII lost"),
        (re.sub("[^\x00-\x7f]", "?", LINE), "question marks in place of all"),
        ("naïve café 漢字かな Ωмир", ""),
    ],
    ids=["emoji", "emoji-marks", "foreign", "foreign-marks", "left-out-by-a-model"],
)
def test_what_is_lost_is_named(text, words):
    said = damage(LINE, text, DROPPED)
    assert words in said
    assert bool(said) is bool(words)


def test_a_text_that_ends_early_is_cut_and_not_damaged():
    assert damage("naïve café 你好 😀", "naïve café 你好 ", DROPPED) == ""


def test_a_short_text_comes_back_by_chance():
    assert damage("é漢😀", "???", DROPPED) == ""


def test_a_text_in_another_spelling_has_not_lost_its_spaces():
    assert damage("alpha beta gamma STOP", "AlphaBetaGammaStop", MANGLED) == ""
