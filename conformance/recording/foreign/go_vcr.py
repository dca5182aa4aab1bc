"""go-vcr's cassettes, versions 1 and 2: `interactions`, where a response has its `code` beside its `status` in words.

Lost as in vcrpy's. Go removes the Content-Encoding of what it decoded itself.
"""

from __future__ import annotations

from typing import Any

from conformance.recording.foreign.form import Form
from conformance.recording.foreign.vcr import VCR_NOTE, vcr_exchange


def _holds(document: Any) -> bool:
    rows = document.get("interactions") if isinstance(document, dict) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    response = first.get("response") if isinstance(first, dict) else None
    return isinstance(response, dict) and "code" in response


GO_VCR = Form("go-vcr cassette", VCR_NOTE, _holds, lambda document: document["interactions"], vcr_exchange)
