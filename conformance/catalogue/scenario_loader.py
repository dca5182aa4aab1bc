"""Scenarios of suites: YAML lists and Python modules → `Scenario` by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.api.openai import CHAT
from conformance.api.registry import expectations
from conformance.catalogue.folders import part_folders
from conformance.catalogue.scenario import Lane, Scenario
from conformance.errors import UserError
from conformance.inputs.python_files import import_file
from conformance.inputs.suggestions import did_you_mean
from conformance.inputs.unique import refuse_namesakes
from conformance.inputs.yaml_reader import Located, load_checked
from conformance.model import Scope, StopRule

SCHEMA = "harness/scenarios.schema.json"
_OWN = frozenset({"name", "purpose", "extends", "offers", "quick"})
"""Keys that `extends` does not hand down: what a scenario is called, and that it is always or cheaply sent."""


@dataclass(frozen=True)
class _Entry:
    located: Located
    index: int
    area: str

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.located.data[self.index]
        return data

    def error(self, key: str, text: str, hint: str) -> UserError:
        return self.located.error(f"/{self.index}/{key}", text, hint)


def load_scenarios(suite_dirs: Iterable[Path | str]) -> dict[str, Scenario]:
    """Load scenarios.yaml and scenarios.py of every area and provider, by name, in the order of folders and files.

    Raises:
        UserError: a file is not what its schema says, a module cannot be imported, a name is taken, `extends` or
            `needs` names nothing, or the offers are not one per capability.
    """
    folders = part_folders(suite_dirs)
    entries = [entry for area in folders for entry in _entries(area / "scenarios.yaml")]
    named = {entry.data["name"]: entry for entry in entries}
    scenarios = [_scenario(entry, named) for entry in entries]
    scenarios += [found for area in folders for found in _module_scenarios(area / "scenarios.py")]
    named_at = ((found.name, found.source) for found in scenarios)
    refuse_namesakes("scenario", named_at, "Give one of the two another name.")
    _check_capabilities(scenarios)
    return {found.name: found for found in scenarios}


def _entries(path: Path) -> list[_Entry]:
    if not path.is_file():
        return []
    located = load_checked(path, SCHEMA)
    return [_Entry(located, index, path.parent.name) for index in range(len(located.data or ()))]


def _scenario(entry: _Entry, named: Mapping[str, _Entry]) -> Scenario:
    data = _extended(entry, named)
    template = data.get("request", {})
    if "json" in template and "raw" in template:
        raise entry.error("request/raw", "a request has either `json` or `raw`, not both", "Keep one of the two.")
    return Scenario(
        name=data["name"],
        purpose=data["purpose"],
        area=entry.area,
        template=template,
        expects=_expects(entry, data.get("expects", CHAT.plain)),
        needs=tuple(data.get("needs", ())),
        offers=data.get("offers"),
        lane=Lane(data.get("lane", Lane.SHARED)),
        stop=StopRule(**data["stop"]) if "stop" in data else None,
        samples=data.get("samples", 1),
        auth=data.get("auth", "key"),
        invalid=data.get("invalid"),
        refusable=data.get("refusable", False),
        profile=data.get("profile"),
        opt_in=data.get("opt_in"),
        scope=Scope(data.get("scope", Scope.MODEL)),
        quick=data.get("quick", False),
        apart=tuple(data.get("apart", ())),
        requests=_span(data.get("apart", ())),
        source=entry.located.place(f"/{entry.index}/name"),
    )


def _span(apart: Sequence[str]) -> tuple[int, int]:
    """How many requests are sent: one, and where it is refused one without what may be refused, and each alone."""
    return 1, 1 + bool(apart) + (len(apart) if len(apart) > 1 else 0)


def _expects(entry: _Entry, word: str) -> str:
    if word not in expectations():
        hint = f"Known: {', '.join(expectations())}."
        raise entry.error("expects", f"no API answers with `{word}`{did_you_mean(word, expectations())}", hint)
    return word


def _extended(entry: _Entry, named: Mapping[str, _Entry]) -> dict[str, Any]:
    data = entry.data
    if "extends" not in data:
        return data
    base = named.get(data["extends"])
    if base is None:
        text = (
            f"`{data['name']}` extends `{data['extends']}`, which does not exist{did_you_mean(data['extends'], named)}"
        )
        raise entry.error("extends", text, "Name a scenario that is written in YAML.")
    if "extends" in base.data:
        text = f"`{data['name']}` extends `{data['extends']}`, which extends `{base.data['extends']}` itself"
        raise entry.error("extends", text, f"Extending goes one level deep: extend `{base.data['extends']}`.")
    inherited = {key: value for key, value in base.data.items() if key not in _OWN}
    return {**inherited, **data, "request": _merged_request(base.data.get("request", {}), data.get("request", {}))}


def _merged_request(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    other = {"json": "raw", "raw": "json"}
    replaced = {other[key] for key in own if key in other}
    return _merged({key: value for key, value in base.items() if key not in replaced}, own)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in own.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(result[key], value) if both else value
    return result


def _module_scenarios(path: Path) -> list[Scenario]:
    if not path.is_file():
        return []
    module = import_file(path)
    found = [value for value in vars(module).values() if isinstance(value, Scenario)]
    own = [one for one in found if one.function is not None and one.function.__module__ == module.__name__]
    return [replace(one, area=path.parent.name) for one in own]


def _check_capabilities(scenarios: Iterable[Scenario]) -> None:
    offers: dict[str, Scenario] = {}
    for found in scenarios:
        if found.offers:
            _check_offer(found, offers.setdefault(found.offers, found))
    for found in scenarios:
        for capability in found.needs:
            if capability not in offers:
                message = f"{found.source}: `{found.name}` needs `{capability}`, which no scenario offers"
                hint = "Give one scenario `offers: …`: its answer says whether the others are worth sending."
                raise UserError(message + did_you_mean(capability, offers), hint)


def _check_offer(found: Scenario, first: Scenario) -> None:
    where = f"{found.source}: `{found.name}`"
    if first is not found and first.profile == found.profile:
        message = f"{where} offers `{found.offers}`, and so does `{first.name}` at {first.source}"
        raise UserError(message, "One offer per capability: let the other one need it.")
    if found.needs or found.lane is not Lane.SHARED or found.opt_in:
        message = f"{where} offers `{found.offers}` and has needs, a lane of its own or an opt-in"
        raise UserError(message, "An offer is always sent, early, beside others: drop needs, lane and opt_in.")
