"""badge.json, in the endpoint format of shields.io."""

from __future__ import annotations

import json

from conformance.model import Results
from conformance.report.text import one_line

_COLOURS = {"conformant": "brightgreen", "not conformant": "red", "incomplete": "yellow", "undetermined": "lightgrey"}


def render(results: Results) -> str:
    """The text of badge.json: the result, and how many MUSTs hold of those judged."""
    result = results.summary["result"]
    musts = results.summary["counts"]["MUST"]
    judged = musts["pass"] + musts["fail"]
    label = one_line(str(results.endpoint.get("label", "")), 40)
    document = {
        "schemaVersion": 1,
        "label": f"OpenAI API {label}".strip(),
        "message": f"{result} · {musts['pass']} of {judged} MUST" if judged else result,
        "color": _COLOURS.get(result, "lightgrey"),
        "isError": bool(results.summary.get("crashes")),
    }
    return json.dumps(document, indent=1) + "\n"
