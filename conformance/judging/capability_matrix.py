"""What an endpoint says it can do against what it was seen to do; a pure function of the recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.stream import ChatStream
from conformance.api.models import Metadata, ModelList
from conformance.api.openai import METADATA, MODELS
from conformance.api.views import Views, last_attempts
from conformance.catalogue.capabilities import ASKS, PROOFS, Capability, Places
from conformance.checks.outcomes import Broken, Inconclusive
from conformance.model import Advertised, CapabilityResult, Exchange, Observed, Request


def matrix(
    rows: Iterable[Capability],
    exchanges: Sequence[Exchange],
    *,
    endpoint: str,
    model: str,
    advertises: Mapping[str, Places] | None = None,
) -> tuple[CapabilityResult, ...]:
    """Every capability of one model: advertised × observed.

    Args:
        rows: the capabilities, in the order of the report.
        exchanges: all exchanges of the endpoint.
        endpoint: its name.
        model: the model's name.
        advertises: where this endpoint's profile says that model entries advertise; overrides the rows' places.
    """
    views = Views()
    latest = last_attempts(exchanges)
    ours = [one for one in latest if one.model == model]
    entry = _entry_of(latest, model, views)
    cells = []
    for row in rows:
        places = (advertises or {}).get(row.id) or row.places
        offers = [one for one in ours if one.scenario == row.offer and (one.step == 0 or _asks(row.id, one))]
        observed, note, shown = _observe(row.id, offers, views)
        if offers and observed is not Observed.WORKS:
            shown = _shown_elsewhere(row.id, [one for one in ours if one not in offers], views) or shown
            observed, note = (observed, note) if shown in offers or shown is None else (Observed.WORKS, "")
        evidence = tuple(dict.fromkeys([*([shown.id] if shown else []), *(one.id for one in offers)]))
        said = read_advertised(entry, places)
        cells.append(CapabilityResult(row.id, row.title, model, said, observed, evidence, note, endpoint))
    return tuple(cells)


def read_advertised(entry: Mapping[str, Any] | None, places: Places) -> Advertised:
    """What a model's entry says; silent where it has none of the places."""
    said = [one for place in places if entry is not None and (one := _said(entry, place)) is not None]
    if not said:
        return Advertised.SILENT
    return Advertised.YES if any(said) else Advertised.NO


def _said(entry: Mapping[str, Any], place: Mapping[str, Any]) -> bool | None:
    value: Any = entry
    for name in str(place["field"]).split("."):
        if not isinstance(value, Mapping) or value.get(name) is None:
            return None
        value = value[name]
    wanted = place.get("has")
    if wanted is None:
        return bool(value)
    wanted = wanted if isinstance(wanted, list) else [wanted]
    return any(one in wanted for one in _words(value))


def _words(value: Any) -> list[Any]:
    """What a place holds: a list of words or of objects with a `type`, or words in one text."""
    if isinstance(value, str):
        return re.split(r"[,;\s]+", value)
    items = value if isinstance(value, list) else [value]
    return [item.get("type", item.get("name")) if isinstance(item, Mapping) else item for item in items]


def _entry_of(exchanges: Iterable[Exchange], model: str, views: Views) -> Mapping[str, Any] | None:
    """The model's entry in the metadata, or else in the plain list."""
    found: dict[str, Mapping[str, Any]] = {}
    for exchange in exchanges:
        if exchange.request.expects in {METADATA.plain, MODELS.plain} and exchange.ok:
            listing = views.primary(exchange)
            entry = listing.entry(model) if isinstance(listing, ModelList | Metadata) else None
            if entry is not None:
                found.setdefault(exchange.request.expects, entry)
    return found.get(METADATA.plain) or found.get(MODELS.plain)


def _asks(capability: str, exchange: Exchange) -> bool:
    """Whether an exchange of an offer asks for the capability: a part of an offer that was taken apart may not."""
    return ASKS.get(capability, _always)(exchange.request)


def _always(_: Request) -> bool:
    return True


_ORDER = (Observed.WORKS, Observed.IGNORED, Observed.BROKEN, Observed.INCONCLUSIVE, Observed.REFUSED)
"""Which of several answers tells: the best, for a model may not play along each time; what is taken in one form is not
refused."""


def _observe(capability: str, offers: Sequence[Exchange], views: Views) -> tuple[Observed, str, Exchange | None]:
    """Fold the answers to one offer, and say which of them tells."""
    seen = [(*_observe_one(capability, views.primary(one)), one) for one in offers]
    return min(seen, key=lambda one: _ORDER.index(one[0]), default=(Observed.NOT_TRIED, "", None))


def _shown_elsewhere(capability: str, exchanges: Iterable[Exchange], views: Views) -> Exchange | None:
    """Another exchange that asked for the same and shows it: one disproves whatever the offer seemed to say."""
    asks = ASKS.get(capability)
    for exchange in exchanges if asks else ():
        request = exchange.request
        ours = (
            request.invalid is None
            and request.auth == "key"
            and request.param("model", exchange.model) == exchange.model
        )
        if asks is None or not ours or not asks(request):
            continue
        observed, _ = _observe_one(capability, views.primary(exchange))
        if exchange.on_disk:
            views.settle(exchange)
        if observed is Observed.WORKS:
            return exchange
    return None


def _observe_one(capability: str, answer: Answer) -> tuple[Observed, str]:
    if answer.trouble is not None:
        trouble, words = answer.trouble
        if trouble is Trouble.REFUSED:
            return Observed.REFUSED, answer.refusal
        return (Observed.INCONCLUSIVE if trouble is Trouble.LIMITED else Observed.BROKEN), words
    if isinstance(answer, ChatStream) and answer.hidden:
        return Observed.INCONCLUSIVE, answer.broken_off
    try:
        shown = PROOFS[capability](answer) if capability in PROOFS else True
    except Inconclusive as error:
        return Observed.INCONCLUSIVE, str(error)
    except Broken as error:
        return Observed.BROKEN, "; ".join(finding.actual for finding in error.findings)
    return (
        (Observed.WORKS, "") if shown else (Observed.IGNORED, "accepted with 200, and the answer shows no trace of it")
    )


def by_name(cells: Iterable[CapabilityResult]) -> dict[str, CapabilityResult]:
    """The cells of one model by capability."""
    return {cell.capability: cell for cell in cells}
