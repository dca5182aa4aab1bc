"""What an endpoint says it can do against what it was seen to do; a pure function of the recording.

The rows lie in `suites/capabilities/capabilities.yaml`; what proves a capability is a function under `@proof` in a
`suites/*/proofs.py`: given the reply to the offer request it returns whether the answer shows the capability. A proof
says with `asks` which other requests ask for the same: an answer to one of them that shows it is as good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.model import Request

Proof = Callable[[Any], bool]
Asks = Callable[[Request], bool]
Places = Sequence[Mapping[str, Any]]
PROOFS: dict[str, Proof] = {}
ASKS: dict[str, Asks] = {}


@dataclass(frozen=True, slots=True)
class Capability:
    """A row of the matrix: `offer` names the scenario that tries it, `places` where model entries advertise it."""

    id: str
    title: str
    offer: str
    places: tuple[Mapping[str, Any], ...] = ()


def proof(capability: str, *, asks: Asks | None = None) -> Callable[[Proof], Proof]:
    """Make a function the proof of a capability.

    Args:
        capability: its id.
        asks: which requests besides the offer's ask for it; None where only the offer's can show it.
    """

    def mark(function: Proof) -> Proof:
        PROOFS[capability] = function
        if asks is not None:
            ASKS[capability] = asks
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
