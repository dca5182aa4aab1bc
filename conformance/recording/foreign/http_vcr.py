"""The cassettes of Ruby's VCR and of R's vcr: `http_interactions: [{request, response, recorded_at}]`.

Ruby writes a binary body as `!binary`, R as `base64_string`, and its status may be a bare number. Lost as in vcrpy's.
"""

from __future__ import annotations

from typing import Any

from conformance.recording.foreign.form import Form
from conformance.recording.foreign.vcr import VCR_NOTE, vcr_exchange


def _holds(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("http_interactions"), list)


HTTP_VCR = Form(
    "cassette of Ruby's VCR or R's vcr", VCR_NOTE, _holds, lambda one: one["http_interactions"], vcr_exchange
)
