from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plugin_samples import URL, cassette, completion

from conformance.catalogue.body_schemas import SchemaSet
from conformance.catalogue.capabilities import Capability
from conformance.catalogue.context import UNNAMED
from conformance.catalogue.index import Catalogue
from conformance.catalogue.profiles import Profile
from conformance.catalogue.suites import Suites
from conformance.checks.check import Check, check, check_of
from conformance.checks.expectations import expect
from conformance.judging.session import JudgingSession
from conformance.judging.slots import Material, SlotName, slot_names
from conformance.model import (
    Basis,
    Cause,
    Exchange,
    Footer,
    Header,
    Level,
    Observed,
    Outcome,
    Read,
    Recording,
    Request,
    Requirement,
    Scope,
    Source,
    Verdict,
)
from conformance.recording import read_recordings

GATEWAY = Profile(name="gateway", title="Gateway", hosts=("*.gateway.example",))
PROFILES = {"gateway": GATEWAY, "openai": Profile(name="openai", title="OpenAI-compatible")}


def row(identity: str, scope: Scope = Scope.MODEL) -> Requirement:
    return Requirement(identity, Level.MUST, Basis.OPENAI_SPEC, "It does.", Source("A source"), scope=scope)


def made(function: Any) -> Check:
    found = check_of(function)
    assert found is not None
    return found


@check("chat.one")
def says_one(completion: Any) -> None:
    expect(completion.choices[0].content).equals("one")


@check("run.models")
def counts(run: Any, profile: Any) -> None:
    expect((len(run.answers), profile.name)).equals((3, "gateway"))


ROWS = {one.id: one for one in (row("chat.one"), row("run.models", Scope.ENDPOINT), row("body.object"))}


def material(*recordings: Recording, folder: Path | None = None) -> Material:
    checks = {one.requirement: one for one in (made(says_one), made(counts))}
    schemas = SchemaSet(folder) if folder else SchemaSet(Path("there-is-none"))
    catalogue = Catalogue(ROWS, checks, schemas.requirements(), schemas)
    capabilities = {"tools": Capability("tools", "Tools", "offer.tools")}
    suites = Suites()
    vars(suites).update(catalogue=catalogue, profiles=PROFILES, capabilities=capabilities)  # loaded, as it were
    return Material(recordings, suites)


def listing() -> Exchange:
    return Exchange("9", Request(method="GET", path="/models", expects="models"), f"{URL}/models", status=200)


def recorded(*exchanges: Exchange, **header: Any) -> Recording:
    fields = {"endpoint": "prod", "base_url": URL, "profile": "gateway", "models": ("m-1", "m-2"), **header}
    return Recording(Header(**fields), exchanges, Footer())


OURS = (completion("1", "one", "m-1"), completion("2", "two", "m-2"), listing())


@pytest.mark.parametrize(
    ("name", "label", "among_several"),
    [
        (SlotName("prod"), "endpoint", "prod-endpoint"),
        (SlotName("prod", "gpt-4o"), "gpt-4o", "prod-gpt-4o"),
        (SlotName("127.0.0.1:80", "Vendor/Model:Free"), "vendor-model-free", "127.0.0.1-80-vendor-model-free"),
        (SlotName("prod", "<script>"), "script", "prod-script"),
        (SlotName("prod", "模型"), "unnamed", "prod-unnamed"),
    ],
    ids=["endpoint", "model", "odd", "hostile", "nothing-left"],
)
def test_labels_keep_to_the_safe_alphabet(name: SlotName, label: str, among_several: str) -> None:
    assert (name.label, name.labelled(with_endpoint=True)) == (label, among_several)


def test_slots_follow_the_scope() -> None:
    names = [SlotName("a", "m"), SlotName("a", "n"), SlotName("b")]
    assert slot_names(row("x.y"), names) == [SlotName("a", "m"), SlotName("a", "n")]
    assert slot_names(row("x.y", Scope.ENDPOINT), names) == [SlotName("a"), SlotName("b")]


def test_each_model_is_judged_by_its_own_exchanges() -> None:
    ours = material(recorded(*OURS))
    verdicts = {name: ours.judge(ROWS["chat.one"], name) for name in ours.names}
    assert {name.model: (one.verdict, one.exchanges) for name, one in verdicts.items()} == {
        "m-1": (Verdict.PASS, ("1",)),
        "m-2": (Verdict.FAIL, ("2",)),
    }


def test_an_endpoint_is_judged_by_all_exchanges_and_its_profile() -> None:
    result = material(recorded(*OURS)).judge(ROWS["run.models"], SlotName("prod"))
    assert (result.verdict, result.endpoint, result.model) == (Verdict.PASS, "prod", "")


def test_the_default_model_is_the_first_recorded() -> None:
    slot = material(recorded(*OURS)).slot(SlotName("prod", UNNAMED))
    assert (slot.model, [one.id for one in slot.exchanges]) == ("m-1", ["1"])


def test_a_model_that_got_no_exchange_is_named_and_not_run() -> None:
    ours = material(recorded(completion("1", "one", "m-1")))
    assert [name.model for name in ours.names] == ["m-1", "m-2"]
    assert ours.judge(ROWS["chat.one"], SlotName("prod", "m-2")).verdict is Verdict.NOT_RUN


def test_ids_are_made_unique_among_recordings_and_all_of_them_count() -> None:
    ours = material(recorded(completion("1", "two", "m-1")), recorded(completion("1", "one", "m-1")))
    result = ours.judge(ROWS["chat.one"], SlotName("prod", "m-1"))
    assert (result.verdict, result.exchanges) == (Verdict.FAIL, ("1.1", "2.1"))


def test_matrices_belong_to_endpoint_and_model() -> None:
    offer = completion("3", "one", "m-1", scenario="offer.tools")
    cells = material(recorded(*OURS, offer)).matrices
    evidence = {name.model: [cell.evidence for cell in row_] for name, row_ in cells.items()}
    assert evidence == {"m-1": [("3",)], "m-2": [()]}
    assert cells[SlotName("prod", "m-2")][0].observed is Observed.NOT_TRIED


def test_schema_constraints_are_judged_over_the_views_that_show_them(tmp_path: Path) -> None:
    schema = '{"type": "object", "x-requirement": "body.object", "properties": {"model": {"const": "m-1"}}}'
    (tmp_path / "completion.schema.json").write_text(schema)
    ours = material(recorded(*OURS), folder=tmp_path)
    first, second = (ours.judge(ROWS["body.object"], name) for name in ours.names)
    assert first.verdict is Verdict.PASS
    assert [(one.exchange, one.at, one.expected) for one in second.findings] == [("2", "/model", '"m-1"')]


# --- recordings of other tools ----------------------------------------------------------------------------------------


def foreign(tmp_path: Path, pairs: dict[str, tuple[str, ...]]) -> Material:
    return material(*read_recordings([cassette(tmp_path / "c.yaml", pairs)]))


def test_hosts_are_the_endpoints_of_other_tools_recordings(tmp_path: Path) -> None:
    theirs = foreign(tmp_path, {"api.gateway.example": ("m-1",), "other.example": ("m-1", "m-2")})
    assert theirs.foreign
    assert {(name.endpoint, name.model) for name in theirs.names} == {
        ("api.gateway.example", "m-1"),
        ("other.example", "m-1"),
        ("other.example", "m-2"),
    }
    assert (theirs.profile("api.gateway.example").name, theirs.profile("other.example").name) == ("gateway", "openai")


def test_a_requirement_applies_where_an_exchange_is_about_it(tmp_path: Path) -> None:
    theirs = foreign(tmp_path, {"a.example": ("m-1",)})
    assert theirs.applies(ROWS["chat.one"], SlotName("a.example", "m-1"))
    assert not theirs.applies(ROWS["chat.one"], SlotName("b.example", "m-1"))


def test_a_host_that_was_asked_for_its_models_alone_is_judged() -> None:
    exchange = Exchange(
        "1",
        Request(method="GET", path="/models", expects="models"),
        "https://a.example/v1/models",
        status=200,
        raw=(Read(0.1, b'{"object": "list", "data": []}'),),
    )
    theirs = material(recorded(exchange, foreign=True, models=()))
    assert theirs.names == []
    assert theirs.slots_of(ROWS["run.models"]) == [SlotName("a.example")]
    assert theirs.slots_of(ROWS["chat.one"]) == []


def test_a_trial_without_recordings_names_what_was_configured() -> None:
    assert JudgingSession(endpoint="prod", models=("a", "b")).names == [SlotName("prod", "a"), SlotName("prod", "b")]
    assert JudgingSession(endpoint="prod").names == [SlotName("prod", UNNAMED)]


def test_what_was_in_flight_when_the_endpoint_died_is_not_judged() -> None:
    cut = replace(completion("3", "t", "m-1"), outcome=Outcome.CUT_SHORT)
    rows = [(OURS[0], 1.0, 9.0), (cut, 2.0, 0.5), (OURS[0], 3.0, 5.0), (cut, 2.5, 1.0), (cut, 2.8, 1.5), (cut, 9.0, 0)]
    exchanges = tuple(
        replace(one, id=str(number), started_at=begun, ended_at=took)
        for number, (one, begun, took) in enumerate(rows, 1)
    )
    alive, died = (Recording(recorded().header, exchanges, Footer(cause=cause)) for cause in (None, Cause.UNREACHABLE))
    assert [one.id for one in material(alive).exchanges[SlotName("prod", "m-1")]] == list("123456")
    assert [one.id for one in material(died).exchanges[SlotName("prod", "m-1")]] == list("123")
    assert [one.id for one in died.casualties] == list("456")
