"""What a recorder wrote in place of a value that it would not keep: none of it is the endpoint's."""

from __future__ import annotations

import re
from typing import Any

from conformance.model import Headers

_LONGEST = 200
_STAND_IN = re.compile(
    r"""
      <[A-Za-z][\w .-]*>                                                                # <X_REQUEST_ID>
    | [\W_]*(?:[A-Za-z0-9]+[_-])*(?i:redacted|scrubbed|sanitized|placeholder)(?:[_-][A-Za-z0-9]+)*[\W_]*
    | [\W_]*(?:[A-Z0-9]+[_-])*(?:FILTERED|MASKED|REMOVED|HIDDEN|CENSORED|DUMMY)(?:[_-][A-Z0-9]+)*[\W_]*
    | \*{3,} | [xX]{4,}
    """,
    re.VERBOSE,
)
_TIMES = frozenset({"created", "created_at"})


def is_stand_in(value: str) -> bool:
    """Whether a text is what recorders write for one that they scrub: `<X_REQUEST_ID>`, `REDACTED`, `[FILTERED]`."""
    return len(value) <= _LONGEST and _STAND_IN.fullmatch(value.strip()) is not None


def is_scrubbed_member(name: str, value: Any) -> bool:
    """Whether the value of a JSON member was replaced: by a stand-in, or a time by 0."""
    if isinstance(value, str):
        return is_stand_in(value)
    return name in _TIMES and value == 0 and not isinstance(value, bool)


def kept_headers(headers: Headers) -> Headers:
    """The headers whose values the recorder kept; another is lost, as one that it left out is."""
    return tuple(pair for pair in headers if not is_stand_in(pair[1]))
