"""Typed, bounded parameters: one small checker per kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.reference.api.problems import ApiError, bad_length, out_of_range, wrong_type, wrong_value

Checker = Callable[[str, Any], None]


def number(low: float, high: float) -> Checker:
    """A decimal within bounds."""

    def check(param: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong_type(param, "a decimal", value)
        _bounded(param, value, low, high, "decimal")

    return check


def integer(low: int | None = None, high: int | None = None) -> Checker:
    """An integer within bounds."""

    def check(param: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(param, "an integer", value)
        _bounded(param, value, low, high, "integer")

    return check


def _bounded(param: str, value: float, low: float | None, high: float | None, kind: str) -> None:
    if low is not None and value < low:
        raise out_of_range(param, value, low, kind=kind, above=False)
    if high is not None and not value <= high:
        raise out_of_range(param, value, high, kind=kind, above=True)


def boolean(param: str, value: Any) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong_type(param, "a boolean", value)


def string(param: str, value: Any) -> None:
    """Any text."""
    if not isinstance(value, str):
        raise wrong_type(param, "a string", value)


def one_of(*supported: str) -> Checker:
    """A word of a closed vocabulary."""

    def check(param: str, value: Any) -> None:
        string(param, value)
        if value not in supported:
            raise wrong_value(param, value, supported)

    return check


def mapping(param: str, value: Any) -> None:
    """A JSON object."""
    if not isinstance(value, dict):
        raise wrong_type(param, "an object", value)


def array(param: str, value: Any) -> None:
    """A JSON array."""
    if not isinstance(value, list):
        raise wrong_type(param, "an array", value)


def anything(param: str, value: Any) -> None:
    """Known and not looked at."""


def stop(param: str, value: Any) -> None:
    """A string, or up to four of them."""
    if isinstance(value, str):
        return
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise wrong_type(param, "one of a string or array of strings", value)
    if len(value) > 4:
        raise bad_length(param, "array", 4, len(value), long=True)


def logit_bias(param: str, value: Any) -> None:
    """A map of token id to a number in -100..100."""
    mapping(param, value)
    for token, bias in value.items():
        if not token.lstrip("-").isdigit():
            raise ApiError(
                400, f"Invalid key in '{param}': {token}. You should only be submitting non-negative integers.", param
            )
        number(-100, 100)(f"{param}.{token}", bias)


def metadata(param: str, value: Any) -> None:
    """Up to 16 pairs of strings."""
    mapping(param, value)
    if len(value) > 16:
        raise bad_length(param, "object", 16, len(value), long=True)
    for key, text in value.items():
        string(f"{param}.{key}", text)


def check_fields(body: Mapping[str, Any], known: Mapping[str, Checker], *, strict: bool = True) -> dict[str, Any]:
    """The body without its null members, each one checked.

    Args:
        body: the request as sent.
        known: a checker per parameter.
        strict: refuse parameters that are not known.

    Raises:
        ApiError: 400 for the first parameter that is unknown or wrong.
    """
    present = {name: value for name, value in body.items() if value is not None}
    if strict:
        for name in body:
            if name not in known:
                raise ApiError(400, f"Unrecognized request argument supplied: {name}")
    for name, value in present.items():
        if name in known:
            known[name](name, value)
    return present
