"""What there is to judge: recordings cut into scope slots, each with what its checks may ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from conformance.api.answer import Answer
from conformance.api.breakage import Breakage
from conformance.api.second_tries import SecondTries, Setback, find_second_tries
from conformance.api.views import View, Views
from conformance.catalogue.body_schemas import SchemaReport
from conformance.catalogue.context import UNNAMED
from conformance.catalogue.profiles import Profile, find_marked_profile, profile_for
from conformance.catalogue.suites import Suites
from conformance.checks.check import Check
from conformance.checks.explanations import APART
from conformance.checks.outcomes import Blocked, Broken, NotApplicable
from conformance.judging.capability_matrix import by_name, matrix
from conformance.judging.folding import Slot, call_of, judge_views
from conformance.judging.sweep import SlotJob, sweep
from conformance.model import CapabilityResult, CheckResult, Exchange, Facet, Recording, Requirement, Scope
from conformance.recording.foreign.form import is_judged, omissions
from conformance.recording.foreign.placement import host_of, host_of_server, server_of


@dataclass(frozen=True, slots=True)
class SlotName:
    """Whom a requirement is judged for; `model` is empty for the scope endpoint."""

    endpoint: str
    model: str = ""

    @property
    def label(self) -> str:
        """A test id of the safe alphabet."""
        words = self.model or "endpoint"
        return re.sub(r"[^a-z0-9._-]+", "-", words.lower()).strip("-") or "unnamed"

    def labelled(self, *, with_endpoint: bool) -> str:
        """The label, with the endpoint's name where there are several."""
        if not with_endpoint:
            return self.label
        return re.sub(r"[^a-z0-9._-]+", "-", f"{self.endpoint.lower()}-{self.label}")


@dataclass
class Material:
    """Recordings, ready to be judged by the suites."""

    recordings: Sequence[Recording]
    suites: Suites

    @cached_property
    def foreign(self) -> bool:
        """Whether other tools recorded this: then only what has an exchange is judged."""
        return all(recording.header.foreign for recording in self.recordings)

    @cached_property
    def exchanges(self) -> dict[SlotName, list[Exchange]]:
        """The exchanges by endpoint and model, the empty one too.

        What died with the endpoint is left out, and what was set aside for a second try.
        """
        found: dict[SlotName, list[Exchange]] = {}
        for recording, tries in zip(self.numbered, self.second_tries, strict=True):
            dead = {exchange.id for exchange in recording.casualties} | tries.aside
            for exchange in recording.exchanges:
                if exchange.id in dead:
                    continue
                name = SlotName(self.endpoint_of(recording, exchange), exchange.model)
                if self._bearer(recording, exchange):  # the names in its request may have been written over
                    exchange = replace(exchange, lost=exchange.lost | {Facet.ADDRESS})  # noqa: PLW2901
                found.setdefault(name, []).append(exchange)
        return found

    def endpoint_of(self, recording: Recording, exchange: Exchange) -> str:
        """Who answered: as we recorded; for a foreign recording the server, unless the answer bears another's mark."""
        if not recording.header.foreign:
            return recording.header.endpoint
        server = server_of(exchange.url) or recording.header.endpoint
        bearer = self._bearer(recording, exchange)
        return f"{bearer.name} (recorded as {server})" if bearer else server

    def _bearer(self, recording: Recording, exchange: Exchange) -> Profile | None:
        """Whose mark an answer bears that was recorded as that of another host."""
        if not recording.header.foreign:
            return None
        host = host_of(exchange.url) or recording.header.endpoint
        bearer = find_marked_profile(self.suites.profiles.values(), exchange.content)
        return None if bearer is profile_for(None, host, self.suites.profiles) else bearer

    @cached_property
    def second_tries(self) -> list[SecondTries]:
        """What became of the broken answers of each recording."""
        return [find_second_tries(recording.exchanges) for recording in self.numbered]

    def _setbacks(self, name: SlotName) -> tuple[Setback, ...]:
        """The answers that are right on a second try, of the model or, for the endpoint's slot, of any."""
        return tuple(
            back
            for recording, tries in zip(self.numbered, self.second_tries, strict=True)
            for back in tries.setbacks
            if self.endpoint_of(recording, back.first) == name.endpoint and name.model in {"", back.first.model}
        )

    def unrepeated(self, name: SlotName) -> list[tuple[Exchange, Breakage | None]]:
        """What was set aside in a slot without a repetition to judge by, and how its run broke."""
        return [
            (one, tries.unrepeated[one.id])
            for recording, tries in zip(self.numbered, self.second_tries, strict=True)
            for one in recording.exchanges
            if one.id in tries.unrepeated
            and self.endpoint_of(recording, one) == name.endpoint
            and name.model in {"", one.model}
        ]

    @cached_property
    def numbered(self) -> list[Recording]:
        """The recordings with what is judged of them, the ids of their exchanges made unique among them."""
        judged = [
            replace(one, exchanges=tuple(filter(is_judged, one.exchanges)), left_out=tuple(omissions(one)))
            for one in self.recordings
        ]
        if len(judged) == 1:
            return judged
        return [
            replace(one, exchanges=tuple(_numbered(exchange, f"{number}.") for exchange in one.exchanges))
            for number, one in enumerate(judged, 1)
        ]

    @cached_property
    def endpoints(self) -> dict[str, list[Exchange]]:
        """All exchanges by endpoint."""
        found: dict[str, list[Exchange]] = {}
        for name, exchanges in self.exchanges.items():
            found.setdefault(name.endpoint, []).extend(exchanges)
        return found

    @cached_property
    def names(self) -> list[SlotName]:
        """Every endpoint and model: as the header names them, or as foreign exchanges do."""
        found = {name: None for name in self.exchanges if name.model}
        for recording in self.recordings:
            if not recording.header.foreign:
                found |= {SlotName(recording.header.endpoint, model): None for model in recording.header.models}
        return list(found)

    @cached_property
    def places(self) -> list[SlotName]:
        """The names, and every endpoint as such: some were only asked for what belongs to no model."""
        return list(dict.fromkeys([*self.names, *(SlotName(endpoint) for endpoint in self.endpoints)]))

    def profile(self, endpoint: str) -> Profile:
        """The profile of an endpoint: as recorded, or by its host."""
        if endpoint not in self._recorded_profiles:
            found = profile_for(None, host_of_server(endpoint), self.suites.profiles)
            return self._recorded_profiles.setdefault(endpoint, found)
        return self._recorded_profiles[endpoint]

    @cached_property
    def _recorded_profiles(self) -> dict[str, Profile]:
        headers = [recording.header for recording in self.recordings if not recording.header.foreign]
        return {header.endpoint: profile_for(header.profile, "", self.suites.profiles) for header in headers}

    @cached_property
    def matrices(self) -> dict[SlotName, tuple[CapabilityResult, ...]]:
        """The matrix advertised × observed of every endpoint and model."""
        return {
            name: matrix(
                self.suites.capabilities.values(),
                self.endpoints.get(name.endpoint, []),
                endpoint=name.endpoint,
                model=name.model,
                advertises=self.profile(name.endpoint).advertises,
            )
            for name in self.names
        }

    @cached_property
    def _views(self) -> Views:
        return Views()

    @cached_property
    def _slots(self) -> dict[SlotName, Slot]:
        return {}

    @cached_property
    def _reports(self) -> dict[tuple[str, str, str], SchemaReport]:
        return {}

    def slot(self, name: SlotName) -> Slot:
        """The exchanges of one slot; `default` is the first model, the empty model the whole endpoint."""
        if name.model == UNNAMED and name not in self.exchanges:
            name = next((one for one in self.names if one.endpoint == name.endpoint), name)
        if name not in self._slots:
            exchanges = self.exchanges.get(name, []) if name.model else self.endpoints.get(name.endpoint, [])
            offers = by_name(self.matrices.get(name, ()))
            context = {
                "profile": self.profile(name.endpoint),
                "offers": offers,
                "setbacks": self._setbacks(name),
            }
            self._slots[name] = Slot(name.endpoint, name.model, exchanges, context, self._views)
        return self._slots[name]

    def judge(self, requirement: Requirement, name: SlotName) -> CheckResult:
        """Judge one requirement in one slot."""
        slot = self.slot(name)
        if self.on_disk:
            return self._swept[requirement.id, slot.endpoint, slot.model]
        return self.judge_in(requirement.id, slot)

    def judge_in(self, requirement: str, slot: Slot) -> CheckResult:
        """Judge one requirement over the exchanges of a slot, all of them held."""
        return judge_views(requirement, slot, *self._judge_of(requirement, slot))

    @cached_property
    def on_disk(self) -> bool:
        """Whether there is too much to hold: it is read from its file again and judged exchange by exchange."""
        return any(exchange.on_disk for recording in self.recordings for exchange in recording.exchanges)

    @cached_property
    def _swept(self) -> dict[tuple[str, str, str], CheckResult]:
        """Every result of every slot, by requirement, endpoint and model."""
        jobs = [
            SlotJob(row.id, self.slot(name), *self._judge_of(row.id, self.slot(name)))
            for row in self.suites.catalogue.requirements.values()
            if row.excluded is None
            for name in self.slots_of(row)
            if row.profile in {None, self.profile(name.endpoint).name}
        ]
        exchanges = (exchange for own in self.endpoints.values() for exchange in own)
        return {(one.requirement, one.endpoint, one.model): one for one in sweep(jobs, exchanges, self._settle)}

    def _settle(self, exchange: Exchange) -> None:
        self._views.settle(exchange)
        self._reports.clear()

    def _judge_of(self, requirement: str, slot: Slot) -> tuple[list[Check], Callable[[View], None]]:
        """Where the judges of a requirement look, and what they do with a view."""
        check = self.suites.catalogue.checks.get(requirement)
        run = self._schema_run(requirement, slot) if check is None else call_of(check, slot)
        return self.suites.catalogue.looks(requirement), run

    def slots_of(self, requirement: Requirement) -> list[SlotName]:
        """The slots of a requirement over all endpoints and models."""
        return slot_names(requirement, self.places)

    def applies(self, requirement: Requirement, name: SlotName) -> bool:
        """Whether any exchange of the slot is what the requirement looks at."""
        slot = self.slot(name)
        return any(True for check in self.suites.catalogue.looks(requirement.id) for _ in slot.views(check))

    def _schema_run(self, requirement: str, slot: Slot) -> Callable[[View], None]:
        def run(view: View) -> None:
            if not isinstance(view, Answer):
                return
            key = (slot.endpoint, view.exchange.id, view.kind)
            if key not in self._reports:
                self._reports[key] = self.suites.catalogue.schemas.report(view)
            report = self._reports[key]
            if requirement in report.findings:
                raise Broken(*report.findings[requirement])
            if requirement in report.apart:
                raise Blocked(f"{report.apart[requirement].at} is no chunk, which {APART} says", by=APART)
            if requirement not in report.judged:
                raise NotApplicable("no answer holds what this is about")

        return run


def _numbered(exchange: Exchange, number: str) -> Exchange:
    """The exchange with its ids made unique among those of several recordings."""
    repeats = f"{number}{exchange.repeats}" if exchange.repeats else ""
    return replace(exchange, id=f"{number}{exchange.id}", repeats=repeats)


def slot_names(requirement: Requirement, names: Iterable[SlotName]) -> list[SlotName]:
    """The slots of a requirement, by its scope: every model, or every endpoint once."""
    if requirement.scope is Scope.MODEL:
        return list(dict.fromkeys(name for name in names if name.model))
    return list(dict.fromkeys(SlotName(name.endpoint) for name in names))
