"""The page of what a suite's author may use: views, checks, scenarios, faults; made of their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

from conformance.api import views
from conformance.api.chat import tools
from conformance.catalogue import batched_requests, context, scenario
from conformance.checks import batches, check, expectations, outcomes, refusals, wording
from conformance.checks.heuristics import markup, midstream_errors, text_damage, token_counts
from conformance.model import Exchange, Location, Request
from conformance.reference.faults import edits, registry, rows

HEAD = """# What a suite may use

Generated from the docstrings; [authoring](authoring.md) tells how to write a check, a scenario, a provider and a fault.
Import each name from the module that stands in its heading.
"""


def suite_reference_page() -> str:
    """The whole page."""
    lines = [HEAD]
    lines += ["## Views", "", "A check asks for one of these by the name of its argument.", ""]
    for name, kind in sorted(views.view_classes().items()):
        lines += [f"### `{name}`: `{kind.__module__}.{kind.__name__}`", "", paragraph(kind), "", *members(kind), ""]
    lines += module_section("Checks", check, expectations, outcomes, refusals, batches, wording)
    lines += class_section("Places and requests", Location, Request, Exchange)
    lines += module_section("Tools in requests and answers", tools)
    lines += module_section("Heuristics", markup, midstream_errors, text_damage, token_counts)
    lines += module_section("Scenarios", scenario, context, batched_requests)
    lines += module_section("Faults", registry, rows, edits)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def module_section(title: str, *modules: ModuleType) -> Iterator[str]:
    """The public functions and classes that modules define."""
    yield from (f"## {title}", "")
    for module in modules:
        yield from (f"### `{module.__name__}`", "")
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "") == module.__name__
            if own and not name.startswith("_") and inspect.isfunction(value):
                yield f"- `{name}{signature(value)}`: {paragraph(value)}"
            elif own and not name.startswith("_") and inspect.isclass(value):
                yield f"- `{name}`: {paragraph(value)}"
                yield from (f"  {line}" for line in members(value))
        yield ""


def class_section(title: str, *classes: type[Any]) -> Iterator[str]:
    """Classes with their members."""
    yield from (f"## {title}", "")
    for one in classes:
        yield from (f"### `{one.__module__}.{one.__name__}`", "", paragraph(one), "", *members(one), "")


def members(kind: type[Any]) -> list[str]:
    """The public members of a class, its bases' too, each with the first sentence that its docstring says of it."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("conformance"):
            for name, value in vars(base).items():
                if not name.startswith("_") and (line := member(name, value)):
                    found[name] = line
    return [found[name] for name in sorted(found)]


def member(name: str, value: Any) -> str:
    """One line for a property or a method, nothing for anything else."""
    if isinstance(value, property | cached_property):
        function = value.fget if isinstance(value, property) else value.func
        return f"- `{name}`: {paragraph(function)}"
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    return f"- `{name}{signature(value)}`: {paragraph(value)}" if inspect.isfunction(value) and value.__doc__ else ""


def signature(function: Callable[..., Any]) -> str:
    """The arguments by name; what they are says the code."""
    names = []
    for one in inspect.signature(function).parameters.values():
        if one.name in {"self", "cls"}:
            continue
        star = "*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else ""
        names.append(f"{star}{one.name}" + ("=…" if one.default is not one.empty else ""))
    return f"({', '.join(names)})"


def paragraph(thing: Any) -> str:
    """The first paragraph of a docstring, in one line."""
    text = inspect.getdoc(thing) or ""
    first = " ".join(text.partition("\n\n")[0].split())
    return first if not first.startswith(f"{getattr(thing, '__name__', '')}(") else ""
