"""Faults in the letters of an answer: text in other encodings, escaped or thinned out, and what no model has said."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

from conformance.reference.faults import edits
from conformance.reference.faults.registry import Seam, When, fault
from conformance.reference.server.call import Call, Json

_FREE = ("logprobs", "response_format", "tools", "stop")


def plain(call: Call) -> bool:
    """A chat of text alone: no other requirement looks at its letters."""
    return edits.accepted(call) and not any(call.sent.get(name) for name in _FREE)


def _letters(name: str, summary: str, write: Callable[[str], str], when: When = plain) -> None:
    """Writes every text otherwise, delta by delta where it is streamed."""

    def body(answer: Json, _call: Call) -> Json:
        for choice in answer["choices"]:
            if choice["message"].get("content"):
                choice["message"]["content"] = write(choice["message"]["content"])
        return answer

    def chunks(made: list[Json], _call: Call) -> list[Json]:
        for choice in edits.choices(made):
            if choice["delta"].get("content"):
                choice["delta"]["content"] = write(choice["delta"]["content"])
        return made

    fault(name, summary, Seam.CHUNKS, stream=True, when=when)(chunks)
    fault(name, summary, Seam.BODY, stream=False, when=when)(body)


_letters("text-deltas-stripped", "White space around every delta is removed.", str.strip)
_letters("text-mojibake", "The UTF-8 of every text is read as Latin-1.", lambda text: text.encode().decode("latin-1"))
_letters("text-escaped-twice", "Every text is escaped once more than once.", lambda text: json.dumps(text)[1:-1])
_letters(
    "text-character-references",
    "Characters are written as references of HTML.",
    lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
)
_letters(
    "text-vocabulary-pieces", "Spaces are spelt as the model's vocabulary does.", lambda text: text.replace(" ", "▁")
)
_letters("text-emoji-dropped", "Characters of four bytes are dropped.", lambda text: re.sub("[^\x00-\uffff]", "", text))
_letters("text-emoji-question-marks", "Emoji become ??.", lambda text: re.sub("[^\x00-\uffff]", "??", text))
_letters("text-ascii-only", "Characters beyond ASCII become ?.", lambda text: re.sub("[^\x00-\x7f]", "?", text))


def _said(name: str, summary: str, text: str, *, first: bool) -> None:
    """A delta of its own before or after the text."""

    def chunks(made: list[Json], _call: Call) -> list[Json]:
        spoken = [at for at, each in enumerate(made) if any(one["delta"].get("content") for one in each["choices"])]
        if not spoken:
            return made
        at = spoken[0] if first else spoken[-1] + 1
        return [*made[:at], edits.with_delta(made[0], {"content": text}), *made[at:]]

    fault(name, summary, Seam.CHUNKS, stream=True, when=plain)(chunks)


_said("delta-says-none", 'The first delta of the text is "None".', "None", first=True)
_said("delta-says-undefined", 'The last delta of the text is "undefined".', "undefined", first=False)
_said("delta-says-done", "The last delta of the text is [DONE].", "[DONE]", first=False)


_LEAKED = {
    "eos": "<eos>",
    "eos-bracket": "[EOS]",
    "pad": "<pad>",
    "byte": "<0x0A>",
    "im-sep": "<|im_sep|>",
    "fim": "<|fim_suffix|>",
    "end-of-turn": "<|END_OF_TURN_TOKEN|>",
    "utterance": "<end_of_utterance>",
    "unclosed": "<|im_end",
    "next-turn": "\nUser: ",
}
_LED = {
    "gmask": "[gMASK]<sop>",
    "space": "\u0120",
    "harmony": "analysisThe user greets.assistantfinal",
    "unused": "<unused94>thought\n",
    "role": "assistant\n\n",
    "role-colon": "Assistant: ",
    "sentence": "<s>",
}


def _beside(name: str, summary: str, text: str, *, first: bool) -> None:
    """Text beside every text, a delta of its own where it is streamed."""

    def body(answer: Json, _call: Call) -> Json:
        for choice in answer["choices"]:
            said = choice["message"].get("content")
            if said:
                choice["message"]["content"] = text + said if first else said + text
        return answer

    _said(name, summary, text, first=first)
    fault(name, summary, Seam.BODY, stream=False, when=plain)(body)


for _name, _text in _LEAKED.items():
    _beside(f"token-leaks-{_name}", f"Texts end with {_text.strip()}.", _text, first=False)
for _name, _text in _LED.items():
    _beside(f"token-leads-{_name}", f"Texts begin with {_text.strip()}.", _text, first=True)
