"""Where in an exchange something stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A name for people (`event 12`, `/choices/0/index`) and, where known, the byte range in the decoded body."""

    at: str = ""
    span: tuple[int, int] | None = None

    def __str__(self) -> str:
        return self.at

    def down(self, pointer: str) -> Place:
        """The same place, deeper: `event 12` and `/choices/0` give `event 12 /choices/0`."""
        if not pointer:
            return self
        apart = " " if self.at and not self.at.startswith("/") and " /" not in self.at else ""
        return Place(f"{self.at}{apart}{pointer}", self.span)


NOWHERE = Place()
