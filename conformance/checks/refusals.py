"""Judging requests that must be refused: what every such check says of a status that is not the right one."""

from __future__ import annotations

from collections.abc import Collection

from conformance.api.answer import Answer, Trouble
from conformance.api.errors import tells_only_of_error
from conformance.checks.expectations import broken, conclusive, unblocked
from conformance.checks.outcomes import NotApplicable, NotOffered
from conformance.model import LIMIT_STATUSES, Request
from conformance.model.location import Location

CLIENT_ERROR = range(400, 500)
"""The statuses that say: the mistake is the client's."""


_FILTERED = frozenset({"content_filter", "content_policy_violation"})
"""Codes of errors that say: it is the words of the prompt that are not answered."""


def must_stay_calm(request: Request) -> bool:
    """Whether a request is wrong on purpose in what its body says: `error.calm` tells of all that end in a crash."""
    packed = any(name.lower() == "content-encoding" for name, _ in request.headers)
    return request.invalid is not None and request.auth == "key" and not packed


def expect_refused(
    answer: Answer, statuses: Collection[int] = CLIENT_ERROR, *, even_as_error: bool = False, what: str = ""
) -> None:
    """The request was refused with one of the statuses; limits and outages leave it open.

    Args:
        answer: what came back.
        statuses: those that are right.
        even_as_error: also a 2xx status with an error in its body is a finding of this check; by default it is left to
            `error.status` and `stream.refused`.
        what: what is wrong with this request, where one check judges several.

    Raises:
        Broken: another status came, or none.
        Inconclusive: a limit was reached, or the server is down.
        Blocked: the body tells of an error, and the status of success; or the server failed, which `error.calm` tells.
    """
    status = answer.status
    conclusive(status not in LIMIT_STATUSES, said(answer))
    if status in statuses:
        return
    failed = must_stay_calm(answer.request) and (status is None or status >= 500)
    unblocked(not failed, f"a failure, which error.calm judges: {said(answer)}", by="error.calm")
    words = f"HTTP {status} with an error in its body"
    unblocked(even_as_error or not _tells_of_error(answer), words, by="error.status")
    wanted = "a 4xx status" if statuses == CLIENT_ERROR else " or ".join(f"HTTP {one}" for one in statuses)
    wanted += f", for {what}" if what else ""
    raise broken(wanted, said(answer), Location.status(), exchange=answer.exchange.id)


def expect_status(answer: Answer, wanted: int, *, or_else: Collection[int] = ()) -> None:
    """The answer has this status, or one of those that are as good and need no word; a finding tells the answer.

    Raises:
        Broken: another status came, or none.
    """
    if answer.status != wanted and answer.status not in or_else:
        raise broken(f"HTTP {wanted}", said(answer), Location.status(), exchange=answer.exchange.id)


def excuse_filtered(answer: Answer) -> None:
    """A prompt that was filtered got its answer: what others recorded may hold words that a host must not answer.

    The prompts of our own requests hold none; who filters them does not answer a valid request.

    Raises:
        NotApplicable: it was filtered, and a proper error says so.
        Blocked: the error came with the status of success.
    """
    error = answer.error if isinstance(answer.error, dict) else {}
    if answer.exchange.foreign and error.get("code") in _FILTERED:
        unblocked(not answer.exchange.ok, "an error that says the prompt was filtered, as a success", by="error.status")
        raise NotApplicable(f"the prompt was filtered: {said(answer)}")


def expect_granted(answer: Answer, wanted: str, *, refusable: bool = False) -> None:
    """The request was answered with what it asked for; limits leave it open.

    Args:
        answer: what came back.
        wanted: what was asked for, in words.
        refusable: a clean 4xx is as good; then there is nothing to judge.

    Raises:
        Broken: it was refused, failed, or the answer cannot be read.
        Inconclusive: a limit was reached.
        NotApplicable: it was refused, and may be.
    """
    if answer.trouble is not None:
        kind, words = answer.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        excuse_filtered(answer)
        if refusable and kind is Trouble.REFUSED:
            raise NotOffered(f"not offered: {answer.refusal}")
        at = Location.body() if answer.exchange.ok else Location.status()
        raise broken(wanted, words, at, exchange=answer.exchange.id)


def _tells_of_error(answer: Answer) -> bool:
    """Whether a body of success, whole or a stream, holds an error and nothing else."""
    if answer.document.readable and isinstance(answer.json, dict):  # a response has a member `error`, which is null
        return answer.exchange.ok and bool(answer.error) and tells_only_of_error(answer.exchange.content)
    return answer.exchange.ok and tells_only_of_error(answer.exchange.content)


def said(answer: Answer) -> str:
    """Status and the server's own words, whatever their shape, or how the answer failed to come."""
    return answer.said
