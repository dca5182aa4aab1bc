from __future__ import annotations

import json
from typing import Any

import pytest
from plugin_samples import URL, completion

from conformance.catalogue import capabilities
from conformance.catalogue.capabilities import Capability, load_capabilities, proof
from conformance.checks.expectations import broken
from conformance.checks.outcomes import Inconclusive
from conformance.judging.capability_matrix import by_name, matrix, read_advertised
from conformance.model import Advertised, CapabilityResult, Exchange, Observed, Outcome, Read, Request
from conformance.resources import suites_dir

FIELD = "supported_features"
PLACES = ({"field": FIELD, "has": "tools"},)


@proof("test-shown")
def shown(reply: Any) -> bool:
    """What the answer says decides: it works, is ignored, cannot be told, or is broken."""
    said = reply.choices[0].content
    if said == "balked":
        raise Inconclusive("the model balked")
    if said == "wrong":
        raise broken("right", "wrong")
    return bool(said == "works")


ROWS = (Capability("test-shown", "Shown", "offer.shown", PLACES), Capability("test-plain", "Plain", "offer.plain"))


def offer(said: str = "works", identity: str = "1", **more: Any) -> Exchange:
    return completion(identity, said, "m", **{"scenario": "offer.shown", **more})


def refused(status: int, body: Any = None) -> Exchange:
    return offer(status=status, raw=(Read(0.1, json.dumps(body or {}).encode()),))


def listing(entry: Any, expects: str = "models", model: str = "m") -> Exchange:
    body = {"object": "list", "data": [{"id": model, **entry}]}
    return Exchange(
        f"list-{expects}",
        Request(method="GET", path="/models", expects=expects),
        f"{URL}/models",
        status=200,
        raw=(Read(0.1, json.dumps(body).encode()),),
    )


def cell(*exchanges: Exchange, **options: Any) -> CapabilityResult:
    return by_name(matrix(ROWS, exchanges, endpoint="sample", model="m", **options))["test-shown"]


@pytest.mark.parametrize(
    ("exchange", "observed", "note"),
    [
        pytest.param(offer("works"), Observed.WORKS, "", id="works"),
        pytest.param(offer("something"), Observed.IGNORED, "accepted with 200", id="ignored"),
        pytest.param(offer("balked"), Observed.INCONCLUSIVE, "the model balked", id="inconclusive"),
        pytest.param(offer("wrong"), Observed.BROKEN, "wrong", id="broken"),
        pytest.param(refused(400, {"error": {"message": "No tools."}}), Observed.REFUSED, "No tools.", id="refused"),
        pytest.param(refused(400), Observed.REFUSED, "HTTP 400", id="refused-without-a-word"),
        pytest.param(refused(404), Observed.REFUSED, "POST /chat/completions answered 404", id="absent"),
        pytest.param(refused(429), Observed.INCONCLUSIVE, "HTTP 429", id="limited"),
        pytest.param(refused(500), Observed.BROKEN, "HTTP 500", id="failed"),
        pytest.param(offer(outcome=Outcome.CUT_SHORT), Observed.BROKEN, "not whole", id="cut"),
    ],
)
def test_what_an_offer_shows(exchange: Exchange, observed: Observed, note: str) -> None:
    result = cell(exchange)
    assert result.observed is observed
    assert note in result.note
    assert result.evidence == ("1",)


def test_an_offer_that_was_never_sent_is_not_tried() -> None:
    assert cell(offer(scenario="another")).observed is Observed.NOT_TRIED


def test_an_offer_to_another_model_proves_nothing() -> None:
    assert cell(completion("1", "works", "other", scenario="offer.shown")).observed is Observed.NOT_TRIED


def test_the_best_of_several_samples_counts() -> None:
    result = cell(offer("balked", "1"), offer("works", "2", sample=1))
    assert (result.observed, result.evidence, result.note) == (
        Observed.WORKS,
        ("2", "1"),
        "",
    )  # the one that tells stands first


def test_only_the_last_attempt_of_an_offer_counts() -> None:
    assert cell(offer("wrong", "1"), offer("works", "2", attempt=1)).observed is Observed.WORKS


def test_a_capability_without_a_proof_works_when_it_is_answered() -> None:
    cells = matrix(ROWS, [offer(scenario="offer.plain")], endpoint="sample", model="m")
    assert by_name(cells)["test-plain"].observed is Observed.WORKS


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        pytest.param({FIELD: ["tools", "n"]}, Advertised.YES, id="in-a-list"),
        pytest.param({FIELD: ["n"]}, Advertised.NO, id="not-in-the-list"),
        pytest.param({FIELD: []}, Advertised.NO, id="empty-list"),
        pytest.param({FIELD: "n, tools"}, Advertised.YES, id="in-a-text"),
        pytest.param({FIELD: [{"type": "tools"}]}, Advertised.YES, id="in-objects"),
        pytest.param({FIELD: None}, Advertised.SILENT, id="null"),
        pytest.param({}, Advertised.SILENT, id="absent"),
        pytest.param({FIELD: 7}, Advertised.NO, id="hostile"),
    ],
)
def test_what_a_model_entry_advertises(entry: Any, said: Advertised) -> None:
    assert cell(listing(entry)).advertised is said


@pytest.mark.parametrize(
    ("places", "entry", "said"),
    [
        ([{"field": "can.tools"}], {"can": {"tools": True}}, Advertised.YES),
        ([{"field": "can.tools"}], {"can": {"tools": False}}, Advertised.NO),
        ([{"field": "can.tools"}], {"can": "all"}, Advertised.SILENT),
        ([{"field": "a", "has": ["x", "y"]}], {"a": ["y"]}, Advertised.YES),
        ([{"field": "a"}, {"field": "b"}], {"a": False, "b": True}, Advertised.YES),
        ([], {"a": True}, Advertised.SILENT),
    ],
    ids=["nested", "nested-false", "nested-nowhere", "any-word", "any-place", "no-place"],
)
def test_places_of_an_entry(places: list[dict[str, Any]], entry: dict[str, Any], said: Advertised) -> None:
    assert read_advertised(entry, places) is said


def test_a_model_without_an_entry_advertises_nothing() -> None:
    assert cell(listing({FIELD: ["tools"]}, model="other")).advertised is Advertised.SILENT


def test_metadata_goes_before_the_plain_list() -> None:
    plain, rich = listing({FIELD: ["tools"]}), listing({FIELD: ["n"]}, "metadata")
    assert cell(plain, rich).advertised is Advertised.NO


def test_a_profile_says_where_its_provider_advertises() -> None:
    places = {"test-shown": [{"field": "abilities", "has": "shown"}]}
    assert cell(listing({"abilities": ["shown"]}), advertises=places).advertised is Advertised.YES


def test_every_built_in_capability_has_an_offer_that_exists() -> None:
    from conformance.catalogue.scenario_loader import load_scenarios

    scenarios = load_scenarios([suites_dir()])
    rows = load_capabilities([suites_dir()])
    assert len(rows) >= 3
    assert {row.offer for row in rows.values()} <= set(scenarios)
    assert all(scenarios[row.offer].offers == row.id for row in rows.values())


@pytest.mark.parametrize("capability", ["json_object", "json_schema"])
@pytest.mark.parametrize(
    ("content", "observed"),
    [
        ('{"a": 1}', Observed.WORKS),
        ('```json\n{"a": 1}\n```', Observed.WORKS),  # what is wrong with it, rows of structured output say
        ("null", Observed.WORKS),
        ("[1]", Observed.WORKS),
        ("1, 2, 3", Observed.IGNORED),
        ("Hi there!", Observed.IGNORED),
        ('"Hi there!"', Observed.IGNORED),
    ],
    ids=["object", "fenced", "null", "array", "numbers", "text", "quoted"],
)
def test_json_is_ignored_only_where_there_is_none(capability: str, content: str, observed: Observed) -> None:
    rows = load_capabilities([suites_dir()])
    asked = completion("1", content, "m", scenario=rows[capability].offer)
    found = by_name(matrix(rows.values(), [asked], endpoint="sample", model="m"))
    assert found[capability].observed is observed


def test_another_exchange_that_asked_for_the_same_disproves_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(capabilities.ASKS, "test-shown", lambda request: request.method == "POST")
    ignored, other = offer("something", "1"), offer("works", "2", scenario="elsewhere")
    result = cell(ignored, other)
    assert (result.observed, result.evidence) == (Observed.WORKS, ("2", "1"))
    assert cell(ignored, offer("something", "3", scenario="elsewhere")).observed is Observed.IGNORED
