"""One conversation in all the forms that its messages may take."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from conformance.api.chat.reply import Completion
from conformance.catalogue.batched_requests import is_refused
from conformance.catalogue.context import Context
from conformance.catalogue.scenario import scenario
from conformance.model import Exchange, Request

Message = dict[str, Any]

_WHO = (
    (
        "You are a careful librarian in an old town by the sea, and for thirty years you have known every shelf, every "
        "ladder and every quiet corner of the house, down to the last drawer."
    ),
    (
        "You answer each question of a visitor in one short sentence, you never guess, and you always stay polite, "
        "even when the visitor is in a great hurry to catch the last ferry of the day."
    ),
)
_HOW = (
    "You speak in plain English words, you do not use foreign names for the books or for the rooms, and you are never "
    "tired of showing the way once more to whoever has lost it."
)
_NEVER = (
    "Whatever a visitor may ask of you today, you never promise what is not there, you never lend out the old globe, "
    "and you never send anybody down to the cellar without a lamp."
)
_ASKED = (
    (
        "Good morning! I am looking for the large books about the rivers and the mountains of South America that my "
        "sister saw here last summer, when she was writing her long letter about the trains."
    ),
    (
        "Can you tell me where they stand, please, and whether I may take two of them to the table by the window, "
        "where the light is better for the small print on the maps?"
    ),
)
_SAID = (
    (
        "Good morning! The large books about rivers and mountains stand on the second floor, in the third row on the "
        "left side of the stairs, right behind the globe and next to the green armchair."
    ),
    (
        "You may take two of them to the table by the window, as long as you bring them back to the same row before "
        "the bell rings at noon, for then the school class comes to see them."
    ),
)
_THANKS = "Thank you."
_NEXT = "And where are the old maps?"


def _message(role: str, *texts: str, parts: bool = False, **more: str) -> Message:
    """A message of several texts, each a part of its own or all in one string."""
    content = [{"type": "text", "text": text} for text in texts] if parts else " ".join(texts)
    return {"role": role, **more, "content": content}


_ORDER = (*_WHO, _HOW, _NEVER)
_SYSTEM = _message("system", *_ORDER)
_TURNS = (_message("user", *_ASKED), _message("assistant", *_SAID), _message("user", _THANKS, _NEXT))


def _forms(head: list[Message]) -> list[list[Message]]:
    """The conversation with one thing changed at a time; `head` is the system message, where that is taken."""
    asked, said, after = _TURNS
    forms = [
        [_message("developer", *_ORDER), *_TURNS],
        [*head, _message("user", *_ASKED, parts=True), said, after],
        [*head, asked, _message("assistant", *_SAID, parts=True), after],
        [*head, _message("user", *_ASKED, name="Ada"), said, after],
        [*head, asked, said, _message("user", _THANKS), _message("user", _NEXT)],
        [*head, _message("assistant", "Welcome!"), *_TURNS],
        [*head, asked, _message("assistant", ""), _message("user", "Hello?"), said, after],
        [*head, asked, said, _message("user", ""), _message("assistant", "Pardon?"), after],
    ]
    orders = [
        [_message("system", *_ORDER, parts=True), *_TURNS],
        [_message("system", *_WHO), _message("system", _HOW, _NEVER), *_TURNS],
        [*_TURNS, _SYSTEM],
    ]
    return [*forms, *orders] if head else forms


def _everything() -> list[Message]:
    """The same texts in every form at once: what is dropped of them outweighs what the additional messages cost."""
    return [
        _message("developer", *_WHO, parts=True),
        _message("system", _HOW),
        _message("assistant", ""),
        _message("user", *_ASKED, parts=True, name="Ada"),
        _message("user", ""),
        _message("assistant", *_SAID, parts=True),
        _message("user", _THANKS, _NEXT),
        _message("system", _NEVER),
    ]


def _counted(exchange: Exchange) -> int:
    count = (Completion(exchange).usage or {}).get("prompt_tokens")
    return count if isinstance(count, int) else 0


@scenario("messages.forms", purpose="One conversation, plain and in all forms.", requests=(2, 14), tokens=5600)
def forms(context: Context) -> Generator[Request, Exchange, None]:
    """Plain strings first, then all forms at once; refused or shortened, each form alone."""

    def ask(messages: list[Message]) -> Request:
        return context.request(json={"model": context.model, "messages": messages, "$limit": 24}, refusable=True)

    plain = yield ask([_SYSTEM, *_TURNS])
    if is_refused(plain):
        yield ask(list(_TURNS))
    every = yield ask(_everything())
    if is_refused(every) or _counted(every) < _counted(plain):
        for messages in _forms([] if is_refused(plain) else [_SYSTEM]):
            yield ask(messages)
