"""Stop strings: where the text ends, and that nothing before is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.api.answer import Trouble
from conformance.api.chat.reply import Choice, Reply
from conformance.api.chat.requests import prompt_of
from conformance.checks.batches import unsupported
from conformance.checks.check import check
from conformance.checks.expectations import applicable, broken, conclusive, gather, shown, unblocked
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
        applicable(not unsupported(reply, {"stop"}), f"not supported, and said so: {words}")
        raise broken(f"HTTP 200 with stop {shown(reply.request.param('stop'))}", words, Location.status())


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
    said = not _echoed(request) or text.startswith(_wanted(request).strip())
    conclusive(said, "the model did not echo")


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


@check("sampling.stop.kept", when=lambda request: _has_stop(request) and bool(_echoed(request)))
def test_nothing_before_the_stop_string_is_lost(reply: Reply) -> None:
    wanted = _wanted(reply.request).strip()
    with gather("no choice") as found:
        for choice in reply.choices:
            text = (choice.content or "").strip()
            conclusive(choice.finish_reason == "stop", "the answer did not come to its end")
            conclusive(wanted.startswith(text) or text.startswith(wanted), "the model did not echo")
            with found.each():
                if len(text) < len(wanted):
                    raise broken(shown(wanted), f"{shown(text)}: the end is lost", _text(choice))


def _text(choice: Choice) -> Location:
    return choice.place.down("/message/content")
