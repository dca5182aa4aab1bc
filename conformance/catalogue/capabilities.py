"""What an endpoint says it can do against what it was seen to do; a pure function of the recording.

The rows lie in `suites/capabilities/capabilities.yaml`; what proves a capability is a function under `@proof` in a
`suites/*/proofs.py`: given the reply to the offer request it returns whether the answer shows the capability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Proof = Callable[[Any], bool]
Places = Sequence[Mapping[str, Any]]
PROOFS: dict[str, Proof] = {}


@dataclass(frozen=True, slots=True)
class Capability:
    """A row of the matrix: `offer` names the scenario that tries it, `places` where model entries advertise it."""

    id: str
    title: str
    offer: str
    places: tuple[Mapping[str, Any], ...] = ()


def proof(capability: str) -> Callable[[Proof], Proof]:
    """Make a function the proof of a capability."""

    def mark(function: Proof) -> Proof:
        PROOFS[capability] = function
        return function

    return mark


def load_capabilities(suite_dirs: Iterable[Path]) -> dict[str, Capability]:
    """Read the rows of every `capabilities.yaml`, in their order, and import the proofs beside them."""
    from conformance.catalogue.folders import part_folders
    from conformance.inputs.python_files import import_file
    from conformance.inputs.yaml_reader import load_checked

    rows: dict[str, Capability] = {}
    for folder in suite_dirs:
        path = folder / "capabilities" / "capabilities.yaml"
        if path.is_file():
            for row in load_checked(path, "harness/capabilities.schema.json").data:
                rows[row["id"]] = Capability(row["id"], row["title"], row["offer"], tuple(row.get("advertised", ())))
        for file in filter(Path.is_file, [part / "proofs.py" for part in part_folders([folder])]):
            import_file(file)
    return rows
