"""Whether what looks like a fault repeats: once a model may have done it itself, as a rule it is the server's doing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conformance.api.conversations import conversation_of
from conformance.model import Request

FEWEST = 3
"""Different conversations that must show the same before anybody speaks of a rule."""

MOST = 0.4
"""The part of all conversations that shows it then, where a model does it now and then at most."""

NEARLY_ALL = 0.9
"""The same for what a tiny model does every other time: it says nothing, or ends where the limit is."""


def is_the_rule(showing: Iterable[Request], judged: Iterable[Request], part: float = MOST) -> bool:
    """Whether more than a part of all conversations show it, three or more; one that is held again counts once.

    A model that is asked the same again may well say the same again: what it says to one prompt is no rule.

    Args:
        showing: the requests whose answers show it.
        judged: the requests of all answers that were judged.
        part: which part; `MOST` or `NEARLY_ALL`.
    """
    shown, asked = _conversations(showing), _conversations(judged)
    shares = [count / asked[one] for one, count in shown.items()]
    return sum(share > 0.5 for share in shares) >= FEWEST and sum(shares) > part * len(asked)


def _conversations(requests: Iterable[Request]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for request in requests:
        key = conversation_of(request)
        found[key] = found.get(key, 0) + 1
    return found
