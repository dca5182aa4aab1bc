"""`conformance.yaml`: several endpoints and their models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.errors import UserError
from conformance.inputs.endpoint import Endpoint, Limits, Timeouts, endpoint_from_url
from conformance.inputs.unique import refuse_namesakes
from conformance.inputs.yaml_reader import Located, check_schema, load_yaml
from conformance.secrets.recognition import NAME_THE_VARIABLE, literal_keys

SCHEMA = "harness/config.schema.json"


@dataclass(frozen=True)
class Config:
    """A conformance.yaml: endpoints, and the folder that reports go to (as written)."""

    endpoints: tuple[Endpoint, ...]
    out: str = "reports"


def load_config(path: Path | str, operations: Iterable[str] = ()) -> Config:
    """Load a conformance.yaml; `operations` are dropped from the end of its URLs.

    Raises:
        UserError: it is not what its schema says, two endpoints share a name, or a key stands in it. Values that may be
            secret are never repeated.
    """
    located = load_yaml(path)
    _refuse_keys(located)
    check_schema(located, SCHEMA, echo=False)
    endpoints = tuple(_endpoint(located, index, operations) for index in range(len(located.data["endpoints"])))
    _refuse_namesakes(located, endpoints)
    return Config(endpoints, located.data.get("out", "reports"))


def _endpoint(located: Located, index: int, operations: Iterable[str]) -> Endpoint:
    data = located.data["endpoints"][index]
    try:
        endpoint = endpoint_from_url(
            data["url"],
            name=data.get("name"),
            api_key_env=data.get("api_key_env"),
            models=data.get("models", ()),
            profile=data.get("profile"),
            headers=data.get("headers"),
            headers_env=data.get("headers_env"),
            verify_tls=data.get("verify_tls", True),
            label=data.get("label", ""),
            operations=operations,
        )
    except UserError as error:
        raise located.error(f"/endpoints/{index}/url", error.message, error.hint) from None
    return replace(
        endpoint,
        concurrency=data.get("concurrency", endpoint.concurrency),
        timeouts=Timeouts(**data.get("timeouts", {})),
        limits=Limits(**data.get("limits", {})),
    )


def _refuse_namesakes(located: Located, endpoints: tuple[Endpoint, ...]) -> None:
    pointers = [f"/endpoints/{index}" for index in range(len(endpoints))]
    places = [located.place(f"{one}/name" if f"{one}/name" in located.places.marks else one) for one in pointers]
    named = zip((endpoint.name for endpoint in endpoints), places, strict=True)
    refuse_namesakes("endpoint", named, "Give each its own `name`: it names the folder of its report.")


def _refuse_keys(located: Located) -> None:
    endpoints = located.data.get("endpoints") if isinstance(located.data, dict) else None
    for index, data in enumerate(endpoints if isinstance(endpoints, list) else ()):
        for pointer, problem in literal_keys(data) if isinstance(data, dict) else ():
            place = f"/endpoints/{index}{pointer}"
            raise located.error(place, f"endpoints[{index}]: {problem}", NAME_THE_VARIABLE)
