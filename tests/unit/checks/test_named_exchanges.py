"""A check that looks at several exchanges names the one of each finding, and what is in the way; none is implied."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
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


def _names_no_cause(call: ast.Call) -> bool:
    """Whether something is blocked without a word of the requirement that tells of what blocks it."""
    most = {"Blocked": 1, "unblocked": 2}.get(call.func.id, 99) if isinstance(call.func, ast.Name) else 99
    return len(call.args) <= most and not any(one.arg == "by" for one in call.keywords) and most < 99


def _calls(function: ast.FunctionDef) -> list[ast.Call]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Call)]


def _reached(name: str, functions: dict[str, ast.FunctionDef], seen: set[str]) -> set[str]:
    """The functions of one file that a function calls, at any depth, itself too."""
    if name in functions and name not in seen:
        seen.add(name)
        for call in _calls(functions[name]):
            _reached(call.func.id, functions, seen) if isinstance(call.func, ast.Name) else None
    return seen


def _places(path: Path, is_wrong: Callable[[ast.Call], bool]) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, function in functions.items():
        kinds = {ast.unparse(one.annotation) for one in function.args.args if one.annotation}
        if function.decorator_list and kinds & _OF_SEVERAL:
            for reached in sorted(_reached(name, functions, set())):
                places = [call.lineno for call in _calls(functions[reached]) if is_wrong(call)]
                yield from (f"{path.parent.name}/{path.name}:{line}, by way of {name}" for line in places)


FILES = sorted(suites_dir().rglob("test_*.py"))


def test_findings_over_several_exchanges_name_theirs() -> None:
    assert len(FILES) > 40
    assert [place for path in FILES for place in _places(path, _names_no_exchange)] == []


def test_what_is_blocked_over_several_exchanges_names_what_is_in_the_way() -> None:
    assert [place for path in FILES for place in _places(path, _names_no_cause)] == []
