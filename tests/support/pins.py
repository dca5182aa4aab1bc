"""What each fault of the reference provider trips: observed now, and as pinned in pins/<area>.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import yaml
from campaign import CHAT, TEXT, THINKER, Judged, bench, by_level, shown, worst
from places import TRUTH
from truth import TIMED

from conformance.reference.faults import FAULTS

FOLDER = TRUTH / "pins"
MODELS = (CHAT, THINKER, TEXT)
"""Whom a fault is looked for, in this order, until something fails."""

BESIDE = ("streams-cut-beside-others", "answers-fail-beside-streams")
"""Faults that show only where several requests are under way at once."""

GAPS = {
    "stream-buffered-all-at-once": 0.012,
    "streaming-buffered-all-at-once": 0.012,
    "sse-gzip-buffering": 0.012,
    "stream-reset": 0.003,
    **dict.fromkeys(BESIDE, 0.003),
}
"""Seconds between two events, for faults that only show in time."""

_STREAMS = frozenset({"stream.basic", "stream.usage"})
FEW = {
    "nonstream-stall": frozenset({"chat.basic"}),
    "stream-stall-open-socket": _STREAMS,
    "stream-stall-open-socket-comment": _STREAMS,
    "stream-not-closed": _STREAMS,
    "stalls-for-a-while": frozenset({"chat.basic", "stream.basic", "stream.usage"}),
}
"""Faults that make every exchange wait are met by a few scenarios only."""

UNSENT = "No scenario sends what would show it."
UNJUDGED = "It is sent, and no check looks at it yet."
Entry = dict[str, Any]
_ORDER = {name: place for place, name in enumerate(FAULTS)}


def load() -> dict[str, Entry]:
    """The pinned entries by fault, in the order of the faults."""
    entries = {name: entry for pinned in by_area().values() for name, entry in pinned.items()}
    return dict(sorted(entries.items(), key=lambda one: _ORDER.get(one[0], len(_ORDER))))


def by_area() -> dict[str, dict[str, Entry]]:
    """The pinned entries by area, then by fault."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # four thousand lines: ten times as quick
    files = sorted(FOLDER.glob("*.yaml"))
    return {path.stem: dict(yaml.load(path.read_text(encoding="utf-8"), Loader=loader)) for path in files}


def save(entries: Mapping[str, Entry]) -> None:
    """Write every entry into the file of its area, in the order of the faults; no file is left without entries."""
    before = {name: area for area, pinned in by_area().items() for name in pinned}
    areas: dict[str, dict[str, Entry]] = {}
    for name, entry in entries.items():
        areas.setdefault(area_of(name, entry, before), {})[name] = entry
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.yaml"):
        if path.stem not in areas:
            path.unlink()
    for area, pinned in areas.items():
        (FOLDER / f"{area}.yaml").write_text(dump(pinned), encoding="utf-8")


def area_of(fault: str, entry: Mapping[str, Any], before: Mapping[str, str]) -> str:
    """The area of the primary requirement; of a fault that trips none the area where it stands, else its surface's."""
    if "primary" in entry:
        return bench().suites.catalogue.requirements[entry["primary"]].area
    return before.get(fault) or FAULTS[fault].surface.partition(".")[0]


def observe(fault: str, pinned: Mapping[str, Any]) -> Entry:
    """What one fault trips now, in the shape of an entry; the pinned one says which finding is the primary one."""
    return observe_and_keep(fault, pinned)[0]


def observe_and_keep(fault: str, pinned: Mapping[str, Any]) -> tuple[Entry, Judged | None]:
    """As `observe`, and all that was judged."""
    gap, only, flights = GAPS.get(fault, 0.0), FEW.get(fault), 8 if fault in BESIDE else 1
    model, judged = worst(MODELS, lambda one: _timeless(fault, bench().with_fault(fault, one, gap, only, flights)))
    return _entry(fault, pinned, model, judged), judged


def _entry(fault: str, pinned: Mapping[str, Any], model: str, judged: Judged | None) -> Entry:
    if judged is None or not (judged.fails or judged.stopped):
        return _uncaught(pinned, UNSENT if judged is None else UNJUDGED)
    entry: Entry = {} if model == CHAT else {"model": model}
    if judged.stopped:
        return entry | {"stops": judged.stopped}
    rows = bench().suites.catalogue.requirements
    primary = pinned.get("primary") if pinned.get("primary") in judged.fails else nearest(fault, judged)
    says = _uncounted(shown(judged.fails[primary])) if fault in BESIDE else shown(judged.fails[primary])
    return entry | {
        "fails": by_level(judged.fails, lambda id_: rows[id_].level.value),
        "primary": primary,
        "says": says,
        **{key: pinned[key] for key in ("consequences",) if key in pinned},
    }


def _uncounted(says: str) -> str:
    """What is said of a fault that hits whatever is under way: how many, and which, differs from run to run."""
    return re.sub(r"\d+ (of the .*?) \(.*?; at", r"… \1 …; at", says)


def _timeless(fault: str, judged: Judged | None) -> Judged | None:
    """Without the verdicts that hang on arrival times, unless time is what the fault is about."""
    if judged is None or fault in GAPS:
        return judged
    return replace(judged, results=tuple(one for one in judged.results if one.requirement not in TIMED))


def _uncaught(pinned: Mapping[str, Any], reason: str) -> Entry:
    if "legal" in pinned:
        return {"legal": pinned["legal"]}
    stated = pinned.get("reason", reason)
    return {"caught": False, "reason": reason if stated in {UNSENT, UNJUDGED} else stated}


def nearest(fault: str, judged: Judged) -> str:
    """The gravest requirement that failed; of several, the one that reads most like the fault."""
    rows = bench().suites.catalogue.requirements
    about = f"{fault} {FAULTS[fault].summary}".replace("-", " ").lower()

    def rank(id_: str) -> tuple[int, float, str]:
        words = f"{id_} {rows[id_].statement}".replace(".", " ").lower()
        level = ("MUST", "SHOULD", "MAY").index(rows[id_].level.value)
        return level, -SequenceMatcher(None, about, words, autojunk=False).ratio(), id_

    return min(judged.fails, key=rank)


def tripped(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """Every requirement that some fault trips."""
    return {id_ for entry in entries for ids in entry.get("fails", {}).values() for id_ in ids}


def uncaught(entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The faults that nothing catches, though it should."""
    return sorted(name for name, entry in entries.items() if entry.get("caught") is False)


def dump(entries: Mapping[str, Entry]) -> str:
    """The file's text; the same entries give the same text."""
    head = (
        "# What each fault of the reference provider trips; written by `python tools/pin_faults.py`: review the diff.\n"
        "# fails: requirements by level. primary, says: the finding that tells a stranger what to mend.\n"
        "# stops: what the user is told where nothing could be captured. legal: why nothing must fail.\n"
        "# consequences: of more than three rows, why each of the others is no consequence of the primary one.\n"
        "# caught: false: a check that nobody has written yet; this list may only shrink.\n"
    )
    text = yaml.safe_dump(dict(entries), sort_keys=False, allow_unicode=True, width=140)
    return head + text
