"""Chat answers as a whole: that they come, who they are, and that parameters with a visible effect have it."""

from __future__ import annotations

from conformance.judging import applicable, broken, check, conclusive, expect, gather, shown
from conformance.model import Request
from conformance.wire.place import Place
from conformance.wire.reply import Reply
from conformance.wire.views import Run


def _limit(request: Request) -> int | None:
    return request.param("max_completion_tokens", request.param("max_tokens"))


@check("chat.answered", when=lambda request: not request.needs and not request.refusable, unusable=True)
def test_a_valid_request_is_answered(reply: Reply) -> None:
    if reply.trouble is not None:
        kind, words = reply.trouble
        conclusive(kind != "limited", words)
        raise broken("HTTP 200 with a chat completion", words, at="status")


@check("chat.id.unique")
def test_ids_are_unique(run: Run) -> None:
    first: dict[tuple[str, str], str] = {}
    with gather("fewer than two answers") as found:
        for reply in run.replies:
            recording = reply.exchange.source.rpartition("#")[0]  # cassettes of others may hold an exchange twice
            key = (recording, str(reply.id))
            if reply.id and key in first:
                with found.each():
                    words = f"{shown(reply.id)} again, as in exchange {first[key]}"
                    raise broken("an id of its own", words, "/id", exchange=reply.exchange.id)
            found.judged += len(first) > 0
            first[key] = reply.exchange.id


@check("chat.n", when=lambda request: request.param("n", 1) > 1)
def test_n_choices_come_back(reply: Reply) -> None:
    wanted = list(range(reply.request.param("n")))
    indexes = sorted(choice.index for choice in reply.choices if isinstance(choice.index, int))
    expect(indexes, at=Place("/choices"), what="indexes of the choices").equals(wanted)


@check("chat.max_tokens", when=lambda request: _limit(request) is not None)
def test_the_output_limit_holds(reply: Reply) -> None:
    limit = _limit(reply.request)
    counted = (reply.usage or {}).get("completion_tokens")
    applicable(isinstance(counted, int), "no completion_tokens to compare")
    choices = max(reply.request.param("n", 1), 1)
    expect(counted, at=reply.usage_place, what="completion_tokens").at_most(limit * choices, f"at most {limit}")


@check("chat.length", scenario="chat.max_tokens")
def test_a_cut_answer_says_length(reply: Reply) -> None:
    limit, counted = _limit(reply.request), (reply.usage or {}).get("completion_tokens")
    conclusive(not isinstance(counted, int) or counted >= limit, f"the answer needed only {counted} of {limit} tokens")
    for choice in reply.choices:
        expect(choice.finish_reason, at=choice.place.down("/finish_reason")).equals("length")


@check("usage.total")
def test_total_is_the_sum(reply: Reply) -> None:
    usage = reply.usage or {}
    prompt, completion, total = (usage.get(f"{name}_tokens") for name in ("prompt", "completion", "total"))
    applicable(all(isinstance(count, int) for count in (prompt, completion, total)), "no three counts")
    expect(total, at=reply.usage_place.down("/total_tokens")).equals(prompt + completion)
