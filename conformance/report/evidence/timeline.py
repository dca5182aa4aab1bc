"""When a stream's blocks came, as places on a line: what the page draws as inline SVG."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.report.evidence.collect import Evidence

WIDTH = 1000
"""Units of the drawing from the request to the end."""

_SHOWN_GAPS = 3


@dataclass(frozen=True, slots=True)
class Tick:
    """One block on the line: `x` in units, what it is, and its words for a pointer."""

    x: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A stream on a line: ticks, long gaps as (from, to, words), and the sentence that says it without a picture."""

    ticks: tuple[Tick, ...]
    gaps: tuple[tuple[float, float, str], ...]
    total: float
    says: str


def milliseconds(seconds: float) -> str:
    """Seconds as a person reads them: `12 ms`, `1.24 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def timeline(evidence: Evidence) -> Timeline | None:
    """The line of a stream's events, or None where no times were recorded."""
    timed = [(block, block.at) for block in evidence.blocks if block.at is not None and block.index is not None]
    if not timed:
        return None
    total = max(evidence.ended_at or 0.0, timed[-1][1], 1e-6)
    scale = WIDTH / total
    times = [at for _, at in timed]
    numbered = [(block.index + 1, block, at) for block, at in timed if block.index is not None]
    ticks = tuple(
        Tick(round(at * scale, 1), block.kind, f"event {number}, {block.kind}, {milliseconds(at)}")
        for number, block, at in numbered
    )
    longest = max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)
    first, gap, whole = milliseconds(times[0]), milliseconds(longest), milliseconds(total)
    says = f"first event after {first}, longest gap {gap}, over after {whole}"
    return Timeline(_thinned(ticks), _gaps(times, scale), total, says)


def _gaps(times: Sequence[float], scale: float) -> tuple[tuple[float, float, str], ...]:
    """The longest silences between events, those that are worth a word."""
    pairs = [(a, b) for a, b in itertools.pairwise(times) if (b - a) * scale > WIDTH / 8]
    longest = sorted(pairs, key=lambda pair: pair[0] - pair[1])[:_SHOWN_GAPS]
    return tuple((round(a * scale, 1), round(b * scale, 1), milliseconds(b - a)) for a, b in sorted(longest))


def _thinned(ticks: Sequence[Tick], most: int = 300) -> tuple[Tick, ...]:
    """At most so many ticks; those that mean something stay."""
    if len(ticks) <= most:
        return tuple(ticks)
    step = -(-len(ticks) // most)
    return tuple(tick for number, tick in enumerate(ticks) if tick.kind != "event" or number % step == 0)[: most * 2]
