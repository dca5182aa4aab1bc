"""What recordings of others hold that is legal or the recorder's doing, and findings that named what was not there.

Each stood in a recording of a real endpoint, in this form or a like one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from exchanges import ask, chunk, completion, counts, exchange, finding, result, sse, verdict

from conformance.catalogue.suites import Suites
from conformance.judging.slots import Material
from conformance.model import Facet, Recording
from conformance.recording.foreign.form import foreign_header

OTHERS = {"foreign": True, "lost": frozenset({Facet.READS, Facet.CLOCK})}
STREAMED = ask(stream=True)
ENDED = (chunk({"role": "assistant", "content": "Hi."}), chunk({}, "stop"))


def test_a_recorder_may_have_written_the_length_of_a_stream():
    body = sse(*ENDED)
    headers = (("content-type", "text/event-stream"), ("content-length", str(len(body))))
    said = {"expects": "stream", "response_headers": headers}
    assert verdict("stream.content_length", exchange(STREAMED, body, **said)) == "fail"
    assert verdict("stream.content_length", exchange(STREAMED, body, **said, **OTHERS)) == "not_run"


def test_the_names_in_a_request_that_was_written_over_are_not_held_against_the_answer():
    answer = {**completion("Hi."), "id": "gen-1753242299-x", "model": "zeta-9b"}
    asked = exchange(ask(model="alpha-12b"), answer, model="alpha-12b", **OTHERS)
    known = replace(asked, url="https://openrouter.ai/api/v1/chat/completions")
    said = {}
    for one in (asked, known):
        material = Material([Recording(foreign_header([one], "r"), (one,))], Suites())
        (slot,) = map(material.slot, material.names)
        said[slot.endpoint] = verdict("chat.model.prefix", *slot.exchanges)
    assert said == {"openrouter (recorded as host.example)": "not_applicable", "openrouter.ai": "fail"}


def _filtered(code: str = "content_filter") -> dict:
    return {"error": {"message": "The prompt was filtered.", "type": None, "param": "prompt", "code": code}}


FILTERS = {  # the code of the error, its status, whether others recorded it, and what is said
    "refused": ("content_filter", 400, True, "not_applicable"),
    "by-policy": ("content_policy_violation", 400, True, "not_applicable"),
    "as-success": ("content_filter", 200, True, "not_run"),
    "for-another-reason": ("unsupported", 400, True, "fail"),
    "as-success-for-another-reason": ("unsupported", 200, True, "fail"),
    "our-own-prompt": ("content_filter", 400, False, "fail"),
}


@pytest.mark.parametrize("case", FILTERS)
def test_a_filtered_prompt_of_others_was_answered(case):
    code, status, foreign, said = FILTERS[case]
    more = {"status": status, **(OTHERS if foreign else {})}
    assert verdict("chat.answered", exchange(ask(), _filtered(code), **more)) == said
    text = exchange({"model": "m", "prompt": "Hi."}, _filtered(code), "text_completion", path="/completions", **more)
    assert verdict("completions.answered", text) == said
    whole = exchange({"model": "m", "input": "Hi."}, _filtered(code), "response", path="/responses", **more)
    assert verdict("responses.answered", whole) == said
    assert verdict("error.status", exchange(ask(), _filtered(code), **more)) == ("fail" if status == 200 else "pass")


def test_the_failure_that_comes_as_a_success_is_blamed_on_its_status():
    told = result("chat.answered", exchange(ask(), _filtered(), **OTHERS))
    assert told.unjudged is not None
    assert told.unjudged.by == "error.status"


ENTRY = {"id": "m", "object": "model", "created": 1, "owned_by": "us", "architecture": {"input_modalities": ["text"]}}
WINDOWS = {
    "of-each-provider": ({"providers": [{"name": "a", "context_length": 8192}, {"name": "b"}]}, "pass"),
    "deeper": ({"offers": {"hosts": [{"limits": {"max_input_tokens": 8192}}]}}, "pass"),
    "of-no-provider": ({"providers": [{"name": "a"}]}, "fail"),
    "null": ({"providers": [{"name": "a", "context_length": None}]}, "fail"),
}


@pytest.mark.parametrize("case", WINDOWS)
def test_a_router_gives_the_window_of_each_provider(case):
    more, said = WINDOWS[case]
    get = {"path": "/models", "request": {"method": "GET"}}
    listing = {"object": "list", "data": [{**ENTRY, **more}]}
    assert verdict("metadata.context", exchange({}, listing, "models", **get)) == said


def _words(requirement: str, *answer: object, **more: object) -> str:
    (told,) = finding(requirement, exchange(*answer, **more))
    return told.actual


def _thinking(usage: dict | None) -> dict:
    return completion("Yes.", usage=usage, reasoning_content="They ask.")


COUNTS = {
    "no completion_tokens_details": {},
    "completion_tokens_details null": {"completion_tokens_details": None},
    "no reasoning_tokens": {"completion_tokens_details": {}},
    "reasoning_tokens 0": {"completion_tokens_details": {"reasoning_tokens": 0}},
}


@pytest.mark.parametrize("words", COUNTS)
def test_what_is_missing_is_not_called_null(words):
    assert _words("reasoning.counted", ask(), _thinking({**counts(3, 4), **COUNTS[words]})) == words


@pytest.mark.parametrize(("first", "words"), [({}, "it is missing"), ({"role": None}, "null")])
def test_a_role_that_is_missing_is_not_called_null(first, words):
    body = sse(chunk({**first, "content": "Hi."}), chunk({}, "stop"))
    assert _words("stream.role.first", STREAMED, body, "stream") == f"{words}, and no role in any later delta"


def test_a_header_that_is_missing_is_not_called_null():
    told = _words("stream.content_type", STREAMED, sse(*ENDED), "stream", response_headers=())
    assert told == "it is missing"


@pytest.mark.parametrize(("member", "words"), [({}, "no type"), ({"type": None}, "type null")])
def test_a_limit_without_a_type_is_told_so(member, words):
    body = {"error": {"message": "Too many requests.", "code": "slow", **member}}
    assert _words("limit.code", ask(), body, status=429) == f'code "slow", {words}'


def test_usage_that_nobody_asked_for_is_named_where_it_takes_the_choice():
    usage = {**chunk({}), "choices": [], "usage": counts(3, 4)}
    body = sse(*ENDED, usage)
    assert "usage that nobody asked for" in _words("stream.choices.empty", STREAMED, body, "stream")
    asked = ask(stream=True, stream_options={"include_usage": True})
    assert verdict("stream.choices.empty", exchange(asked, body, "stream")) == "pass"
    assert _words("stream.choices.empty", STREAMED, sse({**usage, "usage": None}, *ENDED), "stream") == "choices: []"
