"""Things tried together, and one by one where that is refused."""

from __future__ import annotations

import json

import pytest

from conformance.api.chat.reply import Completion
from conformance.api.views import Transcript
from conformance.catalogue.batched_requests import is_refused, send_together
from conformance.catalogue.context import Context
from conformance.checks.batches import expect_accepted, is_unsupported
from conformance.checks.outcomes import Blocked, Broken, Inconclusive, NotApplicable
from conformance.model import Exchange, Read, Request

PARTS = ({"seed": 1}, {"user": "u"})
WORDS = {"seed", "user"}
DONE = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}]}


def traits(request):
    return WORDS & set(request.json)


def answered(request, status, body):
    return Exchange("1", request, "", status=status, raw=(Read(0.0, json.dumps(body).encode()),))


def error(message="no", **more):
    return {"error": {"message": message, **more}}


def transcript(refuses):
    """What a server says that answers 400 where `refuses` gives an error for a request's JSON."""
    flow = send_together(Context("m"), {"model": "m", "messages": []}, PARTS)
    request, exchanges = next(flow), []
    while request is not None:
        body = refuses(request.json)
        exchanges.append(answered(request, 400 if body else 200, body or DONE))
        try:
            request = flow.send(exchanges[-1])
        except StopIteration:
            break
    return Transcript(tuple(Completion(one) for one in exchanges))


def test_what_is_accepted_together_costs_one_request():
    said = transcript(lambda _: None)
    assert len(said.answers) == 1
    expect_accepted(said, ["seed"], traits, "seed")


def test_what_is_refused_is_found_by_its_name():
    said = transcript(lambda body: error("who?") if "seed" in body else None)
    assert len(said.answers) == 3
    expect_accepted(said, ["user"], traits, "user")
    with pytest.raises(Broken, match="who"):
        expect_accepted(said, ["seed"], traits, "seed")


@pytest.mark.parametrize("code", ["unsupported_parameter", "unsupported_value"])
def test_a_refusal_as_unsupported_by_name_is_no_failure(code):
    said = transcript(lambda body: error(param="seed", code=code) if "seed" in body else None)
    with pytest.raises(NotApplicable):
        expect_accepted(said, ["seed"], traits, "seed")


def test_a_refusal_under_another_name_is_a_failure():
    said = transcript(lambda body: error(param="Seed", code="unsupported_value") if "seed" in body else None)
    with pytest.raises(Broken):
        expect_accepted(said, ["seed"], traits, "seed")


def test_nothing_is_said_where_nothing_was_answered():
    with pytest.raises(Blocked):
        expect_accepted(transcript(lambda _: error()), ["seed"], traits, "seed")


def test_what_was_not_tried_is_not_judged():
    with pytest.raises(NotApplicable):
        expect_accepted(transcript(lambda _: None), ["metadata"], traits, "metadata")


def test_a_limit_leaves_it_open():
    request = next(send_together(Context("m"), {"model": "m"}, PARTS))
    said = Transcript((Completion(answered(request, 429, error())),))
    with pytest.raises(Inconclusive):
        expect_accepted(said, ["seed"], traits, "seed")


@pytest.mark.parametrize(("status", "splits"), [(200, False), (400, True), (500, True), (429, False), (None, False)])
def test_only_a_refusal_is_split(status, splits):
    request = next(send_together(Context("m"), {"model": "m"}, PARTS))
    assert is_refused(answered(request, status, {})) is splits


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(error("No.", param="seed", code="unsupported_parameter"), True, id="code and param"),
        pytest.param(error("openai does not support parameters: ['seed'], for model=m."), True, id="words"),
        pytest.param({"detail": "`seed` is not supported here"}, True, id="words of another shape"),
        pytest.param(error("Unsupported value: seed"), True, id="unsupported"),
        pytest.param(error("Not supported: seedling"), False, id="another name"),
        pytest.param(error("seed is wrong"), False, id="no word of support"),
        pytest.param(error("Nothing of it. Write to support@host.test about seed"), False, id="support as a noun"),
    ],
)
def test_a_parameter_is_said_not_to_be_supported_by_code_or_in_words(body, said):
    answer = Completion(answered(Request(method="POST", path="/chat/completions", expects="completion"), 400, body))
    assert is_unsupported(answer, {"seed"}) is said
