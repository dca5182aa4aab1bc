"""Pictures in messages: accepted in every form, refused when broken, counted."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.api.answer import Answer, Trouble
from conformance.api.chat.reply import Reply
from conformance.api.errors import ErrorResponse
from conformance.api.views import Run
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, unblocked
from conformance.checks.refusals import expect_granted, expect_refused
from conformance.model import CapabilityResult, Observed, Request
from conformance.model.location import Location

Offers = Mapping[str, CapabilityResult]


def _works(offers: Offers) -> None:
    """Pictures that fail altogether are one failure, of their capability."""
    cell = offers.get("vision")
    unblocked(
        cell is None or cell.observed not in {Observed.BROKEN, Observed.IGNORED},
        "capability.vision fails",
        by="capability.vision",
    )


def _accepted(reply: Reply, wanted: str) -> None:
    """The request was not refused; what is wrong with the answer as such is told elsewhere."""
    spoilt = reply.trouble is not None and reply.trouble[0] in {Trouble.UNREADABLE, Trouble.CUT}
    unblocked(not spoilt, "the answer cannot be read")
    expect_granted(reply, wanted)


def _parts(request: Request) -> list[dict[str, object]]:
    """The content parts of all messages."""
    messages = request.param("messages", [])
    contents = [one.get("content") for one in messages if isinstance(one, dict)]
    return [part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict)]


def _is_picture_alone(request: Request) -> bool:
    kinds = {part.get("type") for part in _parts(request)}
    return kinds == {"image_url"} and request.invalid is None


@check("vision.image_only", when=_is_picture_alone, unusable=True)
def test_a_picture_alone_is_accepted(reply: Reply, offers: Offers) -> None:
    _works(offers)
    _accepted(reply, "HTTP 200 with a chat completion")


def _about_detail(answer: Answer) -> bool:
    return "detail" in answer.error_message.lower() or "detail" in str(answer.error)


@check("vision.several", scenario="vision.several", unusable=True)
def test_several_pictures_are_accepted(reply: Reply, offers: Offers) -> None:
    _works(offers)
    applicable(not _about_detail(reply), "refused for its detail")
    _accepted(reply, "HTTP 200 with a chat completion for two pictures")


@check("vision.detail", scenario="vision.several", unusable=True)
def test_every_detail_is_accepted(reply: Reply, offers: Offers) -> None:
    _works(offers)
    if reply.trouble is not None:
        applicable(_about_detail(reply), "refused for another reason")
        _accepted(reply, "HTTP 200 with a chat completion for the details high and auto")


@check("vision.tokens", shown_by=("offer.vision", "vision.several"))
def test_each_picture_is_counted(run: Run, offers: Offers) -> None:
    _works(offers)
    one, two = (_prompt_tokens(run, name) for name in ("offer.vision", "vision.several"))
    applicable(one is not None and two is not None, "no two answers with usage to compare")
    if one is not None and two is not None and two[0] <= one[0]:
        raise broken(
            f"more than the {one[0]} prompt_tokens of the same words with one picture (exchange {one[1]})",
            f"{two[0]} with two pictures",
            Location.at("/usage/prompt_tokens"),
            exchange=two[1],
        )


def _prompt_tokens(run: Run, scenario: str) -> tuple[int, str] | None:
    """prompt_tokens of a scenario's answer, and its exchange."""
    replies = [one for one in run.of(scenario) if isinstance(one, Reply) and not one.trouble]
    counts = [((one.usage or {}).get("prompt_tokens"), one.exchange.id) for one in replies]
    return next(((count, id_) for count, id_ in counts if isinstance(count, int)), None)


@check("vision.no_url", scenario="vision.no_url", unusable=True)
def test_a_picture_without_url_is_refused(error: ErrorResponse, offers: Offers) -> None:
    _works(offers)
    expect_refused(error)


@check("vision.corrupt", scenario="vision.corrupt", unusable=True)
def test_a_broken_picture_is_refused(error: ErrorResponse, offers: Offers) -> None:
    _works(offers)
    expect_refused(error)
