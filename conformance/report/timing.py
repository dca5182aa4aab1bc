"""What a model used and how quick it was, as information, never as a verdict: medians over one run's streams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from conformance.api.chat.payloads import Payload
from conformance.api.chat.stream import Framing
from conformance.api.registry import STREAMS
from conformance.api.usage import sum_usage
from conformance.model import Exchange, Facet, one_by_one
from conformance.report.results.build import LONGEST_NAME
from conformance.text import cut


def measure_timing(exchanges: Mapping[str, Sequence[Exchange]]) -> dict[str, dict[str, str]]:
    """What was measured of each model, in words with units.

    Args:
        exchanges: the exchanges by model.

    Returns:
        Model → name of what was measured → its value; a model without tokens and timed streams has none.
    """
    return {cut(model, LONGEST_NAME): found for model, own in exchanges.items() if (found := _of(own))}


def _of(exchanges: Sequence[Exchange]) -> dict[str, str]:
    tokens = sum_usage(exchanges)
    said = {"tokens in": str(tokens["prompt"]), "tokens out": str(tokens["completion"])}
    return (said if tokens["total"] else {}) | _times(exchanges)


def _times(exchanges: Iterable[Exchange]) -> dict[str, str]:
    arrivals = [times for exchange in one_by_one(exchanges) if len(times := _arrivals(exchange)) > 1]
    if not arrivals:
        return {}
    gaps = [later - earlier for times in arrivals for earlier, later in pairwise(times)]
    return {
        "time to the first chunk, median": _milliseconds(median(times[0] for times in arrivals)),
        "gap between chunks, median": _milliseconds(median(gaps)),
        "longest gap": _milliseconds(max(gaps)),
        "streams measured": str(len(arrivals)),
    }


def _arrivals(exchange: Exchange) -> list[float]:
    """When each chunk of a stream came, in seconds; nothing where the recording has no times."""
    if exchange.request.expects not in STREAMS or not exchange.ok or Facet.READS in exchange.lost:
        return []
    framing = Framing(exchange)
    return [framing.arrival(event) for event, kind, _ in framing.data_events if kind is Payload.JSON]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
