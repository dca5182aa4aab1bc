"""The catalogue: every requirement, and how it is judged: by a check, by constraints in schemas, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.catalogue.body_schemas import SchemaSet
from conformance.catalogue.folders import part_folders
from conformance.checks.check import Check, check_of
from conformance.model import Requirement


@dataclass(frozen=True)
class Catalogue:
    """Requirements by id, checks by requirement, and for schema constraints the views that can show them."""

    requirements: Mapping[str, Requirement]
    checks: Mapping[str, Check]
    constraints: Mapping[str, tuple[str, ...]]
    schemas: SchemaSet
    suite_dirs: Sequence[Path] = field(default_factory=tuple)

    def judged(self, profile: str | None = None) -> list[Requirement]:
        """The requirements that are judged for an endpoint of a profile: the yardstick, and its own promises."""
        return [row for row in self.requirements.values() if row.excluded is None and row.profile in {None, profile}]

    def judge_of(self, requirement: str) -> str:
        """How a requirement is judged, for people: `check`, `schema`, `excluded` or `nothing`."""
        if self.requirements[requirement].excluded is not None:
            return "excluded"
        if requirement in self.checks:
            return "check"
        return "schema" if requirement in self.constraints else "nothing"

    def looks(self, requirement: str) -> list[Check]:
        """The check of a requirement, or one stand-in for each view that its constraints are found in."""
        if requirement in self.checks:
            return [self.checks[requirement]]
        return [Check(requirement, _no_body, view) for view in self.constraints.get(requirement, ())]

    def faults(self) -> list[str]:
        """Where rows and judges are not in bijection, in words."""
        judges = set(self.checks) | set(self.constraints)
        known = {id_ for id_, row in self.requirements.items() if row.excluded is None}
        words = [f"{id_}: a row without a check or a schema constraint" for id_ in sorted(known - judges)]
        words += [f"{id_}: judged, and no row says what it means" for id_ in sorted(judges - known)]
        both = sorted(set(self.checks) & set(self.constraints))
        return words + [f"{id_}: judged by a check and by a schema constraint" for id_ in both]


def _no_body() -> None:
    """A stand-in check only says where to look."""


def load_checks(suite_dirs: Iterable[Path]) -> dict[str, Check]:
    """Import every `test_*.py` of the suites and collect their checks by requirement."""
    from conformance.inputs.python_files import import_file

    found: dict[str, Check] = {}
    for folder in part_folders(suite_dirs):
        for path in sorted(folder.glob("test_*.py")):
            for member in vars(import_file(path)).values():
                check = check_of(member)
                if check is not None:
                    found[check.requirement] = check
    return found
