"""Messages: every role, order and form of content is taken, and reaches the model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from conformance.api.answer import Answer
from conformance.api.chat.reply import Reply
from conformance.api.errors import ErrorResponse
from conformance.api.views import Transcript
from conformance.checks.batches import expect_accepted
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, unblocked
from conformance.checks.explanations import blame
from conformance.checks.outcomes import Blocked
from conformance.checks.refusals import expect_refused
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_ORDERS = {"system", "developer"}
_PLAIN = {"model", "messages", "max_tokens", "max_completion_tokens"}
_SLACK = 20
"""Prompt tokens by which the same texts may differ for their form; each of the long texts has more."""


def _traits(request: Request) -> set[str]:
    """What is out of the ordinary in a conversation; a system message at its head is not."""
    return set(_traits_of(request.json["messages"]))


def _traits_of(messages: list[dict[str, Any]]) -> Iterator[str]:
    for message in messages:
        if message["role"] == "developer":
            yield "developer"
        if isinstance(message["content"], list):
            yield f"{message['role'].replace('developer', 'system')} parts"
        if "name" in message:
            yield "name"
        if message["content"] == "":
            yield f"{message['role']} blank"
    roles = [message["role"] for message in messages]
    if any(one == two == "user" for one, two in pairwise(roles)):
        yield "two in a row"
    if set(roles[:2]) <= _ORDERS:
        yield "two systems"
    if next(role for role in roles if role not in _ORDERS) == "assistant":
        yield "assistant first"
    if roles[-1] == "system":
        yield "system last"


def _taken(transcript: Transcript, trait: str, words: str) -> None:
    expect_accepted(transcript, [trait], _traits, words)


def _plain(transcript: Transcript, *, system: bool) -> Answer | None:
    """The answer to the conversation in plain strings, with or without its system message."""
    return next(
        (
            one
            for one in transcript.answers
            if not _traits(one.request) and (one.request.json["messages"][0]["role"] in _ORDERS) is system
        ),
        None,
    )


@check("messages.turns", scenario="messages.forms", unusable=True)
def test_a_conversation_is_answered(transcript: Transcript) -> None:
    answer = _plain(transcript, system=False) or _plain(transcript, system=True)
    if answer is not None and answer.trouble is not None:
        conclusive(answer.status not in LIMIT_STATUSES, answer.trouble[1])
        unblocked(not answer.exchange.ok, answer.trouble[1], blame(answer))
        raise broken(
            "HTTP 200 for user, assistant, user", answer.trouble[1], Location.status(), exchange=answer.exchange.id
        )


@check("messages.system", scenario="messages.forms", unusable=True)
def test_a_system_message_is_accepted(transcript: Transcript) -> None:
    with_system, without = _plain(transcript, system=True), _plain(transcript, system=False)
    if with_system is not None and with_system.trouble is not None:
        conclusive(with_system.status not in LIMIT_STATUSES, with_system.trouble[1])
        if without is None or without.trouble is not None:
            raise Blocked("the conversation is not answered without a system message either", by="messages.turns")
        words = with_system.trouble[1]
        raise broken("HTTP 200 with a system message", words, Location.status(), exchange=with_system.exchange.id)


@check("messages.developer", scenario="messages.forms", unusable=True)
def test_the_developer_role_is_accepted(transcript: Transcript) -> None:
    _taken(transcript, "developer", "a developer message")


@check("messages.parts.user", scenario="messages.forms", unusable=True)
def test_parts_of_the_user_are_accepted(transcript: Transcript) -> None:
    _taken(transcript, "user parts", "a user's content in parts")


@check("messages.parts.system", scenario="messages.forms", unusable=True)
def test_parts_of_the_system_are_accepted(transcript: Transcript) -> None:
    _taken(transcript, "system parts", "a system message in parts")


@check("messages.parts.assistant", scenario="messages.forms", unusable=True)
def test_parts_of_the_assistant_are_accepted(transcript: Transcript) -> None:
    _taken(transcript, "assistant parts", "an assistant's content in parts")


@check("messages.name", scenario="messages.forms", unusable=True)
def test_a_name_is_accepted(transcript: Transcript) -> None:
    _taken(transcript, "name", "a name beside the role")


@check("messages.order", scenario="messages.forms", unusable=True)
def test_two_of_one_role_are_accepted(transcript: Transcript) -> None:
    _taken(transcript, "two in a row", "two user messages in a row")


@check("messages.system.last", scenario="messages.forms", unusable=True)
def test_a_system_message_at_the_end_is_accepted(transcript: Transcript) -> None:
    _taken(transcript, "system last", "a system message at the end")


@check("messages.system.several", scenario="messages.forms", unusable=True)
def test_several_system_messages_are_accepted(transcript: Transcript) -> None:
    _taken(transcript, "two systems", "two system messages at the head")


@check("messages.assistant.first", scenario="messages.forms", unusable=True)
def test_an_assistant_may_begin(transcript: Transcript) -> None:
    _taken(transcript, "assistant first", "an assistant message before any of the user")


@check("messages.assistant.blank", scenario="messages.forms", unusable=True)
def test_an_assistant_may_have_said_nothing(transcript: Transcript) -> None:
    _taken(transcript, "assistant blank", 'an assistant message with content ""')


@check("messages.user.blank", scenario="messages.forms", unusable=True)
def test_a_user_may_have_said_nothing(transcript: Transcript) -> None:
    _taken(transcript, "user blank", 'a user message with content ""')


def _odd(request: Request) -> set[str]:
    """How a conversation of few words begins or ends, and whether parameters are tried with it."""
    roles = [message["role"] for message in request.json["messages"]]
    found = {"parameters"} if set(request.json) - _PLAIN else set()
    found |= {"half a character"} if any("\ud83d" in one["content"] for one in request.json["messages"]) else set()
    return found | (
        {"system only"} if roles == ["system"] else {"assistant last"} if roles[-1] == "assistant" else set()
    )


@check("messages.system.only", scenario="sampling.values", unusable=True)
def test_a_system_message_alone_is_accepted(transcript: Transcript) -> None:
    expect_accepted(transcript, ["system only"], _odd, "a system message and no other")


@check("messages.assistant.last", scenario="sampling.optional", unusable=True)
def test_an_assistant_may_come_last(transcript: Transcript) -> None:
    expect_accepted(transcript, ["assistant last"], _odd, "an assistant message at the end")


@check("messages.kept", scenario="messages.forms", unusable=True)
def test_no_text_is_dropped(transcript: Transcript) -> None:
    plain = _plain(transcript, system=False) or _plain(transcript, system=True)
    least = _prompt(plain)
    applicable(plain is not None and least is not None, "no prompt_tokens of the plain conversation")
    with gather("no other form of the conversation was answered") as found:
        forms = [one for one in transcript.answers if one is not plain and _prompt(one) is not None]
        alone = [one for one in forms if len(_traits(one.request)) == 1]
        for one in alone or forms:
            with found.each():
                counted = _prompt(one) or 0
                if counted < (least or 0) - _SLACK:
                    what = ", ".join(sorted(_traits(one.request)))
                    words = f"{counted} with {what}: text is dropped"
                    raise broken(f"about {least} prompt_tokens", words, Location.at("/usage"), exchange=one.exchange.id)


def _prompt(answer: Answer | None) -> int | None:
    if not isinstance(answer, Reply) or answer.trouble is not None:
        return None
    count = (answer.usage or {}).get("prompt_tokens")
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _without_messages(request: Request) -> bool:
    return isinstance(request.json, dict) and "messages" not in request.json and bool(request.invalid)


@check("messages.missing", when=lambda request: _without_messages(request) and "chat" in request.path, unusable=True)
def test_missing_messages_are_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("messages.empty", scenario="messages.empty", unusable=True)
def test_no_messages_are_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("messages.type.bad", scenario="messages.type.bad", unusable=True)
def test_messages_of_a_wrong_type_are_refused(error: ErrorResponse) -> None:
    expect_refused(error)


@check("messages.role.bad", scenario="messages.role.bad", unusable=True)
def test_an_unknown_role_is_refused(error: ErrorResponse) -> None:
    expect_refused(error)
