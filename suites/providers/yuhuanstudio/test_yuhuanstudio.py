"""What YuhuanStudio's documents promise beyond the yardstick."""

from __future__ import annotations

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Completion
from conformance.api.chat.stream import ChatStream, Ending
from conformance.api.errors import ErrorResponse
from conformance.api.models import Metadata, ModelList, ModelObject
from conformance.catalogue.profiles import Profile
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import expect_status
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_LIMITS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-used", "x-ratelimit-reset")
_OTHERS = ("x-ratelimit-resource", "x-request-priority")
_SIZES = ("context_length", "max_output_tokens")
_WORDS = ("provider", "model_type", "display_name", "pricing_unit")
_PRICES = ("input_price", "output_price")
_TIERS = ("free", "basic", "pro", "enterprise")


def _asks_for_usage(request: Request) -> bool:
    options = request.param("stream_options", {})
    return isinstance(options, dict) and options.get("include_usage") is True


@check("yuhuanstudio.stream.chunk")
def test_chunks_hold_what_the_sample_shows(stream: ChatStream) -> None:
    with gather("no chunk") as found:
        for chunk in stream.distinct:
            if chunk.value.get("usage") and not chunk.choices:
                continue  # the sample of the usage chunk shows usage and nothing else
            with found.each():
                expect(chunk.value, at=chunk.place).has("id", "object", "choices")
                expect(chunk.value["object"], at=chunk.place.down("/object")).equals("chat.completion.chunk")
                for position, choice in enumerate(chunk.choices):
                    expect(choice, at=chunk.place.down(f"/choices/{position}")).has("delta", "index")


@check("yuhuanstudio.stream.role")
def test_the_first_delta_is_the_role(stream: ChatStream) -> None:
    with gather("no choice") as found:
        for choice in stream.folded.choices.values():
            first = choice.deltas[0]
            with found.each():
                expect(first.value.get("role"), at=first.place.down("/delta/role")).equals("assistant")


@check("yuhuanstudio.stream.loop", when=lambda request: not _asks_for_usage(request))
def test_the_documented_loop_runs(stream: ChatStream) -> None:
    with gather("no chunk") as found:
        for chunk in stream.distinct:
            with found.each():
                delta = chunk.choices[0].get("delta") if chunk.choices else None
                wanted = "a first choice with a delta, for chunk.choices[0].delta.content"
                expect(isinstance(delta, dict), at=chunk.place).is_true(wanted, shown(chunk.value.get("choices"), 80))


@check("yuhuanstudio.stream.reasoning")
def test_reasoning_comes_before_the_text(stream: ChatStream) -> None:
    with gather("no choice shows reasoning") as found:
        for choice in stream.folded.choices.values():
            thoughts = [at for at, one in enumerate(choice.deltas) if one.value.get("reasoning_content")]
            words = [at for at, one in enumerate(choice.deltas) if one.value.get("content")]
            if thoughts:
                with found.each():
                    expect(
                        choice.deltas[thoughts[0]].value["reasoning_content"], at=Location.part("reasoning_content")
                    ).is_a(str)
                    late = bool(words) and words[0] < thoughts[-1]
                    place = choice.deltas[thoughts[-1]].place
                    expect(not late, at=place).is_true("thinking, then content", "thinking after content")


@check("yuhuanstudio.stream.usage", when=_asks_for_usage)
def test_the_final_chunk_includes_usage(stream: ChatStream) -> None:
    if not stream.whole:
        raise Blocked(f"the stream ended with {stream.ending.value}")
    last = stream.chunks[-1]
    expect(last.value.get("usage") or {}, at=last.place.down("/usage")).has(*_COUNTS)


@check("yuhuanstudio.stream.done")
def test_the_stream_ends_with_done(stream: ChatStream) -> None:
    applicable(stream.ending is not Ending.ERROR, "the stream ended with an error event")
    expect(stream.ending, at=Location.end()).equals(Ending.DONE)


@check("yuhuanstudio.completion")
def test_completions_have_openais_shape(completion: Completion) -> None:
    expect(completion.body, at=Location.body()).has("id", "object", "created", "model", "choices", "usage")
    for position, choice in enumerate(completion.choices):
        expect(choice.message, at=Location.at(f"/choices/{position}/message")).has("role", "content")


@check("yuhuanstudio.limits", when=lambda request: request.method in {"GET", "POST"})
def test_every_answer_tells_of_the_rate_limit(answer: Answer) -> None:
    with gather() as found:
        for name in (*_LIMITS, *_OTHERS):
            with found.each():
                expect(answer.header(name), at=Location.header(name)).is_true("a value", "none")
    with gather() as found, found.each():
        limit, remaining, used, reset = (_integer(answer, name) for name in _LIMITS)
        expect(remaining + used, at=Location.part("x-ratelimit-remaining + -used")).equals(limit)
        expect(reset > 1_000_000_000, at=Location.header("x-ratelimit-reset")).is_true("a Unix time", str(reset))


def _integer(answer: Answer, name: str) -> int:
    text = answer.header(name) or ""
    if not text.isdecimal():
        raise broken("an integer", shown(text), Location.header(name))
    return int(text)


@check("yuhuanstudio.error")
def test_errors_hold_type_message_and_code(error: ErrorResponse) -> None:
    expect(error.members, at=Location.at("/error")).has("type", "message", "code")


@check("yuhuanstudio.error.type")
def test_types_go_with_the_status(error: ErrorResponse, profile: Profile) -> None:
    wanted = profile.vocabulary["error_types"].get(str(error.status))
    applicable(wanted, f"no type is documented for HTTP {error.status}")
    expect(error.members.get("type"), at=Location.at("/error/type")).equals(wanted)


@check("yuhuanstudio.models.entry", when=lambda request: request.method == "GET" and request.auth == "key")
def test_entries_hold_the_documented_members(models: ModelList) -> None:
    with gather("an empty list") as found:
        for entry in models.entries:
            at = str(entry.get("id"))
            with found.each():
                expect(entry, at=Location.listing(at)).has(*_WORDS, *_SIZES, *_PRICES, "capabilities", "min_tier")
                expect(entry["capabilities"], at=Location.listing(at, "capabilities")).is_a(list)
                expect(entry["min_tier"], at=Location.listing(at, "min_tier")).is_in(_TIERS)
                expect(entry["pricing_unit"], at=Location.listing(at, "pricing_unit")).equals("per_million_tokens")
                for name in _SIZES:
                    expect(entry[name], at=Location.listing(at, name)).is_a(int)


@check("yuhuanstudio.models.retrieve", unusable=True)
def test_a_model_can_be_retrieved(model: ModelObject) -> None:
    if model.trouble is not None:
        conclusive(model.trouble[0] is not Trouble.LIMITED, model.trouble[1])
        raise broken("HTTP 200 with the model", model.trouble[1], Location.status())


@check("yuhuanstudio.models.filter", scenario="yuhuanstudio.filter")
def test_a_filter_narrows_the_list(metadata: Metadata) -> None:
    with gather("an empty list") as found:
        for entry in metadata.entries:
            with found.each():
                capabilities = entry.get("capabilities")
                sees = isinstance(capabilities, list) and "vision" in capabilities
                at = Location.listing(str(entry.get("id")), "capabilities")
                expect(sees, at=at).is_true("vision among them, as the filter says", shown(capabilities))


@check("yuhuanstudio.responses.tools", scenario="yuhuanstudio.responses_tools", unusable=True)
def test_built_in_tools_are_listed(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, answer.said)
    expect_status(answer, 200)


def _documented_paths(request: Request) -> bool:
    return request.expects in {"embeddings", "response"}


@check("yuhuanstudio.paths", when=_documented_paths, unusable=True)
def test_documented_paths_exist(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, answer.said)
    gone = answer.status in {405, 501} or (answer.status == 404 and not answer.error_message)
    expect(not gone, at=Location.status()).is_true(f"an answer of POST {answer.request.path}", answer.said)
