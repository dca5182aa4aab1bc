"""One judging session: what is judged by what for whom; the part of the pytest plugin that knows nothing of pytest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from conformance.catalogue.context import UNNAMED
from conformance.catalogue.suites import Suites
from conformance.errors import ExitCode, UserError
from conformance.gate.gate import Gate
from conformance.judging.set_aside import explain_set_aside
from conformance.judging.slots import Material, SlotName, slot_names
from conformance.judging.unsent import Unsent
from conformance.model import CheckResult, Recording, Requirement


@dataclass
class JudgingSession:
    """Everything that collecting and judging need: the suites, whom to judge for, and the recordings.

    `endpoint` and `models` name the slots while there is no recording yet, and `host` decides its profile;
    `recordings` are the paths to judge, `held` what was read of them already, and `only` the one endpoint of theirs
    that is judged.
    """

    suites: Suites = field(default_factory=Suites)
    endpoint: str = "endpoint"
    host: str = ""
    models: Sequence[str] = ()
    profile: str | None = None
    recordings: Sequence[Path] = ()
    held: Sequence[Recording] = ()
    only: str = ""
    partial: bool = False
    gate: Gate = field(default_factory=Gate)

    @cached_property
    def material(self) -> Material:
        """The recordings, ready to be judged.

        Raises:
            UserError: there is none, one cannot be read, or one is incomplete and that was not allowed.
        """
        material = self.material_of(self.held or list(self._read()))
        if not self.only:
            return material
        from conformance.judging.hosts import recordings_of

        return self.material_of(recordings_of(material, self.only))

    def material_of(self, recordings: Sequence[Recording]) -> Material:
        """Recordings that are at hand already, ready to be judged."""
        return Material(recordings, self.suites)

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
        if self.suites.catalogue.requirements:
            for name in self.names:
                self._profile_of(name.endpoint)

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
        from conformance.catalogue.profiles import profile_for

        return profile_for(self.profile, self.host, self.suites.profiles).name

    def judge(self, requirement: Requirement, name: SlotName) -> CheckResult:
        """Judge one requirement in one slot."""
        result = self.material.judge(requirement, name)
        if result.unjudged is None or self.material.foreign:
            return result
        looks = self.suites.catalogue.looks(requirement.id)
        return self._unsent.explain(explain_set_aside(result, looks, self.material.unrepeated(name)), looks)

    @cached_property
    def _unsent(self) -> Unsent:
        """Why nothing was seen of some requirements."""
        return Unsent([one for one in self.material.numbered if not one.header.foreign], self.suites.scenarios)
