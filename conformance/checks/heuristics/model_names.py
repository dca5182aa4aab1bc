"""Whether two names are names of one model: what was asked for, and what the answer says."""

from __future__ import annotations

import re
from collections.abc import Collection

_WORDS = re.compile(r"[a-z]+|\d+")
_VERSION = re.compile(
    r"(?:[-@:_](?:20\d\d-?\d\d-?\d\d|\d\d-20\d\d|\d\d-\d\d|\d{3,4}|\d{6}|v\d+(?:[.:]\d+)*|latest|preview|exp|beta|free))+\Z"
)
"""What may follow the name in a version of it: dates, numbers of versions, and words for them."""

_SIZE = re.compile(r"(?<![a-z\d.])(\d+(?:\.\d+)?)[bm](?![a-z\d])")
_FLUFF = {"latest", "preview", "exp", "beta", "instruct", "it", "chat", "free", "v", "b", "m"}


def is_version(asked: str, served: str) -> bool:
    """Whether both are one name but for a date or the number of a version, which only one of them says."""
    (stem, version), (other, theirs) = (_split(name) for name in (asked, served))
    numbered = any(letter.isdigit() for letter in version)
    return stem == other and (not numbered or not theirs or version == theirs)


def _split(name: str) -> tuple[str, str]:
    """A name without its provider: what it is called, and which version of it."""
    name = name.casefold().rpartition("/")[2]
    found = _VERSION.search(name)
    return (name[: found.start()], found.group()) if found else (name, "")


def are_related(asked: str, served: str) -> bool:
    """Whether two names may be of one model, as far as names tell: they share a word of it, and their sizes agree.

    A name without a number is what an alias, a router or a deployment is called, and may stand for any model.
    """
    if not any(letter.isdigit() for letter in asked):
        return True
    sizes = [set(_SIZE.findall(name.casefold())) for name in (asked, served)]
    if all(sizes) and not sizes[0] & sizes[1]:
        return False
    ours, theirs = (set(_WORDS.findall(name.casefold().rpartition("/")[2])) - _FLUFF for name in (asked, served))
    shared = {word for word in ours & theirs if not word.isdigit()}
    return bool(shared) or ours <= theirs or theirs <= ours


def is_alias(served: str, entry: object) -> bool:
    """Whether the list's entry of the model that was asked for names the one that answered, as a root or alias."""
    if isinstance(entry, dict):
        return any(is_alias(served, value) for value in entry.values())
    if isinstance(entry, list):
        return any(is_alias(served, value) for value in entry)
    return isinstance(entry, str) and bool(entry) and (entry == served or is_version(entry, served))


def is_listed(served: str, listed: Collection[str]) -> bool:
    """Whether the list names the model that answered, in this case or another."""
    return served in listed or served.casefold() in {name.casefold() for name in listed}
