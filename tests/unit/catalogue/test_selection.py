from __future__ import annotations

import pytest

from conformance.catalogue.selection import Vocabulary, parse_selection
from conformance.errors import UserError
from conformance.model import Basis, Level, Requirement, Source


def row(id_: str, area: str, level: Level, basis: Basis = Basis.OPENAI_SPEC) -> Requirement:
    return Requirement(id_, level, basis, "S.", Source("T"), area=area)


ROWS = (
    row("stream.done.last", "streaming", Level.MUST),
    row("stream.usage", "streaming", Level.SHOULD),
    row("tools.trip", "tools", Level.MUST, Basis.CLIENT_OBSERVED),
    row("limits.burst", "limits", Level.MAY),
)
TAGS = {"tools.trip": {"cap:tools"}, "limits.burst": {"opt:bursts"}}
WORDS = Vocabulary.of(ROWS, ["tools", "vision"], ["bursts"])
DONE, USAGE, TRIP, BURST = (one.id for one in ROWS)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("stream.done.last", {DONE}),
        ("stream.*", {DONE, USAGE}),
        ("id:stream.*", {DONE, USAGE}),
        ("streaming", {DONE, USAGE}),
        ("area:streaming", {DONE, USAGE}),
        ("MUST", {DONE, TRIP}),
        ("must", {DONE, TRIP}),
        ("level:SHOULD", {USAGE}),
        ("cap:tools", {TRIP}),
        ("opt:bursts", {BURST}),
        ("bursts", {BURST}),
        ("client-observed", {TRIP}),
        ("basis:openai-spec", {DONE, USAGE, BURST}),
        ("all", {DONE, USAGE, TRIP, BURST}),
        ("*", {DONE, USAGE, TRIP, BURST}),
        ("streaming, cap:tools", {DONE, USAGE, TRIP}),
        ("streaming cap:tools", {DONE, USAGE, TRIP}),
        ("streaming or cap:tools", {DONE, USAGE, TRIP}),
        ("streaming and MUST", {DONE}),
        ("MUST and not cap:tools", {DONE}),
        ("not MUST", {USAGE, BURST}),
        ("not not MUST", {DONE, TRIP}),
        ("streaming, not stream.done.*", {USAGE}),
        ("streaming tools not SHOULD", {DONE, TRIP}),
        ("streaming or not MUST", {DONE, USAGE, BURST}),
        ("tools or streaming and SHOULD", {TRIP, USAGE}),
        ("(tools or streaming) and MUST", {DONE, TRIP}),
        ("not (MUST, SHOULD)", {BURST}),
        ("streaming AND MUST", {DONE}),
    ],
)
def test_expressions(expression: str, expected: set[str]) -> None:
    selection = parse_selection(expression, WORDS)
    assert {one.id for one in ROWS if selection(one, TAGS.get(one.id, ()))} == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "the selection is empty"),
        ("  ", "the selection is empty"),
        ("streming", "an unknown word `streming`; did you mean `streaming`?"),
        ("stream.done.lst", "an unknown word `stream.done.lst`; did you mean `stream.done.last`?"),
        ("strem.*", "an unknown word `strem.*`"),
        ("area:tool", "an unknown area `tool`; did you mean `tools`?"),
        ("level:MUSST", "an unknown level `MUSST`; did you mean `MUST`?"),
        ("cap:tool", "an unknown capability `tool`; did you mean `tools`?"),
        ("opt:burst", "an unknown opt-in `burst`; did you mean `bursts`?"),
        ("capp:tools", "an unknown kind `capp:`; did you mean `cap`?"),
        ("MUST and", "no term before its end"),
        ("MUST and or tools", "no term before `or`"),
        ("not", "no term before its end"),
        ("(MUST", "a bracket that is never closed"),
        ("MUST)", "an unexpected `)`"),
        ("()", "nothing where a term should stand"),
        ("(" * 60 + "MUST", "too many brackets"),
    ],
)
def test_mistakes(expression: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        parse_selection(expression, WORDS)
    assert message in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize(
    ("expression", "asked"),
    [("bursts", True), ("MUST, bursts", True), ("opt:bursts", True), ("all", False), ("all, not bursts", False)],
)
def test_only_a_word_asks_by_name(expression: str, *, asked: bool) -> None:
    assert parse_selection(expression, WORDS).asks("bursts") is asked
