"""Limits: how an endpoint says that one was reached, and how near it is."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.errors import ErrorResponse
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown, unblocked
from conformance.checks.refusals import said
from conformance.checks.wording import tell_member
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

_LIMITED = re.compile(r"rate.?limit(ed| (was )?(reached|exceeded)|_exceeded|_error)|too many requests")
_QUOTA = re.compile(r"insufficient[ _]?(quota|credit|balance|funds)|exceeded your (current )?quota|out of credit")
_DURATION = re.compile(r"(?=.)(\d+d)?(\d+h)?(\d+m(?!s))?(\d+(\.\d+)?s)?(\d+(\.\d+)?ms)?")
_KINDS = {"rate_limit_exceeded", "rate_limit_error", "requests", "tokens", "insufficient_quota"}
_REQUESTS = ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests")
_IN_VAIN = {400, 401, 403, 404, 405, 413, 415, 422}
"""Statuses of requests that are refused however often they are sent."""

_LEAST_TOKENS = 100_000
"""What the prompt of limit.context holds at least, however it is cut into tokens."""


def _no_body_due(request: Request) -> bool:
    return request.method in {"HEAD", "OPTIONS"}


@check(
    "limit.status",
    when=lambda request: not _no_body_due(request) and request.expects != "other",
    unusable=True,
)
def test_a_limit_has_its_status(error: ErrorResponse) -> None:
    about = _LIMITED.search(f"{error.error_message} {error.members.get('code')} {error.members.get('type')}".lower())
    applicable(error.status == 429 or about, "no limit was reached")
    if error.status not in LIMIT_STATUSES:
        raise broken("HTTP 429", f"{said(error)}{_code_of(error)}", Location.status())


def _code_of(error: ErrorResponse) -> str:
    """The error's code, to be said after its words; nothing where it has none."""
    code = error.members.get("code")
    return "" if code is None else f" (code {shown(code)})"


@check("limit.retry_after")
def test_a_limit_says_when_to_come_back(error: ErrorResponse) -> None:
    applicable(error.status in LIMIT_STATUSES, "no limit was reached")
    applicable(
        "insufficient_quota" not in {error.members.get("code"), error.members.get("type")}, "credit is exhausted"
    )
    if error.lacks("retry-after") and error.lacks("retry-after-ms"):
        raise broken("Retry-After", f"HTTP {error.status} without it", Location.header("retry-after"))


@check("limit.retry_after.value")
def test_retry_after_can_be_read(error: ErrorResponse) -> None:
    value = (error.header("retry-after") or "").strip()
    applicable(value, "no Retry-After")
    if not re.fullmatch("[0-9]+", value) and not _is_date(value):
        raise broken("seconds, or a date", value, Location.header("retry-after"))


def _is_date(value: str) -> bool:
    try:
        return parsedate_to_datetime(value) is not None
    except (ValueError, TypeError):
        return False


@check("limit.code")
def test_a_limit_has_its_code(error: ErrorResponse) -> None:
    applicable(error.status == 429, "no 429")
    unblocked(error.members, "the body has no error object")
    said_of_it = [error.members.get(name) for name in ("code", "type")]
    if _KINDS.isdisjoint(one for one in said_of_it if isinstance(one, str)):
        raise broken(
            "code rate_limit_exceeded",
            f"{tell_member(error.members, 'code')}, {tell_member(error.members, 'type')}",
            Location.at("/error/code"),
        )


@check("limit.wording")
def test_a_limit_is_no_lack_of_credit(error: ErrorResponse) -> None:
    applicable(error.status == 429, "no 429")
    exhausted = "insufficient_quota" in {error.members.get("code"), error.members.get("type")}
    words = _QUOTA.search(error.words)
    if words and not exhausted:
        raise broken(
            "rate_limit_exceeded in plain words, or the code insufficient_quota", f'"{words[0]}"', Location.body()
        )
    passing = re.search(r"concurren|per (second|minute|hour)|try again in|rate.?limit", error.message.lower())
    if exhausted and passing:
        raise broken(
            "rate_limit_exceeded for a limit that passes", f'insufficient_quota: "{passing[0]}"', Location.body()
        )


@check("limit.headers")
def test_limits_are_told(reply: Reply) -> None:
    missing = [name for name in _REQUESTS if reply.lacks(name)]
    if missing:
        raise broken(", ".join(_REQUESTS), f"no {', '.join(missing)}", Location.headers())


@check("limit.remaining", unusable=True)
def test_what_is_left_is_within_the_limit(answer: Answer) -> None:
    with gather("no x-ratelimit headers") as found:
        for kind in ("requests", "tokens"):
            limit, left = (answer.header(f"x-ratelimit-{name}-{kind}") for name in ("limit", "remaining"))
            if limit is not None and left is not None:
                with found.each():
                    _within(left, limit, Location.header(f"x-ratelimit-remaining-{kind}"))


def _within(left: str, limit: str, at: Location) -> None:
    numbers = [int(value) for value in (left, limit) if re.fullmatch("[0-9]{1,18}", value.strip())]
    if len(numbers) < 2:
        raise broken("two numbers", f"{left} of {limit}", at)
    if numbers[0] > numbers[1]:
        raise broken(f"at most {limit}, the limit", left, at)


@check("limit.reset", unusable=True)
def test_resets_are_durations(answer: Answer) -> None:
    with gather("no x-ratelimit-reset headers") as found:
        for name in ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"):
            value = answer.header(name)
            if value is not None:
                with found.each():
                    if not _DURATION.fullmatch(value.strip()):
                        raise broken("a duration such as 6m0s", value, Location.header(name))


@check("limit.should_retry", unusable=True)
def test_should_retry_is_true_or_false(answer: Answer) -> None:
    value = answer.header("x-should-retry")
    applicable(value is not None, "no x-should-retry")
    if value not in {"true", "false"}:
        raise broken("true or false", str(value), Location.header("x-should-retry"))


@check("limit.should_retry.vain")
def test_no_vain_retry_is_asked_for(error: ErrorResponse) -> None:
    applicable(error.status in _IN_VAIN, f"HTTP {error.status}")
    applicable(error.header("x-should-retry") is not None, "no x-should-retry")
    if error.header("x-should-retry") == "true":
        raise broken(f"false, for HTTP {error.status} will come again", "true", Location.header("x-should-retry"))


@check("limit.context", scenario="limit.context")
def test_a_long_prompt_is_not_cut(reply: Reply) -> None:
    counted = (reply.usage or {}).get("prompt_tokens")
    conclusive(isinstance(counted, int), "the answer does not say how long the prompt was")
    if counted < _LEAST_TOKENS:
        expected = f"a refusal, or an answer to all of at least {_LEAST_TOKENS} tokens"
        raise broken(expected, f"HTTP 200 to {counted} of them", reply.usage_place.down("/prompt_tokens"))


@check("limit.context.code", scenario="limit.context")
def test_a_long_prompt_has_its_code(error: ErrorResponse) -> None:
    applicable(error.status in range(400, 500) and error.status not in {413, 429}, f"HTTP {error.status}")
    if (error.status, error.members.get("code")) != (400, "context_length_exceeded"):
        raise broken(
            "HTTP 400 with code context_length_exceeded",
            f"{said(error)}{_code_of(error) or ' (no code)'}",
            Location.at("/error/code"),
        )


@check("limit.large_body", scenario="limit.context", unusable=True)
def test_a_large_body_is_handled(reply: Reply) -> None:
    if reply.trouble is not None:
        kind, words = reply.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        if kind is not Trouble.REFUSED or not reply.body:
            raise broken("HTTP 200, or a 4xx status with an error body", words, Location.status())
