"""Cassettes that keep requests and responses in two lists, as LangChain's gzipped ones do: the first answers the first.

Their headers, and often their URLs, are scrubbed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from conformance.recording.foreign.form import Form
from conformance.recording.foreign.vcr import VCR_NOTE, vcr_exchange


def _holds(document: Any) -> bool:
    lists = (document.get(name) for name in ("requests", "responses")) if isinstance(document, dict) else ()
    return [isinstance(one, list) for one in lists] == [True, True]


def _entries(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for request, response in zip_longest(document["requests"], document["responses"]):
        yield {"request": request, "response": response}


VCR_LISTS = Form("VCR cassette in two lists", VCR_NOTE, _holds, _entries, vcr_exchange)
