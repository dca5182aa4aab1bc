"""Whom a command works on, and where the bundles go."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint, Limits


@contextlib.contextmanager
def targets(given: Mapping[str, Any]) -> Iterator[tuple[list[Endpoint], Path | None]]:
    """The endpoints to work on, each within the limits that were given, and the folder that a config names."""
    with _named(given) as (endpoints, base):
        yield [replace(one, limits=_limits(one.limits, given)) for one in endpoints], base


def _limits(own: Limits, given: Mapping[str, Any]) -> Limits:
    named = {field.name: given.get(f"max_{field.name}") for field in fields(own)}
    return replace(own, **{name: value for name, value in named.items() if value is not None})


@contextlib.contextmanager
def _named(given: Mapping[str, Any]) -> Iterator[tuple[list[Endpoint], Path | None]]:
    """The endpoints to work on, and the folder that a config names; the embedded provider lives as long as this."""
    from conformance.api.registry import operations
    from conformance.inputs.config_file import load_config
    from conformance.inputs.endpoint import endpoint_from_url

    url, config = given["url"], given["config"]
    if url and config:
        raise UserError("both a URL and --config were given", "Give one of them.")
    if config:
        _refuse_mixing(given)
        loaded = load_config(config, operations())
        yield [replace(one, label=given["label"] or one.label) for one in loaded.endpoints], Path(loaded.out)
    elif url:
        named = {"api_key_env": given["api_key_env"], "models": given["models"], "profile": given["profile"]}
        more = {"verify_tls": not given["insecure"], "label": given["label"], "operations": operations()}
        yield [endpoint_from_url(url, **named, **more)], None
    else:
        with _embedded(given) as endpoint:
            yield [endpoint], None


def _refuse_mixing(given: Mapping[str, Any]) -> None:
    """Refuse options that a config would leave without effect."""
    options = {"models": "--model", "api_key_env": "--api-key-env", "profile": "--profile", "insecure": "--insecure"}
    for name, option in options.items():
        if given[name]:
            raise UserError(f"both {option} and --config were given", "Write it into the config, endpoint by endpoint.")


@contextlib.contextmanager
def _embedded(given: Mapping[str, Any]) -> Iterator[Endpoint]:
    """The reference provider, served in this process."""
    from conformance.inputs.endpoint import endpoint_from_url
    from conformance.reference.server.serving import ReferenceServer

    variable = "CONFORMANCE_REFERENCE_KEY"
    with ReferenceServer() as server:
        os.environ[variable] = server.api_key
        yield endpoint_from_url(
            server.base_url,
            name="reference",
            api_key_env=variable,
            models=given["models"] or ("reference-chat",),
            profile=given["profile"],
            label=given["label"],
        )


def _folder(given: Mapping[str, Any], endpoint: Endpoint, base: Path | None, *, several: bool) -> Path:
    """Where the bundle of an endpoint goes."""
    out: Path | None = given["out"] or base
    if given["resume"] and (out is None or given["overwrite"]):
        raise UserError("--resume needs the --out of the earlier run, and does not go with --overwrite", "Give it.")
    if out is None:
        return Path("reports", f"{endpoint.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    return out / endpoint.name if several or given["config"] else out


@contextlib.contextmanager
def places_of(
    given: Mapping[str, Any], endpoints: Sequence[Endpoint], base: Path | None
) -> Iterator[list[tuple[Endpoint, Path]]]:
    """Every endpoint with the folder of its bundle, which no other run may write to meanwhile."""
    from conformance.store.lock import claimed

    several = len(endpoints) > 1
    places = [(endpoint, _folder(given, endpoint, base, several=several)) for endpoint in endpoints]
    with contextlib.ExitStack() as held:
        for _, folder in places:
            held.enter_context(claimed(folder))
        yield places
