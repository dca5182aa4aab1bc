"""Error answers: the status and the body of a request that failed, or should have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from conformance.model import Expects
from conformance.wire.answer import Answer, Trouble
from conformance.wire.place import Place


@dataclass(frozen=True)
class ErrorResponse(Answer):
    """An answer with an error status, or an answer to a request that had to fail."""

    kind: ClassVar[str] = "error"

    @property
    def expected(self) -> bool:
        """Whether the request was made to fail."""
        return self.request.expects is Expects.ERROR

    @property
    def members(self) -> dict[str, Any]:
        """The error object, or an empty one."""
        return self.error if isinstance(self.error, dict) else {}

    @property
    def trouble(self) -> tuple[Trouble, str] | None:
        """An error answer is what we want here: only no answer at all is trouble, or a success."""
        if self.exchange.status is None:
            return super().trouble
        if self.exchange.status < 400:
            return Trouble.UNREADABLE, f"HTTP {self.exchange.status} in place of an error"
        return None

    def documents(self) -> Iterator[tuple[str, Any, Place]]:
        """The body, under the schema of errors."""
        yield "error", self.json, Place()
