"""badge.json, in the endpoint format of shields.io, and badge.svg, the same badge drawn here."""

from __future__ import annotations

import html
import json
from typing import Any

from conformance.model import Results
from conformance.text import one_line

_COLOURS = {"conformant": "brightgreen", "not conformant": "red", "incomplete": "yellow", "undetermined": "lightgrey"}


_HEX = {"brightgreen": "#2e7d32", "red": "#b3261e", "yellow": "#8a6100", "lightgrey": "#57606a"}


def render(results: Results) -> str:
    """The text of badge.json: the result, and how many MUSTs hold of those judged."""
    return json.dumps(_badge(results), indent=1) + "\n"


def _badge(results: Results) -> dict[str, Any]:
    result = results.summary["result"]
    musts = results.summary["counts"]["MUST"]
    judged = musts["pass"] + musts["fail"]
    label = one_line(str(results.endpoint.get("label", "")), 40)
    return {
        "schemaVersion": 1,
        "label": f"OpenAI API {label}".strip(),
        "message": f"{result} · {musts['pass']} of {judged} MUST" if judged else result,
        "color": _COLOURS.get(result, "lightgrey"),
        "isError": bool(results.summary.get("crashes")),
    }


def render_svg(results: Results) -> str:
    """The text of badge.svg: self-contained, readable without colour."""
    badge = _badge(results)
    label, message = html.escape(badge["label"]), html.escape(badge["message"])
    left, right = _width(badge["label"]), _width(badge["message"])
    font = 'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#fff"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{label}: {message}"><title>{label}: {message}</title>'
        f'<rect width="{left}" height="20" fill="#3a3f45"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_HEX[badge["color"]]}"/>'
        f'<g {font} text-anchor="middle"><text x="{left / 2}" y="14">{label}</text>'
        f'<text x="{left + right / 2}" y="14">{message}</text></g></svg>\n'
    )


def _width(text: str) -> int:
    """Pixels that a text takes in Verdana of 11 px, with its margins."""
    return round(len(text) * 6.6) + 14
