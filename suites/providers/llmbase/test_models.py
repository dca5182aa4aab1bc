"""What LLMBase's documents promise of models, their metadata, and the balance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.api.answer import Answer, Trouble
from conformance.api.errors import ErrorResponse
from conformance.api.models import Balance, Metadata, ModelList
from conformance.api.views import Run, Transcript
from conformance.catalogue.profiles import Profile
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown
from conformance.checks.refusals import expect_status
from conformance.checks.setbacks import expect_awake
from conformance.model import LIMIT_STATUSES, Advertised, CapabilityResult, Observed, Request
from conformance.model.location import Location


def _detailed(request: Request) -> bool:
    return request.expects == "metadata" and request.path == "/models?metadata=true"


def _is_metadata(request: Request) -> bool:
    return request.expects == "metadata"


def _entries(metadata: Metadata) -> Iterator[tuple[dict[str, Any], str]]:
    return ((entry, str(entry.get("id"))) for entry in metadata.entries)


@check("llmbase.metadata", when=_detailed, unusable=True)
def test_metadata_is_a_list_with_features(metadata: Metadata) -> None:
    if metadata.trouble is not None:
        conclusive(metadata.trouble[0] is not Trouble.LIMITED, metadata.trouble[1])
        raise broken("HTTP 200 with the list of models", metadata.trouble[1], Location.status())
    expect(metadata.json, at=Location.body()).has("object", "data")
    with gather("an empty list") as found:
        for entry, id_ in _entries(metadata):
            with found.each():
                expect(entry, at=Location.listing(id_)).has("id", "supported_features")


@check("llmbase.metadata.arrays", when=_is_metadata)
def test_features_and_parameters_are_arrays(metadata: Metadata) -> None:
    with gather("no entry") as found:
        for entry, id_ in _entries(metadata):
            for name in ("supported_features", "supported_parameters"):
                with found.each():
                    value = entry.get(name)
                    fine = isinstance(value, list) and all(isinstance(one, str) for one in value)
                    expect(fine, at=Location.listing(id_, name)).is_true("an array of strings", shown(value))


@check("llmbase.metadata.vocabulary", when=_is_metadata)
def test_features_are_documented_words(metadata: Metadata, profile: Profile) -> None:
    with gather("no entry lists features") as found:
        for entry, id_ in _entries(metadata):
            for word in entry["supported_features"] if isinstance(entry.get("supported_features"), list) else ():
                with found.each():
                    expect(word, at=Location.listing(id_, "supported_features")).is_in(
                        profile.vocabulary["supported_features"]
                    )


@check("llmbase.metadata.reasoning", when=_is_metadata)
def test_reasoning_models_take_an_effort(metadata: Metadata) -> None:
    with gather("no model advertises reasoning") as found:
        for entry, id_ in _entries(metadata):
            if "reasoning" in (entry.get("supported_features") or ()):
                with found.each():
                    listed = entry.get("supported_parameters") or ()
                    at = Location.listing(id_, "supported_parameters")
                    expect("reasoning_effort" in listed, at=at).is_true("reasoning_effort", shown(list(listed)))


@check("llmbase.metadata.sizes", when=_is_metadata)
def test_entries_hold_sizes_and_modalities(metadata: Metadata) -> None:
    with gather("no entry") as found:
        for entry, id_ in _entries(metadata):
            with found.each():
                expect(entry, at=Location.listing(id_)).has("input_modalities", "context_length", "max_output_length")


@check("llmbase.model_metadata", when=lambda request: request.expects in {"metadata", "models"})
def test_both_ways_lead_to_the_same_models(run: Run) -> None:
    lists = {one.request.path: one for one in run.answers if isinstance(one, ModelList)}
    second, plain = lists.get("/model-metadata"), lists.get("/models")
    applicable(second, "not asked for")
    if second is not None:
        if second.trouble is not None:
            raise broken(
                "HTTP 200 with the metadata",
                second.trouble[1],
                Location.status(),
                "documented in the quickstart",
                second.exchange.id,
            )
        gone = sorted(set(plain.ids if plain else ()) - set(second.ids))
        if gone:
            raise broken(
                "every model of the list", f"without {shown(gone, 120)}", Location.body(), exchange=second.exchange.id
            )


@check("llmbase.agents", scenario="llmbase.agents")
def test_models_for_agents_have_tools(metadata: Metadata) -> None:
    with gather("an empty list") as found:
        for entry, id_ in _entries(metadata):
            with found.each():
                features = entry.get("supported_features")
                has = isinstance(features, list) and "tools" in features
                expect(has, at=Location.listing(id_, "supported_features")).is_true("tools among them", shown(features))


@check("llmbase.refused", when=lambda request: request.method == "POST" and request.invalid is None)
def test_what_is_not_advertised_is_refused(run: Run, offers: Mapping[str, CapabilityResult]) -> None:
    answers = {one.exchange.id: one for one in run.answers}
    judged = ("tools", "json_object", "json_schema", "logprobs", "reasoning", "vision")
    with gather("every capability is advertised") as found:
        for name in judged:
            cell = offers.get(name)
            if cell is None or cell.advertised is not Advertised.NO or cell.observed is Observed.INCONCLUSIVE:
                continue
            for answer in (answers[id_] for id_ in cell.evidence if id_ in answers):
                with found.each():
                    _refused_cleanly(name, answer)


def _refused_cleanly(name: str, answer: Answer) -> None:
    said = answer.error.get("type") if isinstance(answer.error, dict) else None
    if answer.status != 400 or said != "invalid_request_error":
        wanted = f"400 with invalid_request_error for {name}, which the model does not advertise"
        raise broken(
            wanted, f"HTTP {answer.status}, type {shown(said)}", Location.status(), exchange=answer.exchange.id
        )


# --- balance --------------------------------------------------------------------------------------------------------


def _amounts(value: Any) -> list[float]:
    """Every number in it, and every string that is one."""
    if isinstance(value, dict | list):
        return [one for below in (value.values() if isinstance(value, dict) else value) for one in _amounts(below)]
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return [float(value)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


@check("llmbase.balance", unusable=True)
def test_the_balance_is_answered(balance: Balance) -> None:
    if balance.trouble is not None:
        conclusive(balance.trouble[0] is not Trouble.LIMITED, balance.trouble[1])
        raise broken("HTTP 200 with a JSON object", balance.trouble[1], Location.status())


@check("llmbase.balance.key", scenario="balance.no_key", unusable=True)
def test_the_balance_needs_a_key(error: ErrorResponse) -> None:
    conclusive(error.status not in LIMIT_STATUSES, error.said)
    expect_status(error, 401)


@check("llmbase.balance.amount")
def test_the_balance_holds_an_amount(balance: Balance) -> None:
    expect(_amounts(balance.json), at=Location.body()).is_true("a number, or a string of one", shown(balance.json))


@check("llmbase.balance.spend", scenario="balance.spend")
def test_a_paid_request_adds_nothing(transcript: Transcript) -> None:
    before, after = _amounts(transcript.answers[0].json), _amounts(transcript.answers[-1].json)
    applicable(before and len(before) == len(after), "the balance holds no amounts to compare")
    if after[0] > before[0]:
        place, later = Location.part("the balance after a request"), transcript.answers[-1].exchange.id
        raise broken(f"at most {before[0]}, as before it", str(after[0]), place, exchange=later)


@check("llmbase.balance.soon")
def test_the_balance_comes_soon(balance: Balance) -> None:
    seconds = balance.exchange.ended_at
    if seconds > 5:
        expect_awake(balance.exchange)
    expect(seconds <= 5, at=Location.part("time")).is_true("an answer within 5 s", f"{seconds:.1f} s")
