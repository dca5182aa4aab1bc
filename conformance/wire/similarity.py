"""Events that are alike: they differ in the letters of a text and in nothing else.

A long answer is a hundred chunks around a hundred words. What is judged of such a chunk, but for its text, was judged
of the first of its kind; and its JSON has the flaws of the first. So the first of a kind is read with all care, and the
others quickly.
"""

from __future__ import annotations

import re

_TEXT = re.compile(
    r'("(?:content|reasoning_content|reasoning|refusal|text|obfuscation)"\s*:\s*")[^"\\\x00-\x1f\x7f\ud800-\udfff\ufffd]+"'
)
"""A text that is not empty and holds no escape, no control character and nothing that decoding mended."""


_LONG = 10_000
"""Characters over which an event is like no other: nothing is gained there."""


def kind_of_event(data: str) -> str:
    """The data of an event without its texts and the quotation marks that end them: the same for events that are alike.

    Inside a JSON string every quotation mark has a backslash before it, so that no text passes for a member.
    """
    return data if len(data) > _LONG else "".join(_TEXT.split(data))
