"""What a server's own numbers and names say: stray notation, streams folded by id, counts of several choices."""

from __future__ import annotations

import pytest
from campaign import bench
from exchanges import ask, chunk, completion, counts, exchange, finding, sse, typed, verdict

from conformance.catalogue.pictures import draw_bulky_picture
from conformance.judging.capability_matrix import by_name, matrix
from conformance.model import Advertised, CapabilityResult, Observed

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
STRAY = "Sunny </tool_call> today"
CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>'


@pytest.mark.parametrize(
    ("with_tools", "without", "said"),
    [
        ([STRAY, "Fine."], "Fine.", "inconclusive"),
        ([STRAY, "Fine."], STRAY, "not_applicable"),
        ([STRAY] * 4, "Fine.", "fail"),
        ([CALL, "Fine."], STRAY, "fail"),
    ],
    ids=["once", "without-tools-too", "rule", "a-call"],
)
def test_tools_leak_markup(with_tools, without, said):
    asked = [
        exchange(ask(f"Say {at}.", tools=TOOLS), completion(text), id=str(at)) for at, text in enumerate(with_tools)
    ]
    assert verdict("tools.leak.markup", *asked, exchange(ask(), completion(without), id="plain")) == said


def test_a_stray_tag_is_no_call_that_was_not_demanded():
    assert verdict("tools.auto", exchange(ask(tools=TOOLS), completion(STRAY))) == "inconclusive"
    assert verdict("tools.auto", exchange(ask(tools=TOOLS), completion(CALL))) == "fail"


ITEMS = (
    {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []},
    {"type": "function_call", "id": "fc_1", "call_id": "c_1", "name": "f", "arguments": "", "status": "in_progress"},
)
TEXT = {"type": "output_text", "text": "Hi you", "annotations": []}


def unindexed():
    """A stream whose events tell their items by item_id alone, two items at once."""
    done = [{**ITEMS[0], "content": [TEXT], "status": "completed"}, {**ITEMS[1], "arguments": "{}"}]
    final = {"id": "resp_1", "object": "response", "status": "completed", "output": done}
    of_text, of_call = {"item_id": "msg_1", "content_index": 0}, {"item_id": "fc_1"}
    return typed(
        {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}},
        {"type": "response.output_item.added", "item": ITEMS[0]},
        {"type": "response.content_part.added", **of_text, "part": {"type": "output_text", "text": ""}},
        {"type": "response.output_text.delta", **of_text, "delta": "Hi "},
        {"type": "response.output_item.added", "item": ITEMS[1]},
        {"type": "response.function_call_arguments.delta", **of_call, "delta": "{}"},
        {"type": "response.output_text.delta", **of_text, "delta": "you"},
        {"type": "response.output_text.done", **of_text, "text": "Hi you"},
        {"type": "response.content_part.done", **of_text, "part": TEXT},
        {"type": "response.output_item.done", "item": done[0]},
        {"type": "response.function_call_arguments.done", **of_call, "arguments": "{}"},
        {"type": "response.output_item.done", "item": done[1]},
        {"type": "response.completed", "response": final},
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        *((name, "pass") for name in ("items", "parts", "closed", "text", "arguments", "call", "final", "final.id")),
        ("event", "fail"),
        ("index", "fail"),
    ],
)
def test_items_are_told_by_their_ids_where_indexes_are_missing(rule, said):
    asked = {"model": "m", "input": "Say hi.", "stream": True}
    one = exchange(asked, unindexed(), "response_stream", path="/responses")
    assert verdict(f"responses.stream.{rule}", one) == said


@pytest.mark.parametrize(
    ("made", "finish", "said"),
    [(16, "length", "fail"), (32, "length", "not_fail"), (30, "length", "not_fail"), (16, "stop", "not_fail")],
)
def test_usage_of_choices_that_were_all_cut(made, finish, said):
    answer = completion("Well", "Then", finish=finish, usage=counts(9, made))
    found = verdict("usage.n", exchange(ask(n=2, max_tokens=16), answer))
    assert (found == "fail") == (said == "fail")


@pytest.mark.parametrize(("made", "said"), [(8, True), (16, False)])
def test_usage_of_streamed_choices_counts_their_pieces(made, said):
    def piece(index, text, finish=None):
        one = chunk({"content": text}, finish)
        return {**one, "choices": [{**one["choices"][0], "index": index}]}

    pieces = [piece(index, f" {at}") for at in range(8) for index in (0, 1)]
    ends = [piece(0, "", "stop"), piece(1, "", "stop"), {**chunk({}), "choices": [], "usage": counts(9, made)}]
    one = exchange(ask(n=2, stream=True), sse(*pieces, *ends), "stream")
    assert (verdict("usage.n", one) == "fail") is said


@pytest.mark.parametrize(("made", "said"), [(5, "fail"), (10, "fail"), (20, "pass"), (16, "not_applicable")])
def test_usage_of_several_prompts_and_choices(made, said):
    choices = [{"index": at, "text": " 1, 2", "finish_reason": "length"} for at in range(4)]
    body = {"object": "text_completion", "choices": choices, "usage": counts(9, made)}
    asked = {"model": "m", "prompt": ["Say hi.", "Say ho."], "n": 2, "max_tokens": 5}
    one = exchange(asked, body, "text_completion", path="/completions")
    assert verdict("completions.usage.choices", one) == said


@pytest.mark.parametrize(
    ("cut", "said"),
    [([9, 9], "fail"), ([9, 10], "inconclusive"), ([10, 10], "pass"), ([10, 5], "fail")],
    ids=["always-short", "once-short", "reached", "far-below"],
)
def test_length_before_the_limit_is_judged_by_all_answers(cut, said):
    made = [
        exchange(
            ask(f"Say {at}.", max_tokens=10),
            completion("1, 2, 3", finish="length", usage=counts(9, n)),
            id=str(at),
        )
        for at, n in enumerate(cut)
    ]
    assert verdict("chat.length.honest", *made) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [("Once upon a", "inconclusive"), ("1, 2, 3, 4", "fail")],
    ids=["ended-at-the-limit", "cut-midway"],
)
def test_an_end_token_may_be_counted_at_the_limit(text, said):
    counting = ask("Count from 1 to 100, separated by commas.", max_tokens=5)
    assert verdict("chat.length", exchange(counting, completion(text, usage=counts(9, 5)))) == said


def test_pieces_that_fill_the_limit_were_cut():
    pieces = [chunk({"content": text}) for text in (" once", " upon", " a", " time", " there")]
    usage = {**chunk({}), "choices": [], "usage": counts(9, 5)}
    one = exchange(ask(stream=True, max_tokens=5), sse(*pieces, chunk({}, "stop"), usage), "stream")
    assert verdict("chat.length", one) == "fail"


def scored(tops):
    entry = {"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": tops}
    answer = completion("Hi")
    answer["choices"][0]["logprobs"] = {"content": [entry], "refusal": None}
    return answer


@pytest.mark.parametrize(("tops", "said"), [([], "pass"), ([{"token": "Hi", "logprob": -0.1}] * 20, "fail")])
def test_alternatives_that_nobody_asked_for(tops, said):
    assert verdict("logprobs.top.unasked", exchange(ask(logprobs=True), scored(tops))) == said


@pytest.mark.parametrize("top", [True, False], ids=["with-alternatives", "never"])
def test_logprobs_alone_are_ignored(top):
    cell = CapabilityResult("logprobs", "Scores", "m", Advertised.SILENT, Observed.IGNORED, ("1",), "no trace")
    alone = exchange(ask(logprobs=True), completion("Hi"), scenario="offer.logprobs")
    other = exchange(ask(logprobs=True, top_logprobs=2), scored([]) if top else completion("Hi"), id="2")
    said = finding("capability.logprobs", alone, other, offers={"logprobs": cell})
    assert said[0].actual.startswith("ignored without top_logprobs" if top else "no trace")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16", "inconclusive"),
        (", ".join(map(str, [*range(1, 12), *range(13, 21)])), "inconclusive"),
        ("1, 2, 3, 4, 5, 6, 7, 8, 9,, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20", "fail"),
    ],
    ids=["early-end", "skipped-by-the-model", "a-piece-lost"],
)
def test_a_count_that_is_not_whole(text, said):
    pieces = [chunk({"content": piece + " "}) for piece in text.split(" ")]
    asked = ask("Count from 1 to 20, separated by commas.", stream=True)
    one = exchange(asked, sse(*pieces, chunk({}, "stop")), "stream", scenario="stream.basic")
    assert verdict("stream.text.order", one) == said


@pytest.mark.parametrize(
    ("other", "said"), [("alpha STOP beta", "fail"), ("alpha", "inconclusive")], ids=["obeys", "ends"]
)
def test_an_echo_that_lost_its_end(other, said):
    def echo(line, text, stop, at):
        asked = ask(f"Repeat exactly: {line}", stop=stop)
        return exchange(asked, completion(text), id=at)

    first = echo("alpha STOP beta STOPHERE gamma", other, "STOPHERE", "1")
    second = echo("alpha beta gamma STOP", "alpha beta gamma", ["STOPHERE"], "2")
    assert verdict("sampling.stop.kept", first, second) == said


def text_chunk(text, finish=None, **more):
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1700000000,
        "model": "m",
        "choices": [choice],
        **more,
    }


@pytest.mark.parametrize(
    ("options", "last", "said"),
    [
        ({}, {"choices": [], "usage": counts(3, 1)}, "fail"),
        ({}, {"usage": counts(3, 1)}, "pass"),
        ({}, {"choices": [], "usage": None}, "pass"),
        ({"stream_options": {"include_usage": True}}, {"choices": [], "usage": counts(3, 1)}, "not_run"),
    ],
    ids=["unasked", "beside-a-choice", "null", "asked"],
)
def test_usage_of_a_streamed_text_that_nobody_asked_for(options, last, said):
    asked = {"model": "m", "prompt": "Say hi.", "stream": True, **options}
    events = sse(text_chunk("Hi"), text_chunk("", "stop", **last))
    one = exchange(asked, events, "text_stream", path="/completions")
    assert verdict("completions.stream.usage.unasked", one) == said


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"param": "None"}, "fail"),
        ({"code": "null"}, "fail"),
        ({"param": None, "code": None}, "pass"),
        ({"param": "n", "code": "invalid_value"}, "pass"),
        ({"param": "nonexistent"}, "pass"),
    ],
)
def test_nothing_is_null_and_not_a_word(members, said):
    error = {"message": "Wrong.", "type": "invalid_request_error", "param": None, "code": None, **members}
    assert verdict("error.null", exchange(ask(n=0), {"error": error}, "error", status=400)) == said


@pytest.mark.parametrize(("created", "said"), [(0, "fail"), (1700000000, "pass")])
def test_a_response_is_made_at_a_time(created, said):
    made = {"id": "resp_1", "object": "response", "created_at": created, "status": "completed", "output": []}
    one = exchange({"model": "m", "input": "Hi"}, made, "response", path="/responses")
    assert verdict("responses.created_at", one) == said


def test_zeros_beside_the_text_of_a_response_are_no_count():
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [TEXT]}
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    made = {"id": "resp_1", "object": "response", "status": "completed", "output": [message], "usage": usage}
    one = exchange({"model": "m", "input": "Hi"}, made, "response", path="/responses")
    assert verdict("responses.usage.counted", one) == "fail"


@pytest.mark.parametrize(
    ("status", "said"), [(405, "pass"), (404, "fail"), (400, "fail"), (401, "inconclusive"), (429, "inconclusive")]
)
def test_a_wrong_method_is_told_from_a_wrong_path(status, said):
    error = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}
    put = {"request": {"method": "PUT"}, "scenario": "transport.method", "status": status}
    assert verdict("transport.method.405", exchange({}, error, "error", **put)) == said


@pytest.mark.parametrize(
    ("text", "finish", "said"),
    [
        ("1, 2, 3, 4, ", "stop", "pass"),
        ("1, 2, 3, 4, 5", "stop", "pass"),
        ("1, 2, 3, 4, ", "length", "inconclusive"),
        ("1, 2, 3.", "stop", "inconclusive"),
        ("I would rather not.", "stop", "inconclusive"),
        ("1, 2, 3, 4, 5, 6", "stop", "fail"),
    ],
)
def test_a_stop_string_that_never_came_shows_nothing(text, finish, said):
    asked = ask("Count from 1 to 9, separated by commas.", stop=["5"])
    assert verdict("sampling.stop.array", exchange(asked, completion(text, finish=finish))) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alpha STOP beta ", "pass"),
        ("alpha STOP beta STOPHERE", "pass"),
        ("alpha STOP beta gamma delta", "inconclusive"),
        ("alpha", "inconclusive"),
    ],
)
def test_an_echo_must_come_to_its_stop_string(text, said):
    asked = ask("Repeat exactly: alpha STOP beta STOPHERE gamma delta", stop="STOPHERE")
    assert verdict("sampling.stop", exchange(asked, completion(text))) == said


def shows(answer, detail="low", url=None):
    picture = {"type": "image_url", "image_url": {"url": url or draw_bulky_picture(), "detail": detail}}
    asked = {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "Which?"}, picture]}]}
    rows = bench().suites.capabilities.values()
    one = exchange(asked, answer, scenario="offer.vision")
    return by_name(matrix(rows, [one], endpoint="host", model="m"))["vision"].observed


@pytest.mark.parametrize(
    ("text", "prompt", "more", "said"),
    [
        ("Red.", 2850, {}, Observed.WORKS),
        ("It is reddish.", 90, {}, Observed.WORKS),
        ("Red.", 9100, {}, Observed.BROKEN),
        ("Red.", 8520, {"detail": "auto"}, Observed.INCONCLUSIVE),
        ("I rendered a shared picture.", 300, {}, Observed.INCONCLUSIVE),
        ("I rendered a shared picture.", 12, {}, Observed.IGNORED),
        ("Red.", 600, {"url": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"}, Observed.WORKS),
        (f"You sent {draw_bulky_picture()[:90]}", 300, {}, Observed.BROKEN),
    ],
    ids=["costly", "named", "letters", "in-detail", "no-word", "dropped", "another", "quoted"],
)
def test_a_picture_that_was_read_as_letters_was_not_seen(text, prompt, more, said):
    assert shows(completion(text, usage=counts(prompt, 3)), **more) is said


@pytest.mark.parametrize(
    ("more", "status", "words", "said"),
    [
        ({"logprobs": True}, 404, "Not Found", "fail"),
        ({"logprobs": True}, 400, "logprobs is not supported", "pass"),
        ({"tools": TOOLS}, 404, "No endpoints found that support tool use.", "pass"),
        ({"n": 2}, 404, "POST /v1/chat/completions not found", "fail"),
        ({"seed": 42, "temperature": 0}, 400, "temperature must be above 0", "pass"),
        ({"logprobs": True, "n": 2}, 404, "Not Found", "not_applicable"),
        ({"n": 1}, 404, "Not Found", "not_applicable"),
        ({"logprobs": True}, 401, "Wrong key.", "not_applicable"),
    ],
    ids=["not-found", "named", "tool-use", "path", "another", "bundle", "default", "key"],
)
def test_what_is_optional_is_refused_by_its_name(more, status, words, said):
    error = {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None}}
    refused = exchange(ask(**more), error, status=status, request={"refusable": True}, id="2")
    assert verdict("error.refusal.named", exchange(ask(), completion("Hi")), refused) == said
    assert verdict("error.refusal.named", refused) == "not_applicable"


@pytest.mark.parametrize(
    ("made", "finish", "said"),
    [(8, "length", "pass"), (7, "length", "inconclusive"), (3, "length", "fail"), (3, "stop", "not_applicable")],
)
def test_a_text_is_cut_at_its_limit_alone(made, finish, said):
    choice = {"index": 0, "text": " 1, 2, 3, 4", "logprobs": None, "finish_reason": finish}
    body = {"object": "text_completion", "choices": [choice], "usage": counts(9, made)}
    one = exchange({"model": "m", "prompt": "Count.", "max_tokens": 8}, body, "text_completion", path="/completions")
    assert verdict("completions.length.honest", one) == said


@pytest.mark.parametrize(
    ("made", "thought", "total", "said"),
    [(16, 0, 20, "pass"), (15, 0, 19, "inconclusive"), (4, 0, 8, "fail"), (4, 12, 20, "pass"), (4, 2, 8, "fail")],
    ids=["reached", "one-short", "far-below", "thoughts-counted-beside", "thoughts-counted-within"],
)
def test_a_response_is_cut_at_its_limit_alone(made, thought, total, said):
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "incomplete", "content": [TEXT]}
    details = {"reasoning_tokens": thought}
    usage = {"input_tokens": 4, "output_tokens": made, "total_tokens": total, "output_tokens_details": details}
    told = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    made_so = {"id": "resp_1", "object": "response", **told, "output": [message], "usage": usage}
    one = exchange({"model": "m", "input": "Hi", "max_output_tokens": 16}, made_so, "response", path="/responses")
    assert verdict("responses.incomplete.honest", one) == said


def test_a_recorder_that_leaves_counts_out_writes_zeros():
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [TEXT]}
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    made = {"id": "resp_1", "object": "response", "status": "completed", "output": [message], "usage": usage}
    one = exchange({"model": "m", "input": "Hi"}, made, "response", path="/responses", foreign=True)
    assert verdict("responses.usage.counted", one) == "not_applicable"
