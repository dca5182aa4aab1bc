"""Answers of /embeddings: every vector, whether it came as numbers or as base64."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from conformance.api.answer import JsonAnswer
from conformance.model.location import Location


@dataclass(frozen=True, slots=True)
class Vector:
    """One entry of `data`: `sent` is its `embedding` as it stands there, `values` its numbers or None."""

    index: Any
    sent: Any
    values: tuple[float, ...] | None
    place: Location


@dataclass(frozen=True)
class Embeddings(JsonAnswer):
    """The answer to an embeddings request."""

    kind: ClassVar[str] = "embeddings"
    schema: ClassVar[str] = "embeddings"

    def _looks_empty(self) -> bool:
        return not self.body.get("data")

    @cached_property
    def vectors(self) -> tuple[Vector, ...]:
        """The entries of `data` that are objects, in the order of their appearance."""
        data = self.body.get("data")
        return tuple(
            Vector(
                entry.get("index"), sent := entry.get("embedding"), numbers_of(sent), Location.at(f"/data/{position}")
            )
            for position, entry in enumerate(data if isinstance(data, list) else [])
            if isinstance(entry, dict)
        )

    @property
    def usage(self) -> dict[str, Any]:
        """The usage object, or an empty one."""
        usage = self.body.get("usage")
        return usage if isinstance(usage, dict) else {}

    @property
    def packed(self) -> bool:
        """Whether the request asked for base64."""
        return self.request.asks("encoding_format", value="base64")

    @property
    def inputs(self) -> int:
        """How many vectors the request asked for."""
        given = self.request.param("input")
        several = isinstance(given, list) and any(isinstance(one, str | list) for one in given)
        return len(given) if several else 1


def numbers_of(sent: Any) -> tuple[float, ...] | None:
    """The numbers of a vector, from an array or from base64 of little-endian float32; None where it is neither."""
    if isinstance(sent, str):
        return _unpacked(sent)
    if isinstance(sent, list) and all(isinstance(one, int | float) and not isinstance(one, bool) for one in sent):
        return tuple(float(one) for one in sent) if not any(_huge(one) for one in sent) else None
    return None


def _huge(number: float) -> bool:
    """Whether an integer has too many digits for a float."""
    return isinstance(number, int) and abs(number) > 10**300


def _unpacked(sent: str) -> tuple[float, ...] | None:
    try:
        raw = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError):
        return None
    return struct.unpack(f"<{len(raw) // 4}f", raw) if len(raw) % 4 == 0 else None
