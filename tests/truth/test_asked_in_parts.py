"""What is refused together is taken apart until the part has a name; no answer decides what others disprove."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from campaign import CHAT, Judged, bench, shown
from exchanges import ask, completion, counts, exchange, result, typed, verdict

from conformance.catalogue.context import Context
from conformance.model import CheckResult, Recording, Request, Verdict
from conformance.reference.faults import ApiError, Call, Fault, FaultSet, Json, Seam, faults_named
from conformance.reference.faults.registry import Bend

Refuses = Callable[[Json], str]
"""The member of a body that is refused, or an empty word."""
AT = ("chat", "completions", "embeddings")


def refusing(member: Refuses, status: int = 400) -> Bend:
    """A server that refuses a member of requests, and names it."""

    def apply(body: Json, call: Call) -> Json:
        if name := member(call.sent):
            raise ApiError(status, f"{name}: this value is not taken here.", None)
        return body

    return Bend(Seam.REQUEST, apply, AT, None, None)


def overlooking(changed: Callable[[Json], Json]) -> Bend:
    """A server that does not see a part of requests."""
    return Bend(Seam.REQUEST, lambda body, _: changed(body), AT, None, None)


def capture(*bends: Bend, only: Iterable[str] | None = None) -> Recording:
    return bench().capture(CHAT, FaultSet([Fault("made up", "", "chat", (), bends)]), only)


def judged(*bends: Bend) -> Judged:
    return bench().judge(capture(*bends))


def one_of(found: Judged, requirement: str) -> CheckResult:
    return next(one for one in found.results if one.requirement == requirement)


# --- a capability is judged from every exchange ---


def _cut_at_the_limit(body: Json, call: Call) -> Json:
    """Text up to the limit, in place of the call that was demanded."""
    limit = call.sent.get("max_completion_tokens", call.sent.get("max_tokens"))
    message = {"role": "assistant", "content": "The weather in Paris is", "refusal": None}
    body["choices"] = [{**body["choices"][0], "message": message, "finish_reason": "length"}]
    prompt = body["usage"]["prompt_tokens"]
    body["usage"] = {"prompt_tokens": prompt, "completion_tokens": limit, "total_tokens": prompt + limit}
    return body


def test_a_call_that_the_limit_cut_proves_nothing_and_another_disproves_it() -> None:
    def offer(call: Call) -> bool:
        return call.sent.get("tool_choice") == "required" and "parallel_tool_calls" not in call.sent

    found = judged(Bend(Seam.BODY, _cut_at_the_limit, ("chat",), False, offer))
    assert one_of(found, "capability.tools").verdict is Verdict.PASS
    assert not [one for one in found.results if "ignored altogether" in one.reason]


def test_a_call_that_never_came_and_was_cut_leaves_tools_open() -> None:
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    usage = counts(20, 100)
    cut = exchange(
        ask(tools=tools, tool_choice="required", max_tokens=100),
        completion("The weather", usage=usage, finish="length"),
        scenario="offer.tools",
    )
    assert _observed(cut) == "inconclusive"
    ended = exchange(
        ask(tools=tools, tool_choice="required", max_tokens=100),
        completion("Sunny.", usage=counts(20, 3)),
        scenario="offer.tools",
    )
    assert _observed(ended) == "ignored"


def _observed(*exchanges: Any) -> str:
    from conformance.judging.capability_matrix import by_name, matrix

    rows = bench().suites.capabilities.values()
    return by_name(matrix(rows, exchanges, endpoint="host", model="m"))["tools"].observed.value


def test_a_forced_choice_that_is_refused_is_named_and_tools_are_judged_all_the_same() -> None:
    recording = bench().capture(CHAT, faults_named(["tool-choice-required-refused"]))
    found = bench().judge(recording)
    assert shown(found.fails["tools.choice"]).count("forced choice is refused: HTTP 422: tool_choice: Input") == 1
    assert one_of(found, "capability.tools").verdict is Verdict.PASS
    for row in ("tools.auto", "tools.named", "tools.finish", "tools.roundtrip", "tools.history.null", "tools.none"):
        assert one_of(found, row).verdict is Verdict.PASS, row
    assert recording.footer is not None
    assert not [row for row in recording.footer.skipped if row.scenario.startswith("tools.")]


@pytest.mark.parametrize("status", [400, 500])
def test_a_history_is_judged_whatever_becomes_of_calls(status: int) -> None:
    def no_call(sent: Json) -> str:
        return "tool_choice" if sent.get("tool_choice") == "required" else ""

    def crash(sent: Json) -> str:
        called = [one for one in sent.get("messages", ()) if isinstance(one, dict) and one.get("tool_calls")]
        return "content" if any(one.get("content", "") is None for one in called) else ""

    found = judged(refusing(no_call, status), refusing(crash, 500))
    assert "HTTP 500" in shown(found.fails["tools.history.null"])
    assert one_of(found, "tools.history.empty").verdict is Verdict.PASS


# --- bundles ---


def _mentions(word: str) -> Refuses:
    return lambda sent: word if word in str(sent) else ""


def _sets(name: str, value: Any = ...) -> Refuses:
    return lambda sent: name if name in sent and value in (..., sent[name]) else ""


@pytest.mark.parametrize(
    ("requirement", "refused", "named"),
    [
        ("sampling.penalties", _sets("presence_penalty", 2), "presence_penalty"),
        ("sampling.metadata", _sets("store"), "store"),
        ("sampling.newest", _sets("safety_identifier"), "safety_identifier"),
        ("sampling.nulls", _sets("seed", None), "seed: null"),
        ("structured.keywords", _mentions("'pattern'"), "pattern"),
        ("capability.parallel_tools", _sets("parallel_tool_calls", True), "parallel_tool_calls"),
    ],
)  # fmt: skip
def test_the_finding_names_the_part_of_a_refused_bundle(requirement: str, refused: Refuses, named: str) -> None:
    finding = judged(refusing(refused)).fails[requirement].findings[0]
    assert named in f"{finding.expected} {finding.actual}"
    assert not [
        other for other in ("frequency_penalty", "metadata", "verbosity", "minItems") if other in finding.expected
    ]


def test_what_is_refused_beside_the_usage_of_a_stream_is_judged_without() -> None:
    found = judged(refusing(lambda sent: "stream_options" if sent.get("stream_options") else ""))
    assert "capability.stream_usage" in found.fails
    for row in ("tools.auto", "tools.named", "completions.stream.done", "tools.text.stop", "stream.done"):
        assert one_of(found, row).verdict is Verdict.PASS, row


def test_each_value_out_of_bounds_has_an_answer_of_its_own() -> None:
    def blind(body: Json) -> Json:
        high = (body.get("presence_penalty") or 0) > 2
        return {**body, "presence_penalty": 2} if high else body

    def generous(body: Json) -> Json:
        return {**body, "top_logprobs": 20} if body.get("top_logprobs") == 21 else body

    found = judged(overlooking(blind), overlooking(generous))
    (penalty,) = found.fails["sampling.bounds.bad"].findings
    assert "presence_penalty is 3" in penalty.expected
    (alternatives,) = found.fails["logprobs.too_many"].findings
    assert "top_logprobs is above 20" in alternatives.expected


def test_small_ids_are_in_every_vocabulary() -> None:
    def ids(sent: Json) -> str:
        biased = [int(one) for one in sent.get("logit_bias") or ()]
        lists = [sent.get("prompt"), sent.get("input")]
        nested = [row for one in lists if isinstance(one, list) for row in one if isinstance(row, list)]
        return "not in the vocabulary (256)" if any(one >= 256 for row in [biased, *nested] for one in row) else ""

    found = judged(refusing(ids))
    assert not {"sampling.logit_bias", "completions.prompt.tokens", "embeddings.tokens"} & set(found.fails)
    assert one_of(found, "completions.prompt.tokens").verdict is Verdict.PASS
    assert one_of(found, "sampling.logit_bias").verdict is Verdict.PASS


def test_a_score_is_taken_apart() -> None:
    found = judged(refusing(lambda sent: "echo" if sent.get("echo") and sent.get("logprobs") else ""))
    assert one_of(found, "completions.prompt.tokens").verdict is Verdict.PASS
    assert one_of(found, "completions.logprobs.present").verdict is Verdict.PASS


# --- refusals ---


def test_a_clean_refusal_is_one_whatever_its_body() -> None:
    flat = {"object": "error", "message": "max_tokens is too large", "code": 400}
    huge = ask(max_tokens=100_000_000)
    at = {"scenario": "sampling.limit.huge", "request": {"refusable": True}}
    assert verdict("sampling.limit.huge", exchange(huge, flat, status=400, **at)) == "pass"
    assert verdict("sampling.limit.huge", exchange(huge, {"detail": "no"}, status=422, **at)) == "pass"
    assert verdict("sampling.limit.huge", exchange(huge, flat, status=500, **at)) == "fail"


PREVIOUS = {"model": "m", "input": "Say hi.", "previous_response_id": "resp_none"}
WRONG = {"invalid": "previous_response_id names no response"}
OUTPUT = {"type": "message", "id": "msg_1", "role": "assistant", "content": []}


@pytest.mark.parametrize(("status", "said"), [(200, "fail"), (400, "pass"), (404, "pass")])
def test_a_response_that_nobody_made_is_no_conversation(status: int, said: str) -> None:
    body = {"id": "resp_2", "object": "response", "status": "completed", "output": [OUTPUT]}
    given = exchange(PREVIOUS, body, "error", path="/responses", status=status, request=WRONG)
    found = result("responses.previous.unknown", given)
    assert found.verdict.value == said
    assert all("ignored" in one.actual for one in found.findings)


def _talk(*answers: tuple[list[Json], int]) -> list[Any]:
    refused = {"error": {"message": "No tool call found for the output.", "type": "x", "param": "input", "code": None}}
    done = typed(
        {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": [OUTPUT]}}
    )
    return [
        exchange(
            {"model": "m", "stream": True, "input": items}, done if status == 200 else refused, "response_stream",
            path="/responses", status=status, id=str(step + 1), step=step, scenario="responses.conversation",
        )
        for step, (items, status) in enumerate(answers)
    ]  # fmt: skip


def test_the_finding_names_the_exchange_that_was_refused() -> None:
    asked = {"role": "user", "content": "Weather?"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}
    found = result("responses.roundtrip", *_talk(([asked], 200), ([asked, output], 400), ([asked], 200)))
    assert [one.exchange for one in found.findings] == ["2"]


@pytest.mark.parametrize(
    ("status", "arguments", "back"),
    [
        ("completed", '{"city": "Paris"}', True),
        ("completed", '{"city": "Par', False),
        ("incomplete", '{"city": "Paris"}', False),
    ],
    ids=["whole", "half", "cut"],
)
def test_a_call_that_is_not_whole_is_not_sent_back(status: str, arguments: str, back: bool) -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get_weather", "arguments": arguments}
    end = {"id": "resp_1", "status": status, "output": [call]}
    flow = bench().suites.scenarios["responses.conversation"].generate(Context(model="m"))
    first: Request = next(flow)
    answered = exchange(first.json, typed({"type": f"response.{status}", "response": end}), "response_stream")
    second: Request = flow.send(answered)
    flow.close()
    assert any(item.get("type") == "function_call_output" for item in second.json["input"]) is back


@pytest.mark.parametrize(("finish", "back"), [("tool_calls", True), ("length", False)])
def test_a_chat_call_that_the_limit_cut_is_not_sent_back(finish: str, back: bool) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    flow = bench().suites.scenarios["tools.roundtrip"].generate(Context(model="m"))
    first: Request = next(flow)
    body = completion(None, finish=finish, tool_calls=[call])
    try:
        second: Request | None = flow.send(exchange(first.json, body))
    except StopIteration:
        second = None
    assert (second is not None) is back
