"""What of other tools' recordings was left out: counted, with the reasons, as results and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.model import Recording, Results
from conformance.recording.foreign.form import is_judged, omissions
from conformance.text import cut

_EXAMPLES = 3
_LONGEST = 200


def count_left_out(recordings: Sequence[Recording]) -> dict[str, Any]:
    """How many exchanges were left out, of how many, and why, the most frequent reason first; empty where none was."""
    left_out = [one for recording in recordings for one in omissions(recording)]
    if not left_out:
        return {}
    judged = sum(is_judged(one) for recording in recordings for one in recording.exchanges)
    counts: dict[str, int] = {}
    examples: dict[str, dict[str, None]] = {}
    for one in left_out:
        reason = cut(one.reason, _LONGEST)
        counts[reason] = counts.get(reason, 0) + 1
        shown = examples.setdefault(reason, {})
        if len(shown) < _EXAMPLES:
            shown[cut(one.detail or one.source, _LONGEST)] = None
    ranked = sorted(counts, key=lambda reason: -counts[reason])
    reasons = [{"reason": why, "count": counts[why], "examples": list(examples[why])} for why in ranked]
    return {"count": len(left_out), "of": len(left_out) + judged, "reasons": reasons}


def has_several(results: Results) -> bool:
    """Whether rows of several endpoints stand together, so that each must say whose it is."""
    return len({row.result.endpoint for row in results.requirements if row.result.endpoint}) > 1


def say_left_out(counted: Mapping[str, Any]) -> str:
    """The same in words: `10 of 12 exchanges were left out: 10 because it has no HTTP status (a.yaml#3, …)`."""
    if not counted:
        return ""
    reasons = "; ".join(_say_reason(one) for one in counted["reasons"])
    return f"{counted['count']} of {counted['of']} exchanges were left out: {reasons}."


def _say_reason(one: Mapping[str, Any]) -> str:
    more = ", …" if one["count"] > len(one["examples"]) else ""
    return f"{one['count']} because {one['reason']} ({', '.join(one['examples'])}{more})"
