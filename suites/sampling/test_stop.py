"""Stop strings: where the text ends, and that nothing before is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.api.answer import Trouble
from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.requests import prompt_of
from conformance.api.views import Run
from conformance.checks.batches import is_unsupported
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, doubtful, gather, shown, unblocked
from conformance.checks.wording import list_values
from conformance.model import Request
from conformance.model.location import Location

_ECHO = re.compile(r"\ARepeat exactly: (.+)\Z", re.DOTALL)


def _stops(request: Request) -> list[str]:
    stop = request.param("stop", [])
    return [one for one in ([stop] if isinstance(stop, str) else stop) if isinstance(one, str) and one]


def _has_stop(request: Request) -> bool:
    return bool(_stops(request)) and not request.invalid


def _echoed(request: Request) -> str:
    """The text that an echo is asked to repeat, or nothing."""
    found = _ECHO.match(prompt_of(request))
    return found.group(1) if found else ""


def _wanted(request: Request) -> str:
    """What is left of an echo by the rules: all that comes before the first stop string."""
    text = _echoed(request)
    ends = [text.index(one) for one in _stops(request) if one in text]
    return text[: min(ends)] if ends else text


def _spoken(reply: Reply) -> Iterator[Choice]:
    return (choice for choice in reply.choices if choice.content)


@check("sampling.stop.accepted", when=lambda request: _has_stop(request) and request.refusable, unusable=True)
def test_stop_is_accepted(reply: Reply) -> None:
    if reply.trouble is not None:
        kind, words = reply.trouble
        conclusive(kind is not Trouble.LIMITED, words)
        unblocked(kind not in {Trouble.UNREADABLE, Trouble.CUT}, words)
        applicable(reply.request.param("top_p") is None, "refused with other parameters; they are tried alone too")
        applicable(not is_unsupported(reply, {"stop"}), f"not supported, and said so: {words}")
        raise broken(f"HTTP 200 with stop {list_values(_stops(reply.request))}", words, Location.status())


def _due(request: Request) -> bool:
    """Whether a stop string should come up in the answer, as far as one can tell."""
    return _has_stop(request) and (not _echoed(request) or _wanted(request) != _echoed(request))


def _ends(reply: Reply) -> None:
    with gather("no text") as found:
        for choice in _spoken(reply):
            with found.each():
                _judge_end(reply.request, choice)


def _judge_end(request: Request, choice: Choice) -> None:
    text = choice.content or ""
    for stop in _stops(request):
        before, met, after = text.partition(stop)
        if met and after.strip():
            words = f"{shown(after, 60)} after it, and before it {shown(before, 60)}"
            raise broken(f"the end of the text at {shown(stop)}", words, _text(choice))
    if any(stop in text for stop in _stops(request)):
        return
    if _echoed(request):
        whole = text.strip() == _wanted(request).strip()
        conclusive(whole, "the model did not echo")
    else:
        conclusive(_counted_up_to_a_stop(request, choice), "no stop string came that could have ended the text")


def _counted_up_to_a_stop(request: Request, choice: Choice) -> bool:
    """Whether a count breaks off right before a number that is a stop string: that one came next."""
    said = re.findall(r"[0-9]{1,9}", choice.content or "")
    whole = len(said) > 2 and said == [str(number) for number in range(int(said[0]), int(said[0]) + len(said))]
    return whole and choice.finish_reason != "length" and str(int(said[-1]) + 1) in _stops(request)


@check("sampling.stop", when=lambda request: _due(request) and isinstance(request.param("stop"), str))
def test_the_text_ends_at_the_stop_string(reply: Reply) -> None:
    _ends(reply)


@check("sampling.stop.array", when=lambda request: _due(request) and isinstance(request.param("stop"), list))
def test_the_text_ends_at_any_stop_string(reply: Reply) -> None:
    _ends(reply)


@check("sampling.stop.removed", when=_has_stop)
def test_the_stop_string_is_no_part_of_the_text(reply: Reply) -> None:
    with gather("no text") as found:
        for choice in _spoken(reply):
            with found.each():
                for stop in _stops(reply.request):
                    if (choice.content or "").rstrip().endswith(stop.rstrip()):
                        words = f"{shown(stop)} at the end of {shown((choice.content or '')[-60:])}"
                        raise broken("text without the stop string", words, _text(choice))


@check("sampling.stop.finish", when=lambda request: _has_stop(request) and _wanted(request) != _echoed(request))
def test_a_stop_string_ends_with_stop(reply: Reply) -> None:
    with gather("no text") as found:
        for choice in _spoken(reply):
            conclusive((choice.content or "").strip() == _wanted(reply.request).strip(), "the model did not echo")
            with found.each():
                if choice.finish_reason != "stop":
                    raise broken('"stop"', shown(choice.finish_reason), choice.place.down("/finish_reason"))


@check(
    "sampling.stop.kept",
    when=lambda request: bool(_echoed(request)) and not request.invalid,
    shown_by=("sampling.stop", "sampling.values"),
)
def test_nothing_before_the_stop_string_is_lost(run: Run) -> None:
    asked = [reply for reply in run.replies if _has_stop(reply.request) and not reply.broken_off]
    applicable(any(reply.choices for reply in asked), "no choice")
    ended = [(reply, choice) for reply in asked for choice in reply.choices if choice.finish_reason == "stop"]
    conclusive(ended, "the answer did not come to its end")
    judged = [(reply, choice) for reply, choice in ended if _begins_alike(reply.request, choice)]
    conclusive(judged, "the model did not echo")
    obeys = any(_repeats(reply.request, choice) for reply in run.replies for choice in reply.choices)
    with gather() as found:
        for reply, choice in judged:
            wanted, text = _wanted(reply.request).strip(), (choice.content or "").strip()
            with found.each():
                if _is_short(reply.request, choice):
                    words, lost = f"{shown(text)}: the end is lost", wanted[len(text) :].strip()
                    held = obeys and any(one.startswith(lost) for one in _stops(reply.request))
                    raise doubtful(shown(wanted), words, _text(choice), certain=held, exchange=reply.exchange.id)


def _begins_alike(request: Request, choice: Choice) -> bool:
    wanted, text = _wanted(request).strip(), (choice.content or "").strip()
    return wanted.startswith(text) or text.startswith(wanted)


def _is_short(request: Request, choice: Choice) -> bool:
    return len((choice.content or "").strip()) < len(_wanted(request).strip())


def _repeats(request: Request, choice: Choice) -> bool:
    """Whether the model repeated a text to its end: then no other end is lost by the model."""
    return (choice.content or "").strip() == _wanted(request).strip()


def _text(choice: Choice) -> Location:
    return choice.place.down("/message/content")
