"""One judging session: what is judged by what for whom; the part of the pytest plugin that knows nothing of pytest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from conformance.capabilities import Capability, load_capabilities
from conformance.catalogue import Catalogue
from conformance.errors import ExitCode, UserError
from conformance.gate import Gate
from conformance.judging import Check
from conformance.material import UNNAMED, Material, SlotName, slot_names
from conformance.model import CheckResult, Recording, Requirement
from conformance.profiles import Profile
from conformance.resources import schemas_dir, suites_dir
from conformance.scenarios import Scenario
from conformance.schemas import SchemaSet
from conformance.selection import Selection


@dataclass
class Trial:
    """Everything that collecting and judging need.

    `endpoint` and `models` name the slots while there is no recording yet, and `host` decides its profile;
    `recordings` are the paths to judge.
    """

    endpoint: str = "endpoint"
    host: str = ""
    models: Sequence[str] = ()
    profile: str | None = None
    recordings: Sequence[Path] = ()
    extra_suites: Sequence[Path] = ()
    partial: bool = False
    gate: Gate = field(default_factory=Gate)

    @cached_property
    def suite_dirs(self) -> tuple[Path, ...]:
        """The built-in suites and the user's own."""
        return tuple(dict.fromkeys(path.resolve() for path in (suites_dir(), *self.extra_suites)))

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """All profiles by name."""
        from conformance.profiles import load_profiles

        return load_profiles([folder / "profiles" for folder in self.suite_dirs])

    @cached_property
    def capabilities(self) -> dict[str, Capability]:
        """The rows of the matrix."""
        return load_capabilities(self.suite_dirs)

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The checks by requirement; whoever collects them fills this."""
        return {}

    @cached_property
    def catalogue(self) -> Catalogue:
        """The rows and schemas, with the checks that were collected."""
        from conformance.requirements import load_requirements

        schemas = SchemaSet(schemas_dir() / "openai")
        rows = load_requirements(self.suite_dirs, tuple(self.profiles.values()))
        return Catalogue(rows, self.checks, schemas.requirements(), schemas, self.suite_dirs)

    @cached_property
    def material(self) -> Material:
        """The recordings, ready to be judged.

        Raises:
            UserError: there is none, one cannot be read, or one is incomplete and that was not allowed.
        """
        return self.material_of(list(self._read()))

    def material_of(self, recordings: Sequence[Recording]) -> Material:
        """Recordings that are at hand already, ready to be judged."""
        return Material(recordings, self.catalogue, self.profiles, self.capabilities)

    def _read(self) -> Iterable[Recording]:
        from conformance.recording import read_recordings

        if not self.recordings:
            raise UserError(
                "there is no recording to judge", "Give --conformance-recording FILE or --conformance-url URL."
            )
        for recording in read_recordings(self.recordings):
            if not recording.complete and not self.partial:
                raise UserError(
                    f"{recording.path}: the recording is incomplete: {len(recording.exchanges)} exchanges, and no end",
                    "Capture again, or judge what there is with --partial.",
                    ExitCode.UNREACHABLE,
                )
            yield recording

    def prepare(self) -> None:
        """Read what collecting needs.

        Raises:
            UserError: a recording, a profile or a row has a mistake.
        """
        if self.catalogue.requirements:
            for name in self.names:
                self._profile_of(name.endpoint)

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """Everything that can be sent, by name."""
        from conformance.scenario_files import load_scenarios

        return load_scenarios(self.suite_dirs)

    def fill_checks(self) -> None:
        """Import the checks, where no pytest collects them."""
        from conformance.catalogue import load_checks

        self.checks.update(load_checks(self.suite_dirs))

    def looks(self, requirements: Iterable[str]) -> list[Check]:
        """Where the judges of requirements look: their checks, or stand-ins for schema constraints."""
        return [look for id_ in requirements for look in self.catalogue.looks(id_)]

    def selection(self, expression: str) -> Selection:
        """Parse an expression over this trial's catalogue.

        Raises:
            UserError: it has a mistake.
        """
        from conformance.selection import Vocabulary, parse_selection

        opt_ins = {word for one in self.scenarios.values() if one.opt_in for word in (one.opt_in, one.name)}
        words = Vocabulary.of(self.catalogue.requirements.values(), self.capabilities, opt_ins)
        return parse_selection(expression, words)

    def selected(self, expression: str) -> frozenset[str]:
        """The ids of the requirements that an expression selects."""
        wanted, tagged = self.selection(expression), self.tags()
        rows = self.catalogue.requirements
        return frozenset(id_ for id_, row in rows.items() if wanted(row, tagged.get(id_, frozenset())))

    def tags(self) -> dict[str, frozenset[str]]:
        """What `cap:` and `opt:` select each requirement by."""
        from conformance.coverage import tags
        from conformance.scenarios import Context

        if not self.checks:  # judged by other processes, or not collected yet
            self.fill_checks()
        return tags(self.looks(self.catalogue.requirements), self.scenarios, Context(model=UNNAMED))

    def capabilities_of(self) -> dict[str, tuple[str, ...]]:
        """The capabilities that each requirement is about, by its id."""
        return {
            id_: tuple(sorted(word.removeprefix("cap:") for word in words if word.startswith("cap:")))
            for id_, words in self.tags().items()
        }

    @property
    def names(self) -> list[SlotName]:
        """Whom to judge for: as recorded, or as configured while there is no recording."""
        if self.recordings:
            return self.material.places
        return [SlotName(self.endpoint, model) for model in self.models or (UNNAMED,)]

    @cached_property
    def several_endpoints(self) -> bool:
        """Whether test ids must say whose model they speak of."""
        return len({name.endpoint for name in self.names}) > 1

    def slot_names(self, requirement: Requirement) -> list[SlotName]:
        """The slots of a requirement: by its scope and its profile; for foreign recordings only where it applies."""
        key = (requirement.id, bool(self.recordings))
        if key not in self._slots:
            self._slots[key] = self._find_slots(requirement)
        return self._slots[key]

    @cached_property
    def _slots(self) -> dict[tuple[str, bool], list[SlotName]]:
        return {}

    def _find_slots(self, requirement: Requirement) -> list[SlotName]:
        if requirement.excluded is not None:
            return []
        names = [name for name in self.names if requirement.profile in {None, self._profile_of(name.endpoint)}]
        slots = slot_names(requirement, names)
        if self.recordings and self.material.foreign:
            slots = [name for name in slots if self.material.applies(requirement, name)]
        return slots

    def _profile_of(self, endpoint: str) -> str:
        if self.recordings:
            return self.material.profile(endpoint).name
        from conformance.profiles import profile_for

        return profile_for(self.profile, self.host, self.profiles).name

    def judge(self, requirement: Requirement, name: SlotName) -> CheckResult:
        """Judge one requirement in one slot."""
        from conformance.unsent import explained

        result = self.material.judge(requirement, name)
        cut_off = [one for one in self.material.recordings if one.footer and (one.footer.skipped or one.casualties)]
        if not cut_off:
            return result
        return explained(result, self.catalogue.looks(requirement.id), cut_off, self.scenarios)
