"""Schema files by their name below schemas/, as validators that decide (fast) or explain (slow)."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from conformance.resources import schemas_dir

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs


def has_schema(name: str) -> bool:
    """Whether there is a schema file `name` (such as `harness/config.schema.json`)."""
    return (schemas_dir() / name).is_file()


@cache
def read_schema(name: str) -> dict[str, Any]:
    """The schema file `name` as data."""
    schema: dict[str, Any] = json.loads((schemas_dir() / name).read_text(encoding="utf-8"))
    return schema


def _retrieve(uri: str) -> dict[str, Any]:
    """References between schema files name folder and file, whatever stands before them."""
    return read_schema("/".join(uri.partition("#")[0].rsplit("/", 2)[-2:]))


def _base(name: str) -> str:
    return (schemas_dir() / name).as_uri()


@cache
def decider(name: str) -> jsonschema_rs.Draft202012Validator:
    """A validator that says yes or no, and where."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(read_schema(name), retriever=_retrieve, base_uri=_base(name))


@cache
def explainer(name: str) -> jsonschema.Draft202012Validator:
    """A validator whose errors say which rule was broken by what."""
    import jsonschema
    import referencing
    from referencing.jsonschema import DRAFT202012

    def retrieve(uri: str) -> referencing.Resource[Any]:
        return DRAFT202012.create_resource(_retrieve(uri))

    registry: referencing.Registry[Any] = referencing.Registry(retrieve=retrieve)  # type: ignore[call-arg]
    registry = registry.with_resource(_base(name), DRAFT202012.create_resource(read_schema(name)))
    schema = {"$ref": _base(name)}
    return jsonschema.Draft202012Validator(schema, registry=registry)
