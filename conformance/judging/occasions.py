"""Which answers may be compared with each other: those of one capture, of one file, or of one hour.

An endpoint's models, counts and limits change over the months that lie between two files of another tool's recordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.api.answer import read_date
from conformance.model import Exchange, Facet

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class _File:
    """The exchanges of one file, and the span of time in which they were answered; None where no date was kept."""

    exchanges: list[Exchange]
    times: tuple[float, float] | None


def split_occasions(exchanges: Iterable[Exchange]) -> list[tuple[Exchange, ...]]:
    """The exchanges in groups of one occasion each, in their order; our own recordings are one, however many."""
    ours: list[Exchange] = []
    files: dict[str, list[Exchange]] = {}
    for one in exchanges:
        (files.setdefault(one.source.rpartition("#")[0], []) if one.foreign else ours).append(one)
    groups = [ours] if ours else []
    if len(files) == 1:
        groups += files.values()
    else:
        groups += _near([_File(found, _times(found)) for found in files.values()])
    return [tuple(group) for group in groups]


def _near(files: Sequence[_File]) -> list[list[Exchange]]:
    """Files that begin and end within an hour of the first of them; one without a date stands alone."""
    groups = [file.exchanges for file in files if file.times is None]
    begun: float | None = None
    for file in sorted((file for file in files if file.times), key=lambda file: file.times or (0.0, 0.0)):
        first, last = file.times or (0.0, 0.0)
        if begun is not None and last <= begun + HOUR:
            groups[-1] = [*groups[-1], *file.exchanges]
        else:
            groups.append(file.exchanges)
            begun = first
    return groups


def _times(exchanges: Sequence[Exchange]) -> tuple[float, float] | None:
    found = [moment for moment in map(_moment, exchanges) if moment is not None]
    return (min(found), max(found)) if found else None


def _moment(exchange: Exchange) -> float | None:
    """When it was answered: by the answer's Date, else by the recorder's clock."""
    date = read_date(exchange)
    return exchange.started_at if date is None and Facet.CLOCK not in exchange.lost else date
