"""A miniature server: all is right but its model, a tiny one that says nothing, babbles, ends early or says odd things.

The server is the reference provider. What is forced, a call or a document by a schema, comes as it should: such servers
constrain the tokens. Whatever the model chooses itself is drawn by chance, from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from conformance.reference.engine import replies, scripted_model
from conformance.reference.engine.scripted_model import ScriptedAnswer, tokenize
from conformance.reference.model_list import ModelCard
from conformance.reference.server.serving import ReferenceServer

Answer = Callable[[Mapping[str, Any], ModelCard], ScriptedAnswer]

MODEL = "reference-dumb"
END = ""
"""The token that ends a text: counted like any other, and nothing to be seen of it."""

_WORDS = (
    " once",
    " upon",
    " a",
    " time",
    " there",
    " was",
    " the",
    " little",
    " cat",
    ",",
    ".",
    " Lily",
    " saw",
    " and",
)
_ODD = ("</think>", "</tool_call>", "</s>", "<|im_end|>", "\ufffd", "{", "}", "<tool_call>", "[INST]", "None", "\n\n")
_BEGINNINGS = ("assistant:", "\n", " ", "model\n", "\ufffd", "None")


class TinyModel:
    """Answers in the place of the scripted model."""

    def __init__(self, seed: int, plain: Answer) -> None:
        self._chance = random.Random(seed)
        self._plain = plain

    def answer(self, body: Mapping[str, Any], card: ModelCard) -> ScriptedAnswer:
        """What is forced as the scripted model does it, all else by chance."""
        if card.id != MODEL or _is_forced(body):
            return self._plain(body, card)
        limit = int(body.get("max_completion_tokens") or body.get("max_tokens") or 200)
        said = self._cut([*self._says(body, limit)], body.get("stop"))
        full = len(said) > limit
        return ScriptedAnswer((), tuple(said[:limit]), (), "length" if full else "stop")

    def _says(self, body: Mapping[str, Any], limit: int) -> list[str]:
        draw = self._chance.random()
        if draw < 0.2:  # nothing at all
            return [END]
        if draw < 0.45:  # what it was asked to say, but for the end
            told = tokenize(replies.reply(list(body["messages"])))
            return [*told[: self._chance.randint(0, len(told))], END]
        if draw < 0.55:  # up to the limit, where its end is the last token
            return [*self._babble(min(limit, 200) - 1), END]
        return [*self._babble(self._chance.randint(1, 60)), END]

    def _babble(self, length: int) -> list[str]:
        said = [self._chance.choice(_WORDS) for _ in range(length)]
        if said and self._chance.random() < 0.2:
            said[0] = self._chance.choice(_BEGINNINGS)
        elif said:
            said[0] = said[0].strip().capitalize()
        if said and self._chance.random() < 0.3:
            said[self._chance.randrange(len(said))] = self._chance.choice(_ODD)
        return said

    def _cut(self, said: list[str], stop: Any) -> list[str]:
        stops = [stop] if isinstance(stop, str) else list(stop or ())
        text = "".join(said)
        ends = [text.index(one) for one in stops if one and one in text]
        return said if not ends else [*tokenize(text[: min(ends)]), END]


def _is_forced(body: Mapping[str, Any]) -> bool:
    choice, form = body.get("tool_choice"), body.get("response_format") or {}
    return isinstance(choice, dict) or choice == "required" or form.get("type", "text") != "text"


@contextmanager
def serving(seed: int) -> Iterator[ReferenceServer]:
    """The server, from `with` to its end.

    Args:
        seed: from which the model draws what it says.
    """
    plain = scripted_model.answer
    scripted_model.answer = TinyModel(seed, plain).answer
    try:
        with ReferenceServer() as server:
            yield server
    finally:
        scripted_model.answer = plain
