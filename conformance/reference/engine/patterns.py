"""A string that matches a regular expression, for the expressions that JSON Schemas usually hold."""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any


def generate_matching(pattern: str, least: int = 0) -> str:
    """A string that `pattern` matches, `least` characters or more where a repeat allows it; `""` if not understood."""
    try:
        parsed = _parser.parse(pattern)
    except re.error:
        return ""
    for extra in range(max(least, 0) + 2):
        text = "".join(_piece(operation, argument, extra) for operation, argument in parsed)
        if len(text) >= least and re.search(pattern, text):
            return text
    return "".join(_piece(operation, argument, 0) for operation, argument in parsed)


def _piece(operation: Any, argument: Any, extra: int) -> str:
    name = str(operation)
    if name == "LITERAL":
        return chr(argument)
    if name == "IN":
        return _member(argument)
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, inner = argument  # a repeat
        times = int(least) + extra if most is _constants.MAXREPEAT else min(int(least) + extra, int(most))
        return "".join(_piece(each, value, 0) for each, value in inner) * times
    if name == "SUBPATTERN":
        return "".join(_piece(each, value, extra) for each, value in argument[3])
    if name == "BRANCH":
        return "".join(_piece(each, value, extra) for each, value in argument[1][0])
    return "a" if name in ("ANY", "NOT_LITERAL") else ""


def _member(choices: Any) -> str:
    """One character of a class."""
    if str(choices[0][0]) == "NEGATE":
        barred = {_member([each]) for each in choices[1:]}
        return next(each for each in "zk7-_ " if each not in barred)
    operation, argument = choices[0]
    if str(operation) == "LITERAL":
        return chr(argument)
    if str(operation) == "RANGE":
        return chr(argument[0])
    return {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(str(argument), "a")
