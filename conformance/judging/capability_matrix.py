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
from conformance.catalogue.capabilities import PROOFS, Capability, Places
from conformance.checks.outcomes import Broken, Inconclusive
from conformance.model import Advertised, CapabilityResult, Exchange, Observed


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
    entry = _entry_of(latest, model, views)
    cells = []
    for row in rows:
        places = (advertises or {}).get(row.id) or row.places
        offers = [one for one in latest if one.scenario == row.offer and one.model == model]
        observed, note = _observe(row.id, offers, views)
        evidence = tuple(one.id for one in offers)
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


def _observe(capability: str, offers: Sequence[Exchange], views: Views) -> tuple[Observed, str]:
    """Fold the samples of one offer: the best of them counts, for a model may not play along each time."""
    seen = [_observe_one(capability, views.primary(one)) for one in offers]
    order = (Observed.WORKS, Observed.IGNORED, Observed.BROKEN, Observed.REFUSED, Observed.INCONCLUSIVE)
    best = next((word for word in order if any(word is one for one, _ in seen)), Observed.NOT_TRIED)
    return best, next((note for word, note in seen if word is best), "")


def _observe_one(capability: str, answer: Answer) -> tuple[Observed, str]:
    if answer.trouble is not None:
        trouble, words = answer.trouble
        by_trouble = {Trouble.REFUSED: Observed.REFUSED, Trouble.LIMITED: Observed.INCONCLUSIVE}
        # A refusal in a wrong body is still a refusal: the body is the business of the errors' own requirements.
        refused = answer.status in {400, 404, 405, 415, 422, 501}
        return by_trouble.get(trouble, Observed.REFUSED if refused else Observed.BROKEN), words
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
