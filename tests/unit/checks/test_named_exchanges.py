"""A check that looks at several exchanges says of each finding which one it is about; by default it is the last."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from conformance.resources import suites_dir

_OF_SEVERAL = {"Run", "Transcript"}
_UNFILED = {"expect", "expect_each"}
"""What raises findings that name no exchange."""


def _names_no_exchange(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Name):
        return False
    named = len(call.args) > 4 or any(one.arg == "exchange" for one in call.keywords)
    return call.func.id in _UNFILED or (call.func.id == "broken" and not named)


def _calls(function: ast.FunctionDef) -> list[ast.Call]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Call)]


def _reached(name: str, functions: dict[str, ast.FunctionDef], seen: set[str]) -> set[str]:
    """The functions of one file that a function calls, at any depth, itself too."""
    if name in functions and name not in seen:
        seen.add(name)
        for call in _calls(functions[name]):
            _reached(call.func.id, functions, seen) if isinstance(call.func, ast.Name) else None
    return seen


def _unfiled(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, function in functions.items():
        kinds = {ast.unparse(one.annotation) for one in function.args.args if one.annotation}
        if function.decorator_list and kinds & _OF_SEVERAL:
            for reached in sorted(_reached(name, functions, set())):
                places = [call.lineno for call in _calls(functions[reached]) if _names_no_exchange(call)]
                yield from (f"{path.parent.name}/{path.name}:{line}, by way of {name}" for line in places)


def test_findings_over_several_exchanges_name_theirs() -> None:
    files = sorted(suites_dir().rglob("test_*.py"))
    assert len(files) > 40
    assert [place for path in files for place in _unfiled(path)] == []
