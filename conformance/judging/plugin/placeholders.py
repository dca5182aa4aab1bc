"""Fixtures that stand for the arguments of checks; folding fills them in."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from conformance.api.views import view_names
from conformance.checks.check import CONTEXT


def placeholders() -> ModuleType:
    """A plugin with a fixture for each argument that a check may ask for: the views of every API that is known."""
    made = ModuleType("conformance_placeholders")
    vars(made).update({f"placeholder_{name}": _placeholder(name) for name in sorted(view_names() | CONTEXT)})
    return made


def _placeholder(name: str) -> Any:
    @pytest.fixture(name=name)
    def view() -> None:
        """A view that a check asks for; the folding fills it in."""

    return view
