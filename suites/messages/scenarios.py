"""One conversation in all the forms that its messages may take."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.model import Exchange, Request
from conformance.scenarios import Context, scenario
from conformance.splitting import refused
from conformance.wire.reply import Completion

Message = dict[str, Any]

_ORDER = (
    "You are a careful librarian in an old town by the sea. You answer each question of a visitor in one short "
    "sentence, you never guess, and you always stay polite, even when the visitor is in a hurry."
)
_ASKED = (
    "Good morning! I am looking for the large books about the rivers and the mountains of South America that my "
    "sister saw here last summer. Can you tell me where they stand, please?"
)
_SAID = (
    "Good morning! The large books about rivers and mountains stand on the second floor, in the third row on the "
    "left side of the stairs, right behind the globe and next to the green armchair."
)
_POLITE = "Stay polite."
_THANKS = "Thank you."
_NEXT = "And where are the old maps?"


def _message(role: str, content: str, *, parts: bool = False, **more: str) -> Message:
    return {"role": role, **more, "content": [{"type": "text", "text": content}] if parts else content}


_SYSTEM = _message("system", _ORDER)
_TURNS = (_message("user", _ASKED), _message("assistant", _SAID), _message("user", f"{_THANKS} {_NEXT}"))


def _forms(head: list[Message]) -> list[list[Message]]:
    """The conversation with one thing changed at a time; `head` is the system message, where that is taken."""
    asked, said, after = _TURNS
    forms = [
        [_message("developer", _ORDER), *_TURNS],
        [*head, _message("user", _ASKED, parts=True), said, after],
        [*head, asked, _message("assistant", _SAID, parts=True), after],
        [*head, _message("user", _ASKED, name="Ada"), said, after],
        [*head, asked, said, _message("user", _THANKS), _message("user", _NEXT)],
    ]
    return [*forms, [_message("system", _ORDER, parts=True), *_TURNS], [*_TURNS, _SYSTEM]] if head else forms


def _everything() -> list[Message]:
    return [
        _message("developer", _ORDER, parts=True),
        _message("user", _ASKED, parts=True, name="Ada"),
        _message("assistant", _SAID, parts=True),
        _message("user", _THANKS),
        _message("user", _NEXT),
        _message("system", _POLITE, parts=True),
    ]


def _counted(exchange: Exchange) -> int:
    count = (Completion(exchange).usage or {}).get("prompt_tokens")
    return count if isinstance(count, int) else 0


@scenario("messages.forms", purpose="One conversation, plain and in all forms.", requests=(2, 10), tokens=2000)
def forms(context: Context) -> Generator[Request, Exchange, None]:
    """Plain strings first, then all forms at once; refused or shortened, each form alone."""

    def ask(messages: list[Message]) -> Request:
        return context.request(json={"model": context.model, "messages": messages, "$limit": 24}, refusable=True)

    plain = yield ask([_SYSTEM, *_TURNS])
    if refused(plain):
        yield ask(list(_TURNS))
    every = yield ask(_everything())
    if refused(every) or _counted(every) < _counted(plain):
        for messages in _forms([] if refused(plain) else [_SYSTEM]):
            yield ask(messages)
