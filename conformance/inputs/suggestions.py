"""What a mistyped word was likely meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """`; did you mean `x`?`, or nothing where no option comes close."""
    best = closest(word, options)
    return f"; did you mean `{best}`?" if best else ""


def closest(word: str, options: Iterable[str]) -> str:
    """The option that `word` was likely meant to be, or the empty string."""
    by_fold = {option.lower(): option for option in options}
    found = difflib.get_close_matches(word.lower(), list(by_fold), n=1, cutoff=0.6)
    return by_fold[found[0]] if found else ""
