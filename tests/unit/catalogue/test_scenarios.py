from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

from conformance.catalogue.context import UNKNOWN_MODEL, Context
from conformance.catalogue.scenario import Lane, Scenario
from conformance.catalogue.scenario_loader import load_scenarios
from conformance.errors import UserError
from conformance.model import Exchange, Scope, StopRule

CONTEXT = Context(model="m-1")
BASIC = """
- name: chat.basic
  purpose: One turn.
  quick: true
  request:
    json: {model: $model, messages: [{role: user, content: Sag é.}], temperature: 0, $limit: 16}
"""


def suite(root: Path, yaml: str = "", python: str = "", area: str = "chat") -> Path:
    folder = root / area
    folder.mkdir(parents=True, exist_ok=True)
    if yaml:
        (folder / "scenarios.yaml").write_text(dedent(yaml), encoding="utf-8")
    if python:
        (folder / "scenarios.py").write_text(dedent(python), encoding="utf-8")
    return root


def one(tmp_path: Path, yaml: str) -> Scenario:
    return list(load_scenarios([suite(tmp_path, yaml)]).values())[-1]


def test_a_body_is_compact_utf8_in_its_own_order(tmp_path: Path) -> None:
    request = one(tmp_path, BASIC).build(CONTEXT)
    body = '{"model":"m-1","messages":[{"role":"user","content":"Sag é."}],"temperature":0,"max_tokens":16}'
    assert request.body == body.encode()
    assert (request.method, request.path) == ("POST", "/chat/completions")
    assert request.headers == (("Content-Type", "application/json"),)


def test_every_key_arrives(tmp_path: Path) -> None:
    text = """
    - name: chat.x
      purpose: P.
      request: {method: GET, path: /models, query: {a: "1 2"}, headers: {X-A: b}}
      expects: models
      lane: serial
      stop: {events: 3}
      samples: 2
      auth: wrong
      invalid: nothing
      refusable: true
      profile: acme
      opt_in: bursts
      scope: endpoint
    """
    found = one(tmp_path, text)
    assert (found.area, found.lane, found.samples, found.scope) == ("chat", Lane.SERIAL, 2, Scope.ENDPOINT)
    assert (found.profile, found.opt_in, found.quick) == ("acme", "bursts", False)
    assert found.source.endswith("scenarios.yaml:2:9")
    request = found.build(CONTEXT)
    assert (request.method, request.path, request.body) == ("GET", "/models?a=1+2", None)
    assert request.headers == (("X-A", "b"),)
    assert (request.expects, request.stop, request.auth) == ("models", StopRule(events=3), "wrong")
    assert (request.invalid, request.refusable) == ("nothing", True)


@pytest.mark.parametrize(
    ("context", "keys", "expected"),
    [
        pytest.param(Context("m"), {"json": {"$limit": 5}}, {"max_tokens": 5}, id="plain"),
        pytest.param(Context("m", thinking=True), {"json": {"$limit": 5}}, {"max_tokens": 2053}, id="headroom"),
        pytest.param(Context("m", thinking=True), {"json": {"max_tokens": 5}}, {"max_tokens": 5}, id="literal"),
        pytest.param(Context("m", output_limit_field="mct"), {"json": {"$limit": 5}}, {"mct": 5}, id="profile"),
        pytest.param(
            Context("m", output_limit_field="mct"),
            {"path": "/responses", "json": {"$limit": 5}},
            {"max_output_tokens": 5},
            id="responses",
        ),
        pytest.param(Context("m"), {"json": {"a": ["$unknown_model"]}}, {"a": [UNKNOWN_MODEL]}, id="unknown model"),
        pytest.param(Context("m"), {"json": {"a": "x $model $models"}}, {"a": "x m $models"}, id="inside text"),
        pytest.param(Context('m"'), {"raw": '{"a": "$model"}'}, {"a": 'm"'}, id="raw is escaped"),
        pytest.param(Context("m"), {"json": {"a": None}}, {"a": None}, id="null stays"),
    ],
)
def test_substitution(context: Context, keys: dict[str, object], expected: object) -> None:
    assert context.request(**keys).json == expected  # type: ignore[arg-type]


def test_the_model_in_a_path_is_quoted() -> None:
    assert Context("a/b c?").request(method="GET", path="/models/$model").path == "/models/a/b%20c%3F"


def test_raw_bodies_need_not_be_json() -> None:
    request = CONTEXT.request(raw='{"model": ', invalid="cut")
    assert request.body == b'{"model": '
    assert request.headers == (("Content-Type", "application/json"),)


def test_a_content_type_of_its_own_wins() -> None:
    assert CONTEXT.request(raw="x", headers={"content-type": "text/plain"}).headers == (("content-type", "text/plain"),)


def test_extends_merges_the_request_and_replaces_the_rest(tmp_path: Path) -> None:
    child = """
- name: chat.more
  purpose: More.
  extends: chat.basic
  expects: stream
  request: {json: {messages: [], stream: true, stream_options: {include_usage: true}}, headers: {X-A: b}}
"""
    found = one(tmp_path, BASIC + child)
    request = found.build(CONTEXT)
    assert list(json.loads(request.body or b"")) == [
        "model", "messages", "temperature", "max_tokens", "stream", "stream_options",
    ]  # fmt: skip
    assert request.json["messages"] == []
    assert (found.expects, found.quick, found.purpose) == ("stream", False, "More.")


def test_raw_takes_the_place_of_an_extended_json(tmp_path: Path) -> None:
    child = "- {name: chat.raw, purpose: P., extends: chat.basic, request: {raw: 'no'}, invalid: no JSON}\n"
    assert one(tmp_path, BASIC + child).build(CONTEXT).body == b"no"


OFFER = "- {name: tools.offer, purpose: P., offers: tools}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            BASIC + "- {name: a.b, purpose: P., extends: chat.basics}",
            "scenarios.yaml:7:37: `a.b` extends `chat.basics`, which does not exist; did you mean `chat.basic`?",
            id="extends nothing",
        ),
        pytest.param(
            BASIC + "- {name: a.b, purpose: P., extends: chat.basic}\n- {name: a.c, purpose: P., extends: a.b}",
            "scenarios.yaml:8:37: `a.c` extends `a.b`, which extends `chat.basic` itself",
            id="two levels",
        ),
        pytest.param(
            BASIC + BASIC,
            "scenario `chat.basic` exists already, at ",
            id="same name",
        ),
        pytest.param(
            "- {name: a.b, purpose: P., request: {json: {}, raw: x}}",
            "scenarios.yaml:1:53: a request has either `json` or `raw`, not both",
            id="two bodies",
        ),
        pytest.param(
            OFFER + "- {name: a.b, purpose: P., needs: [tool]}",
            "`a.b` needs `tool`, which no scenario offers; did you mean `tools`?",
            id="needs nothing",
        ),
        pytest.param(
            OFFER + OFFER.replace("tools.offer", "a.b"),
            "`a.b` offers `tools`, and so does `tools.offer` at ",
            id="two offers",
        ),
        pytest.param(
            OFFER.replace("}", ", lane: serial}"),
            "`tools.offer` offers `tools` and has needs, a lane of its own or an opt-in",
            id="late offer",
        ),
        pytest.param(
            "- {name: a.b, purpose: P., expects: completions}",
            "scenarios.yaml:1:37: no API answers with `completions`; did you mean `completion`?",
            id="expects nothing",
        ),
        pytest.param("- {name: a.b, purpose: P., expect: error}", "did you mean `expects`?", id="unknown key"),
        pytest.param("- {name: basic, purpose: P.}", "`name` must be of the form area.slug", id="no area"),
    ],
)
def test_mistakes_in_yaml(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        load_scenarios([suite(tmp_path, text)])
    assert message in raised.value.message


GENERATOR = """
    from collections.abc import Generator
    from conformance.model import Exchange, Request
    from conformance.catalogue.context import Context
    from conformance.catalogue.scenario import scenario

    @scenario("tools.trip", purpose="P.", needs=("tools",), requests=(1, 2), tokens=200)
    def trip(context: Context) -> Generator[Request, Exchange, None]:
        exchange = yield context.request(json={"model": context.model, "$limit": 64}, expects="completion")
        if exchange.ok:
            yield context.request(json={}, invalid="no messages", needs=())
"""


def test_a_generator_is_driven_like_any_other(tmp_path: Path) -> None:
    found = load_scenarios([suite(tmp_path, OFFER, GENERATOR)])["tools.trip"]
    flow = found.generate(CONTEXT)
    first = next(flow)
    assert first.json == {"model": "m-1", "max_tokens": 64}
    assert (first.needs, found.requests, found.area) == (("tools",), (1, 2), "chat")
    second = flow.send(Exchange("1", first, "", status=200))
    assert (second.invalid, second.needs) == ("no messages", ())
    with pytest.raises(StopIteration):
        flow.send(Exchange("2", second, "", status=400))
    assert found.build(CONTEXT) == first


def test_a_yaml_scenario_is_a_generator_of_one(tmp_path: Path) -> None:
    found = one(tmp_path, BASIC)
    assert list(found.generate(CONTEXT)) == [found.build(CONTEXT)]


def test_scenarios_imported_from_elsewhere_are_not_collected_twice(tmp_path: Path) -> None:
    suite(tmp_path, OFFER, GENERATOR)
    suite(tmp_path, "", "import json\nfrom conformance.catalogue.scenario import scenario", area="other")
    assert set(load_scenarios([tmp_path])) == {"tools.offer", "tools.trip"}


@pytest.mark.parametrize(
    ("python", "message"),
    [
        pytest.param("x = 1\ndef (:\n", "scenarios.py:2: SyntaxError", id="syntax"),
        pytest.param("x = 1\n\ny = 1 / 0\n", "scenarios.py:3: ZeroDivisionError: division by zero", id="crash"),
        pytest.param("import nothing_of_that_name\n", "scenarios.py:1: ModuleNotFoundError", id="import"),
    ],
)
def test_mistakes_in_python(tmp_path: Path, python: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        load_scenarios([suite(tmp_path, "", python)])
    assert message in raised.value.message
