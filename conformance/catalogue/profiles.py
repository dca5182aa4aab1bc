"""What an endpoint's own documents promise, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from conformance.api.openai import CHAT
from conformance.catalogue.folders import provider_folders
from conformance.catalogue.requirements import rows_of, unique
from conformance.errors import UserError
from conformance.inputs.suggestions import did_you_mean
from conformance.inputs.unique import refuse_namesakes
from conformance.inputs.yaml_reader import Located, load_checked
from conformance.model import Basis, Headers, Requirement, Source

SCHEMA = "harness/profile.schema.json"


@dataclass(frozen=True)
class Statement:
    """One side of a contradiction: what is said, and where."""

    says: str
    source: str = ""


@dataclass(frozen=True)
class DocumentConflict:
    """A topic on which the documents disagree with themselves."""

    topic: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Profile:
    """One provider's promises and how to reach things there.

    `documents` maps the ids that rows may cite to sources. `paths` maps a thing (`metadata`, …) to its path below
    the base URL. `advertises` maps a capability to the places in a model entry that say so; any of them is enough.
    `places` says where each requirement is written (file:line:column). `marks` are patterns in the first bytes of an
    answer that only this provider leaves, whatever host a foreign recording names.
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    marks: tuple[re.Pattern[bytes], ...] = ()
    documents: Mapping[str, Source] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    output_limit_field: str = CHAT.limit_fields[0]
    headers: Headers = ()
    advertises: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    contradictions: tuple[DocumentConflict, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


PLAIN = Profile(name="openai", title="OpenAI-compatible")
"""The profile of an endpoint whose documents we do not know: it promises and advertises nothing."""


def load_profiles(suite_dirs: Iterable[Path | str]) -> dict[str, Profile]:
    """Load `<suite_dir>/providers/*/profile.yaml`, by name.

    Raises:
        UserError: a file is not what its schema says, or two profiles share a name.
    """
    files = filter(Path.is_file, [folder / "profile.yaml" for folder in provider_folders(suite_dirs)])
    loaded = [load_checked(path, SCHEMA) for path in files]
    profiles = [_profile(located) for located in loaded]
    places = (located.place("/name") for located in loaded)
    named = zip((profile.name for profile in profiles), places, strict=True)
    refuse_namesakes("profile", named, "Give one of the two another name.")
    return {profile.name: profile for profile in profiles}


def profile_for(name: str | None, host: str, profiles: Mapping[str, Profile]) -> Profile:
    """The profile named, else the one whose hosts hold `host`, else `openai`.

    Raises:
        UserError: no profile has that name.
    """
    if name is None:
        by_host = (profile for profile in profiles.values() if _serves(profile, host))
        return next(by_host, profiles.get(PLAIN.name, PLAIN))
    if name == PLAIN.name:
        return profiles.get(name, PLAIN)
    if name not in profiles:
        known = sorted({*profiles, PLAIN.name})
        message = f"unknown profile `{name}`{did_you_mean(name, known)}"
        raise UserError(message, f"Profiles: {', '.join(known)}.")
    return profiles[name]


def _serves(profile: Profile, host: str) -> bool:
    return any(fnmatchcase(host.lower(), pattern) for pattern in profile.hosts)


def _profile(located: Located) -> Profile:
    data = located.data
    name = data["name"]
    _promises_only(located)
    rows = unique(rows_of(located, "/requirements", area=f"profile.{name}", profile=name))
    return Profile(
        name=name,
        title=data["title"],
        hosts=tuple(data.get("hosts", ())),
        marks=tuple(_mark(located, index) for index in range(len(data.get("marks", ())))),
        documents={one["id"]: Source(one["title"], one.get("url", "")) for one in data.get("documents", ())},
        paths=data.get("paths", {}),
        output_limit_field=data.get("output_limit_field", CHAT.limit_fields[0]),
        headers=tuple(data.get("headers", {}).items()),
        advertises={key: _places(value) for key, value in data.get("advertises", {}).items()},
        vocabulary=data.get("vocabulary", {}),
        contradictions=tuple(_contradiction(one) for one in data.get("contradictions", ())),
        requirements=tuple(row.requirement for row in rows),
        places={row.requirement.id: row.place for row in rows},
    )


def _mark(located: Located, index: int) -> re.Pattern[bytes]:
    try:
        return re.compile(located.data["marks"][index].encode())
    except re.error as error:
        raise located.error(f"/marks/{index}", f"no regular expression: {error}") from None


def find_marked_profile(profiles: Iterable[Profile], answer: bytes) -> Profile | None:
    """The profile whose mark an answer bears in its first two kilobytes, or None."""
    head = answer[:2048]
    return next((one for one in profiles if any(mark.search(head) for mark in one.marks)), None)


def _promises_only(located: Located) -> None:
    for index, row in enumerate(located.data.get("requirements", ())):
        if row.get("basis", Basis.PROVIDER_DOC) != Basis.PROVIDER_DOC:
            text = f"requirement `{row['id']}` of a profile has the basis {row['basis']}"
            hint = "A profile holds what its provider promises (basis provider-doc); other rows belong in a suite."
            raise located.error(f"/requirements/{index}/basis", text, hint)


def _places(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _contradiction(data: Mapping[str, Any]) -> DocumentConflict:
    statements = tuple(Statement(one["says"], one.get("source", "")) for one in data["statements"])
    return DocumentConflict(data["topic"], statements)
