"""One word is one thing, and functions are verbs: what the names of the package must keep."""

from __future__ import annotations

import ast
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

METHODS_OF_A_PROTOCOL = frozenset({"render"})
"""Functions that every report format has under one name."""

COMMANDS = "conformance.commands.app"
"""The commands' own names stand here once more, as click finds them."""

NO_VERBS_BY_DESIGN = frozenset({"unblocked", "string", "mapping", "anything", "embed"})
"""`unblocked(…)` reads beside `applicable(…)` and `conclusive(…)` in a check; the others name the shape of a value."""


def definitions(kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[tuple[str, str]]:
    """Name and module of every public definition at the top of a module."""
    for path in sorted((ROOT / "conformance").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, kind) and not node.name.startswith("_"):  # type: ignore[attr-defined]
                yield node.name, module  # type: ignore[attr-defined]


def shared(kind: type[ast.AST] | tuple[type[ast.AST], ...], outside: str = "\0") -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, module in definitions(kind):
        if not module.startswith((outside, COMMANDS)):
            found[name].append(module)
    return {name: modules for name, modules in found.items() if len(modules) > 1}


def test_no_two_public_classes_share_a_name() -> None:
    assert shared(ast.ClassDef) == {}


def test_no_two_public_functions_share_a_name() -> None:
    found = shared((ast.FunctionDef, ast.AsyncFunctionDef), outside="conformance.reference")
    assert found.keys() <= METHODS_OF_A_PROTOCOL, found


def test_no_function_is_a_bare_participle() -> None:
    ending = re.compile(r"[a-z]{3,}(?:ed|ing)")
    names = {name for name, _ in definitions((ast.FunctionDef, ast.AsyncFunctionDef)) if ending.fullmatch(name)}
    assert names <= NO_VERBS_BY_DESIGN, sorted(names - NO_VERBS_BY_DESIGN)


def glossary() -> dict[str, str]:
    """Each word that names a thing of the tree, with its place below `conformance`."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    return dict(re.findall(r"^\| ([^|]+?) \| [^|\n]+ \| `([\w.]+)` \|$", text, re.MULTILINE))


@pytest.mark.parametrize(("word", "place"), glossary().items())
def test_every_word_of_the_glossary_is_found_in_the_tree(word: str, place: str) -> None:
    assert pkgutil.resolve_name(f"conformance.{place}") is not None, word


def test_the_glossary_names_a_place_for_nearly_every_word() -> None:
    assert len(glossary()) >= 30
