from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.catalogue.context import UNNAMED, Context
from conformance.catalogue.profiles import PLAIN, Profile
from conformance.catalogue.scenario import Flow, Lane, Scenario
from conformance.catalogue.selection import Vocabulary, parse_selection
from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint
from conformance.model import Scope
from conformance.planning.plan import Plan, make_plan
from conformance.planning.pricing import Price, answer_tokens, price, prompt_tokens

CONTEXT = Context(model="m")
ENDPOINT = Endpoint("e", "http://localhost/v1", models=("a", "b"))


def made(name: str, **keys: object) -> Scenario:
    body = {"model": "$model", "messages": [{"role": "user", "content": "12345678"}], "$limit": 16}
    return replace(Scenario(name, "P.", template={"json": body}), **keys)  # type: ignore[arg-type]


def catalogue(*scenarios: Scenario) -> dict[str, Scenario]:
    return {one.name: one for one in scenarios}


SCENARIOS = catalogue(
    made("z.serial", lane=Lane.SERIAL),
    made("b.burst", lane=Lane.EXCLUSIVE, opt_in="bursts"),
    made("x.rest", quick=True),
    made("a.needy", needs=("tools",), samples=2, quick=True),
    made("t.tools", offers="tools"),
    made("m.list", scope=Scope.ENDPOINT, expects="models", template={"method": "GET", "path": "/models"}),
    made("p.acme", profile="acme"),
)


def names(plan: Plan, model: str = "a") -> list[str]:
    return [entry.scenario.name for entry in plan.entries if entry.model == model]


def test_the_order_of_waves() -> None:
    plan = make_plan(SCENARIOS, ENDPOINT, PLAIN)
    assert names(plan) == ["m.list", "t.tools", "a.needy", "x.rest", "z.serial"]
    assert names(plan, "b") == ["t.tools", "a.needy", "x.rest", "z.serial"]
    assert [entry.wave for entry in plan.entries] == sorted(entry.wave for entry in plan.entries)


def test_a_plan_does_not_depend_on_the_order_of_files() -> None:
    turned = dict(reversed(SCENARIOS.items()))
    assert make_plan(SCENARIOS, ENDPOINT, PLAIN) == make_plan(turned, ENDPOINT, PLAIN)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param({"needed": {"x.rest"}}, ["x.rest"], id="needed"),
        pytest.param({"needed": {"a.needy"}}, ["t.tools", "a.needy"], id="with its offer"),
        pytest.param({"needed": set()}, [], id="nothing"),
        pytest.param({"quick": True}, ["t.tools", "a.needy", "x.rest"], id="quick"),
        pytest.param({"quick": True, "needed": {"z.serial", "x.rest"}}, ["x.rest"], id="quick and needed"),
    ],
)
def test_what_is_sent(keys: dict[str, object], expected: list[str]) -> None:
    assert names(make_plan(SCENARIOS, ENDPOINT, PLAIN, **keys)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("expression", ["all, bursts", "all opt:bursts", "all, b.burst"])
def test_bursts_come_last_and_when_asked_for(expression: str) -> None:
    selection = parse_selection(expression, Vocabulary(opt_ins=frozenset({"bursts", "b.burst"})))
    assert names(make_plan(SCENARIOS, ENDPOINT, PLAIN, select=selection))[-1] == "b.burst"


def test_a_profile_adds_its_own_scenarios_and_headers() -> None:
    acme = Profile("acme", "Acme", headers=(("X-A", "1"), ("X-B", "1")), output_limit_field="mct")
    plan = make_plan(SCENARIOS, replace(ENDPOINT, headers=(("x-b", "2"),)), acme)
    assert "p.acme" in names(plan)
    assert plan.headers == (("X-A", "1"), ("x-b", "2"))
    assert SCENARIOS["x.rest"].build(plan.context("a")).param("mct") == 16


def test_the_price_holds_the_probe_and_its_range() -> None:
    plan = make_plan(catalogue(made("x.rest")), replace(ENDPOINT, models=("a",)), PLAIN)
    assert plan.minimum == Price(3, 16 + 6)
    assert plan.maximum == Price(3, 16 + 16 + 2048 + 6 + 16 + 2048)
    assert plan.refined(["a"], {"a": False}).maximum == Price(3, 16 + 16 + 6 + 16)


def test_what_needs_a_capability_costs_nothing_when_it_is_refused() -> None:
    assert price(made("a.needy", needs=("tools",)), CONTEXT, thinking=False) == (Price(), Price(1, 22))


def test_the_probe_finds_the_models() -> None:
    plan = make_plan(SCENARIOS, replace(ENDPOINT, models=()), PLAIN)
    assert plan.models == (UNNAMED,)
    assert {entry.model for entry in plan.refined(["found"], {"found": True}).entries} == {"found"}
    assert plan.refined(["found"], {"found": True}).context("found").thinking


def test_rows_for_people() -> None:
    plan = make_plan(SCENARIOS, replace(ENDPOINT, models=("a",)), PLAIN, needed={"a.needy"}, thinking={"a": False})
    assert plan.rows() == (
        ("1", "t.tools", "a", "1", "6-22", "P."),
        ("2", "a.needy", "a", "0-2", "0-44", "P."),
    )


def test_a_generator_is_priced_by_its_own_words() -> None:
    def flow(context: Context) -> Flow:
        yield context.request(json={"messages": []})

    one = Scenario("g.x", "P.", function=flow, requests=(1, 3), tokens=200)
    assert price(one, CONTEXT, thinking=False) == (Price(1, 0), Price(3, 200))
    assert price(one, CONTEXT)[1] == Price(3, 200 + 3 * 2048)


@pytest.mark.parametrize(
    ("body", "prompt", "answer"),
    [
        pytest.param({"messages": [{"role": "user", "content": "x" * 8}], "max_tokens": 5}, 6, 5, id="plain"),
        pytest.param({"messages": [], "max_completion_tokens": 5, "n": 3}, 0, 15, id="choices"),
        pytest.param({"messages": []}, 0, 1024, id="no limit"),
        pytest.param({"messages": [], "max_tokens": -1, "n": "many"}, 0, 1024, id="nonsense"),
        pytest.param({"messages": [], "max_tokens": 10**9}, 0, 1024, id="absurd limit"),
        pytest.param({"messages": ["data:" + "x" * 10**5], "max_tokens": 1}, 1024, 1, id="inlined file"),
        pytest.param([], 0, 0, id="no object"),
    ],
)
def test_tokens_are_estimated(body: object, prompt: int, answer: int) -> None:
    request = CONTEXT.request(json=body)
    assert (prompt_tokens(request), answer_tokens(request)) == (prompt, answer)


@pytest.mark.parametrize(
    ("json", "message"),
    [
        pytest.param(
            {"model": "$model"}, "sends a body that breaks openai/request.chat.schema.json at /: ", id="missing"
        ),
        pytest.param(
            {"model": "$model", "messages": "hi"}, "openai/request.chat.schema.json at /messages: ", id="type"
        ),
    ],
)
def test_our_own_mistakes_do_not_leave(json: object, message: str) -> None:
    bad = made("x.bad", template={"json": json}, source="s.yaml:3:1")
    with pytest.raises(UserError) as raised:
        make_plan(catalogue(bad), ENDPOINT, PLAIN)
    assert raised.value.message.startswith("s.yaml:3:1: scenario `x.bad` ")
    assert message in raised.value.message


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"template": {"json": {}}, "invalid": "empty"}, id="invalid on purpose"),
        pytest.param({"template": {"json": {}, "path": "/elsewhere"}}, id="a path without a schema"),
        pytest.param({"template": {"method": "GET"}, "expects": "other"}, id="no post"),
    ],
)
def test_what_is_not_checked_before_it_leaves(keys: dict[str, object]) -> None:
    assert names(make_plan(catalogue(made("x.y", **keys)), ENDPOINT, PLAIN)) == ["x.y"]
