"""The catalogue: rows of suites/*/requirements.yaml and of profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from conformance.inputs.unique import refuse_namesakes
from conformance.inputs.yaml_reader import Located, load_checked
from conformance.model import Basis, Level, Requirement, Scope, Source

SCHEMA = "harness/requirements.schema.json"


class HasRequirements(Protocol):
    """What `load_requirements` asks of a profile."""

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The profile's rows."""
        ...

    @property
    def places(self) -> Mapping[str, str]:
        """Where each row is written (file:line:column)."""
        ...


@dataclass(frozen=True)
class RequirementRow:
    """A requirement and where it is written (file:line:column)."""

    requirement: Requirement
    place: str


def load_requirements(
    suite_dirs: Iterable[Path | str], profiles: Iterable[HasRequirements] = ()
) -> dict[str, Requirement]:
    """Load every row of the suites and of the profiles, by id.

    Args:
        suite_dirs: folders that hold one folder per area.
        profiles: profiles whose rows join in.

    Raises:
        UserError: a file is not what its schema says, or two rows have one id; both places are named.
    """
    rows = [row for folder in suite_dirs for path in _files(folder) for row in _suite_rows(path)]
    rows += [
        RequirementRow(one, profile.places.get(one.id, one.id)) for profile in profiles for one in profile.requirements
    ]
    return {row.requirement.id: row.requirement for row in unique(rows)}


def unique(rows: Iterable[RequirementRow]) -> tuple[RequirementRow, ...]:
    """The rows; raises `UserError` where two have one id."""
    found = tuple(rows)
    named = ((row.requirement.id, row.place) for row in found)
    refuse_namesakes("requirement", named, "Ids are unique and for ever: give the newer row another id.")
    return found


def rows_of(located: Located, prefix: str, *, area: str, profile: str | None = None) -> tuple[RequirementRow, ...]:
    """The rows of a list that a schema has accepted.

    Args:
        located: the file.
        prefix: the JSON pointer of the list.
        area: the area of rows that name none.
        profile: the profile whose promises these are, None in a suite.
    """
    data = located.data if not prefix else located.data.get(prefix.removeprefix("/"))
    return tuple(
        RequirementRow(_requirement(row, area, profile), located.place(f"{prefix}/{index}/id"))
        for index, row in enumerate(data or ())
    )


def _files(folder: Path | str) -> list[Path]:
    return sorted(Path(folder).glob("*/requirements.yaml"))


def _suite_rows(path: Path) -> tuple[RequirementRow, ...]:
    located = load_checked(path, SCHEMA)
    for index, row in enumerate(located.data or ()):
        if row.get("basis", "provider-doc") == "provider-doc":
            pointer = f"/{index}/basis" if "basis" in row else f"/{index}"
            text = f"requirement `{row['id']}` has no basis that holds for every endpoint"
            hint = "Write openai-spec, http-standard or client-observed; a provider's promise belongs in its profile."
            raise located.error(pointer, text, hint)
    return rows_of(located, "", area=path.parent.name)


def _requirement(row: Mapping[str, Any], area: str, profile: str | None) -> Requirement:
    return Requirement(
        id=row["id"],
        level=Level(row["level"]),
        basis=Basis(row.get("basis", Basis.PROVIDER_DOC)),
        statement=row["statement"],
        source=Source(row["source"]["title"], row["source"].get("url", "")),
        area=row.get("area", area),
        scope=Scope(row.get("scope", Scope.MODEL)),
        since=row.get("since", "0.1"),
        why=row.get("why", ""),
        mend=row.get("mend", ""),
        breaks=tuple(row.get("breaks", ())),
        covers=tuple(row.get("covers", ())),
        profile=profile,
        unwitnessed=row.get("unwitnessed", False),
        excluded=row.get("excluded"),
    )
