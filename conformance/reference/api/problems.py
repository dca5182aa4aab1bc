"""Refusals: what the server says no to, with the status, wording and codes of api.openai.com."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(eq=False)  # frozen would forbid the traceback that context managers set
class ApiError(Exception):
    """A refusal; a dialect decides how its envelope looks."""

    status: int
    message: str
    param: str | None = None
    code: str | None = None
    type: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)


_NAMES = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
}


def _described(value: object) -> str:
    return "null" if value is None else _NAMES.get(type(value), "a value")


def wrong_type(param: str, expected: str, value: object) -> ApiError:
    """400 for a parameter of the wrong JSON type."""
    text = f"Invalid type for '{param}': expected {expected}, but got {_described(value)} instead."
    return ApiError(400, text, param, "invalid_type")


def wrong_value(param: str, value: object, supported: tuple[str, ...]) -> ApiError:
    """400 for a value outside a closed vocabulary."""
    names = ", ".join(f"'{name}'" for name in supported[:-1])
    listed = f"{names}, and '{supported[-1]}'" if names else f"'{supported[-1]}'"
    return ApiError(400, f"Invalid value: '{value}'. Supported values are: {listed}.", param, "invalid_value")


def missing_parameter(param: str) -> ApiError:
    """400 for a required parameter that is not there."""
    return ApiError(400, f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def unsupported_parameter(param: str, model: str) -> ApiError:
    """400 for a parameter that the model does not offer."""
    text = f"Unsupported parameter: '{param}' is not supported with this model ({model})."
    return ApiError(400, text, param, "unsupported_parameter")


def out_of_range(param: str, value: float, limit: float, *, kind: str, above: bool) -> ApiError:
    """400 for a number (`kind`: integer or decimal) beyond its bounds."""
    side, sign = ("above maximum", "<=") if above else ("below minimum", ">=")
    text = f"Invalid '{param}': {kind} {side} value. Expected a value {sign} {limit}, but got {value} instead."
    return ApiError(400, text, param, f"{kind}_{'above_max' if above else 'below_min'}_value")


def bad_length(param: str, what: str, limit: int, actual: int, *, long: bool) -> ApiError:
    """400 for an array or string that is too long or too short."""
    side, bound = ("too long", "maximum") if long else ("too short", "minimum")
    expected = f"Expected {what} with {bound} length {limit}"
    if not long and actual == 0:
        text = f"Invalid '{param}': empty {what}. {expected}, but got an empty {what} instead."
        return ApiError(400, text, param, f"empty_{what}")
    text = f"Invalid '{param}': {what} {side}. {expected}, but got length {actual} instead."
    return ApiError(400, text, param, f"{what}_{'above_max' if long else 'below_min'}_length")


def unknown_model(model: str) -> ApiError:
    """404 for a model that is not served."""
    text = f"The model `{model}` does not exist or you do not have access to it."
    return ApiError(404, text, None, "model_not_found")


def unknown_path(method: str, path: str) -> ApiError:
    """404 for a path that is not served."""
    return ApiError(404, f"Invalid URL ({method} {path})", None, "unknown_url")


def wrong_method(method: str, path: str, allowed: tuple[str, ...]) -> ApiError:
    """405 with the methods that the path has."""
    text = f"Not allowed to {method} on {path}."
    return ApiError(405, text, None, "method_not_supported", headers={"allow": ", ".join(allowed)})


_CHALLENGE = {"www-authenticate": 'Bearer realm="OpenAI API"'}


def no_key() -> ApiError:
    """401 for a request without a bearer key."""
    text = (
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY)."
    )
    return ApiError(401, text, None, "invalid_api_key", headers=_CHALLENGE)


def wrong_key(key: str) -> ApiError:
    """401 for a key that is not the server's; the key is shown masked."""
    masked = f"{key[:4]}{'*' * 12}{key[-4:]}" if len(key) >= 16 else "*" * 8
    text = f"Incorrect API key provided: {masked}. Check the key that the reference server was started with."
    return ApiError(401, text, None, "invalid_api_key", headers=_CHALLENGE)


def bad_json() -> ApiError:
    """400 for a body that is not a JSON object."""
    text = (
        "We could not parse the JSON body of your request. The API expects a JSON object, "
        "so if you are using a library, make sure that it sends one."
    )
    return ApiError(400, text)


def wrong_media_type(media_type: str) -> ApiError:
    """415 for a body that is not labelled as JSON."""
    text = f"Unsupported 'Content-Type' header: this method only accepts 'application/json', but got '{media_type}'."
    return ApiError(415, text, None, "unsupported_content_type")
