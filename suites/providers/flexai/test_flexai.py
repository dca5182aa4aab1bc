"""What FlexAI's documents promise beyond the yardstick."""

from __future__ import annotations

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.chat.stream import ChatStream, Ending, Framing, place_of
from conformance.api.errors import ErrorResponse
from conformance.api.models import Metadata
from conformance.catalogue.profiles import Profile
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, expect, gather, shown
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import expect_status
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location
from conformance.wire import strict_json

_RESET = "x-ratelimit-reset-requests"
_CATALOGUE = ("slug", "model_name", "category", "supports", "input_per_mtok", "output_per_mtok")


def _asks_for_usage(request: Request) -> bool:
    options = request.param("stream_options", {})
    return isinstance(options, dict) and options.get("include_usage") is True


def _whole(stream: ChatStream) -> None:
    if not stream.whole:
        raise Blocked(f"the stream ended with {stream.ending.value}")


@check("flexai.stream.content_type")
def test_streams_are_event_streams(framing: Framing) -> None:
    expect(framing.media_type, at=Location.header("content-type")).equals("text/event-stream")


@check("flexai.stream.framing")
def test_each_event_is_one_line_of_data(framing: Framing) -> None:
    with gather("no event") as found:
        for event in framing.events:
            with found.each():
                lines = f"{event.data_lines} lines of data"
                expect(event.data_lines == 1, at=place_of(event)).is_true("one line of data, then a blank line", lines)


@check("flexai.stream.chunk")
def test_chunks_hold_what_the_sample_shows(stream: ChatStream) -> None:
    with gather("no chunk") as found:
        for chunk in stream.distinct:
            with found.each():
                expect(chunk.value, at=chunk.place).has("id", "choices")
                for position, choice in enumerate(chunk.choices):
                    expect(choice, at=chunk.place.down(f"/choices/{position}")).has("delta", "index", "finish_reason")


@check("flexai.stream.finish")
def test_a_documented_finish_reason_comes(stream: ChatStream, profile: Profile) -> None:
    _whole(stream)
    with gather("no choice") as found:
        for choice in stream.choices:
            with found.each():
                at = choice.place.down("/finish_reason")
                expect(choice.finish_reason, at=at).is_in(profile.vocabulary["finish_reason"])


@check("flexai.stream.finish.empty")
def test_the_finish_chunk_says_nothing_more(stream: ChatStream) -> None:
    with gather("no choice has finished") as found:
        for choice in stream.folded.choices.values():
            for _, delta in choice.finishes:
                with found.each():
                    expect(not delta.value.get("content"), at=delta.place).is_true("an empty delta", shown(delta.value))


@check("flexai.stream.usage", when=_asks_for_usage)
def test_usage_comes_after_the_finish(stream: ChatStream) -> None:
    _whole(stream)
    last = stream.chunks[-1]
    expect(last.value.get("usage"), at=last.place).is_true("usage in the last chunk before [DONE]", "none")
    expect(last.value.get("choices"), at=last.place.down("/choices")).equals([])
    before = stream.chunks[-2] if len(stream.chunks) > 1 else last
    finished = any(choice.get("finish_reason") for choice in before.choices)
    expect(finished, at=before.place).is_true("the finish_reason in the chunk before", shown(before.choices, 80))


@check("flexai.stream.usage.asked", when=lambda request: not _asks_for_usage(request))
def test_usage_comes_only_when_asked_for(stream: ChatStream) -> None:
    applicable(stream.chunks, "no chunk")
    expect(not stream.usage, at=stream.usage_place).is_true("no usage without include_usage", shown(stream.usage))


@check("flexai.stream.done")
def test_the_stream_ends_with_done(stream: ChatStream) -> None:
    applicable(stream.ending is not Ending.ERROR, "the stream ended with an error event")
    expect(stream.ending, at=Location.end()).equals(Ending.DONE)


@check("flexai.stream.tools", when=lambda request: bool(request.param("tools")))
def test_fragments_of_arguments_add_up(stream: ChatStream) -> None:
    _whole(stream)
    with gather("no tool was called") as found:
        for choice in stream.choices:
            for name, arguments in choice.functions if choice.finish_reason != "length" else ():
                with found.each():
                    value = strict_json.parse_json(arguments).value if isinstance(arguments, str) else None
                    expect(isinstance(value, dict), at=Location.part(name)).is_true(
                        "arguments that are JSON", shown(arguments)
                    )


@check("flexai.usage.cache")
def test_cached_tokens_are_counts(reply: Reply) -> None:
    names = ("cache_read_input_tokens", "cache_creation_input_tokens")
    with gather("no usage tells of a cache") as found:
        for name in names:
            value = (reply.usage or {}).get(name)
            if value is not None:
                with found.each():
                    at = reply.usage_place.down(f"/{name}")
                    fine = isinstance(value, int) and value >= 0
                    expect(fine, at=at).is_true("an integer that is not negative", shown(value))


@check("flexai.error")
def test_errors_hold_message_type_and_code(error: ErrorResponse) -> None:
    expect(error.members, at=Location.at("/error")).has("message", "type", "code")


@check("flexai.error.type")
def test_types_go_with_the_status(error: ErrorResponse, profile: Profile) -> None:
    wanted = profile.vocabulary["error_types"].get(str(error.status))
    applicable(wanted, f"no type is documented for HTTP {error.status}")
    expect(error.members.get("type"), at=Location.at("/error/type")).equals(wanted)


@check("flexai.error.unknown_model", scenario="error.unknown_model", unusable=True)
def test_an_unknown_model_is_named_so(error: ErrorResponse) -> None:
    conclusive(error.status not in LIMIT_STATUSES, error.said)
    expect_status(error, 400)
    expect(error.members.get("code"), at=Location.at("/error/code")).equals("model_not_found")


@check("flexai.limits.reset")
def test_the_reset_is_a_time(reply: Reply) -> None:
    text = reply.header(_RESET)
    expect(text, at=Location.header(_RESET)).is_true("a Unix time", "none")
    seconds = float(text) if text and text.replace(".", "", 1).isdecimal() else None
    expect(seconds is not None, at=Location.header(_RESET)).is_true("a Unix time", shown(text))
    apart = abs(reply.seconds_from(seconds or 0))
    expect(apart <= 120, at=Location.header(_RESET)).is_true(
        "within two minutes of the request", f"{apart:.0f} s from it"
    )


@check("flexai.models.public", scenario="flexai.public", unusable=True)
def test_the_catalogue_is_public(metadata: Metadata) -> None:
    if metadata.trouble is not None:
        conclusive(metadata.trouble[0] is not Trouble.LIMITED, metadata.trouble[1])
        raise broken("HTTP 200 with an array, without a key", metadata.trouble[1], Location.status())
    expect(metadata.json, at=Location.body()).is_a(list)
    with gather("an empty array") as found:
        for entry in metadata.entries:
            with found.each():
                at = str(entry.get("model_name"))
                expect(entry, at=Location.listing(at)).has(*_CATALOGUE)
                expect(entry["supports"], at=Location.listing(at, "supports")).is_a(list)
                for name in ("input_per_mtok", "output_per_mtok"):
                    expect(isinstance(entry[name], int | float), at=Location.listing(at, name)).is_true(
                        "a number", shown(entry[name])
                    )


def _documented_paths(request: Request) -> bool:
    return request.expects in {"embeddings", "text_completion"}


@check("flexai.paths", when=_documented_paths, unusable=True)
def test_documented_paths_exist(answer: Answer) -> None:
    conclusive(answer.status not in LIMIT_STATUSES, answer.said)
    gone = answer.status in {405, 501} or (answer.status == 404 and not answer.error_message)
    expect(not gone, at=Location.status()).is_true(f"an answer of POST {answer.request.path}", answer.said)
