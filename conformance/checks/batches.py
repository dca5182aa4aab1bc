"""Judging requests that try many things at once: each single thing was accepted, with all else or alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from conformance.api.answer import Answer, Trouble
from conformance.api.views import Transcript
from conformance.checks.expectations import applicable, broken, conclusive, unblocked
from conformance.checks.explanations import blame
from conformance.model import Request
from conformance.model.location import Location

Traits = Callable[[Request], Collection[str]]
"""What a request tries, by names."""


def expect_accepted(
    transcript: Transcript,
    wanted: Collection[str],
    traits: Traits,
    words: str | Callable[[Request], str],
    *,
    in_words: bool = True,
) -> None:
    """What `wanted` names was accepted, with all else or alone.

    A refusal that says with the parameter's own name that the model does not support it is no failure: so does OpenAI.

    Args:
        transcript: the answers of one scenario.
        wanted: the traits to judge.
        traits: tells what a request tries.
        words: what should have been accepted, for people; or what tells it of a request.
        in_words: whether a refusal may say so in words alone, without OpenAI's `param` and `code`.

    Raises:
        Broken, Inconclusive, NotApplicable, Blocked: as the answers say.
    """
    asked = [one for one in transcript.answers if set(wanted) <= set(traits(one.request))]
    applicable(asked, "not tried")
    alone = [one for one in asked if set(traits(one.request)) == set(wanted)]
    for one in _smallest_first(alone or asked):
        if one.trouble is not None:
            parts = [part for part in transcript.answers if _is_part(part, wanted, traits) and part.trouble is not None]
            for part in parts[:1]:
                named = sorted(traits(part.request))
                _excuse(part, named, in_words=in_words)
                _judge_refusal(part, transcript, " and ".join(named), alone=True)
            said = words if isinstance(words, str) else words(one.request)
            _excuse(one, wanted, in_words=in_words)
            _judge_refusal(one, transcript, said, alone=bool(alone))


def _smallest_first(answers: Collection[Answer]) -> list[Answer]:
    """The answers to requests that try least come first: they name what is refused."""
    return sorted(answers, key=lambda one: len(one.request.json))


def _is_part(answer: Answer, wanted: Collection[str], traits: Traits) -> bool:
    """Whether a request tries some of what is wanted, and nothing else."""
    return set() < set(traits(answer.request)) < set(wanted)


def _excuse(one: Answer, wanted: Collection[str], *, in_words: bool) -> None:
    said = one.trouble[1] if one.trouble else ""
    applicable(not is_unsupported(one, wanted, in_words=in_words), f"not supported, and said so: {said}")


def _judge_refusal(one: Answer, transcript: Transcript, words: str, *, alone: bool) -> None:
    kind, said = one.trouble or (Trouble.FAILED, "")
    conclusive(kind is not Trouble.LIMITED and alone, said)
    answered = any(other.trouble is None for other in transcript.answers)
    unblocked(answered, f"no request of this scenario was answered: {said}", blame(one))
    raise broken(f"HTTP 200 with {words}", said, Location.status(), exchange=one.exchange.id)


_NOT_SUPPORTED = re.compile(r"unsupported|\b(?:not|n't|no longer)\b[^.]{0,40}\bsupport", re.IGNORECASE)


def is_unsupported(answer: Answer, names: Collection[str], *, in_words: bool = True) -> bool:
    """Whether a 400 says that a named parameter is not supported: by `param` and `code`, or by name in its words."""
    if answer.status != 400:
        return False
    error = answer.error if isinstance(answer.error, dict) else {}
    code, param = str(error.get("code") or ""), str(error.get("param") or "")
    if code.startswith("unsupported") and param.partition(".")[0] in names:
        return True
    words = answer.own_words if in_words else ""
    named = any(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", words) for name in names)
    return named and _NOT_SUPPORTED.search(words) is not None
