"""The endpoints that options name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint, Limits, endpoint_from_url
from conformance.inputs.options import BudgetOptions, TargetOptions
from conformance.secrets.recognition import variable_problem

_NAME_ONE = "Give the base URL of an endpoint, or --config; `conformance demo` judges the embedded reference provider."

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER = "Put the value in an environment variable and write that variable's name: `--header X-Api-Key=MY_KEY`."


def resolve_targets(
    target: TargetOptions, budget: BudgetOptions, operations: Sequence[str] = ()
) -> tuple[list[Endpoint], Path | None]:
    """The endpoints that are named, each within the limits that were given, and the folder that a config names.

    `operations` are the paths of an API that people paste with a base URL; they are dropped from its end.

    Raises:
        UserError: no endpoint is named, a URL or config cannot be used, or options contradict each other.
    """
    if target.url is not None:
        if target.config:
            raise UserError("both a URL and --config were given", "Give one of them.")
        return [resolve_url(target, budget, operations)], None
    if not target.config:
        raise UserError("no endpoint was named", _NAME_ONE)
    from conformance.inputs.config_file import load_config

    _refuse_mixing(target)
    loaded = load_config(target.config, operations)
    named = [replace(one, label=target.label or one.label) for one in loaded.endpoints]
    return [_adjust(one, target, budget) for one in named], Path(loaded.out)


def resolve_url(
    target: TargetOptions, budget: BudgetOptions, operations: Sequence[str] = (), *, name: str | None = None
) -> Endpoint:
    """The endpoint at the URL that is given, within the limits that are given; `name` instead of one made of the URL.

    Raises:
        UserError: the URL is empty or cannot be a base URL, or a key was given instead of the name of its variable.
    """
    if not (target.url or "").strip():
        raise UserError("the URL is empty", _NAME_ONE)
    _refuse_bytes(target)
    endpoint = endpoint_from_url(
        target.url or "",
        name=name,
        api_key_env=target.api_key_env,
        models=target.models,
        profile=target.profile,
        headers_env=dict(map(split_header, target.secret_headers)),
        verify_tls=not target.insecure,
        label=target.label,
        operations=operations,
    )
    return _adjust(endpoint, target, budget)


def _refuse_bytes(target: TargetOptions) -> None:
    """Refuse bytes of the command line that are no text: Python keeps them as characters that nothing can carry."""
    for option, value in (("--label", target.label), *(("--model", model) for model in target.models)):
        if not value.isprintable():
            raise UserError(f"{option} holds a byte or a character that cannot be shown", "Write it as UTF-8 text.")


def split_header(words: str) -> tuple[str, str]:
    """A header's name and the name of the variable that holds its value, from `NAME=VAR`.

    Raises:
        UserError: it is not that; what stands after the `=` is not repeated.
    """
    name, _, variable = words.partition("=")
    if not _TOKEN.fullmatch(name):
        raise UserError("--header takes NAME=VAR: NAME is not the name of a header", _HEADER)
    if problem := variable_problem(variable):
        raise UserError(f"--header {name}=… {problem}", _HEADER)
    return name, variable


def _adjust(endpoint: Endpoint, target: TargetOptions, budget: BudgetOptions) -> Endpoint:
    timeouts = endpoint.timeouts if target.timeout is None else endpoint.timeouts.fit(target.timeout)
    return replace(endpoint, timeouts=timeouts, limits=_limits(endpoint.limits, budget))


def _limits(own: Limits, budget: BudgetOptions) -> Limits:
    named = {field.name: getattr(budget, f"max_{field.name}", None) for field in fields(own)}
    return replace(own, **{name: value for name, value in named.items() if value is not None})


def _refuse_mixing(target: TargetOptions) -> None:
    """Refuse options that a config would leave without effect."""
    options = {
        "--model": target.models,
        "--api-key-env": target.api_key_env,
        "--header": target.secret_headers,
        "--profile": target.profile,
        "--insecure": target.insecure,
    }
    for option, value in options.items():
        if value:
            raise UserError(f"both {option} and --config were given", "Write it into the config, endpoint by endpoint.")
