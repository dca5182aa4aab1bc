"""The list of models, and one model."""

from __future__ import annotations

from conformance.judging import broken, check, conclusive, expect, gather
from conformance.wire.answer import Trouble
from conformance.wire.listing import ModelList, ModelObject


@check("models.answered", unusable=True)
def test_the_list_is_answered(models: ModelList) -> None:
    if models.status is None or not models.exchange.ok:
        conclusive(models.status not in {429, 503}, f"HTTP {models.status}")
        raise broken("HTTP 200 with a list of models", f"HTTP {models.status}", "status")
    if not models.document.readable:
        raise broken("a JSON object", models.document.flaws[-1].text, "the body")


@check("models.unique")
def test_ids_are_unique(models: ModelList) -> None:
    with gather("an empty list") as found:
        for position, id_ in enumerate(models.ids):
            with found.each():
                if id_ in models.ids[:position]:
                    raise broken("each id once", f"{id_!r} again", f"/data/{position}/id")


@check("models.retrieve", unusable=True)
def test_a_listed_model_is_found(model: ModelObject) -> None:
    if model.trouble is not None:
        kind, words = model.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        raise broken("HTTP 200 with the model", words, "status")
    expect(model.body.get("id"), at="/id").equals(model.exchange.model)
