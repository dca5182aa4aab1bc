"""The suites that a command works with, the built-in ones and the user's own: loaded when asked for, each part once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from conformance.catalogue.body_schemas import SchemaSet
from conformance.catalogue.capabilities import Capability, load_capabilities
from conformance.catalogue.context import UNNAMED, Context
from conformance.catalogue.index import Catalogue
from conformance.catalogue.profiles import Profile
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.selection import Selection
from conformance.checks.check import Check
from conformance.resources import suites_dir


@dataclass
class Suites:
    """Rows, checks, scenarios, profiles and capabilities; `extra` are the user's own folders.

    Whoever reads a part of it meets the mistakes in that part, as `UserError`.
    """

    extra: Sequence[Path] = ()

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The built-in suites and the user's own."""
        return tuple(dict.fromkeys(path.resolve() for path in (suites_dir(), *self.extra)))

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """All profiles by name."""
        from conformance.catalogue.profiles import load_profiles

        return load_profiles(self.folders)

    @cached_property
    def capabilities(self) -> dict[str, Capability]:
        """The rows of the matrix."""
        return load_capabilities(self.folders)

    @cached_property
    def checks(self) -> dict[str, Check]:
        """The checks by requirement; whoever collects them fills this."""
        return {}

    @cached_property
    def catalogue(self) -> Catalogue:
        """The rows and schemas, with the checks that were collected."""
        from conformance.catalogue.requirements import load_requirements

        schemas = SchemaSet()
        rows = load_requirements(self.folders, tuple(self.profiles.values()))
        return Catalogue(rows, self.checks, schemas.requirements(), schemas, self.folders)

    @cached_property
    def scenarios(self) -> dict[str, Scenario]:
        """Everything that can be sent, by name."""
        from conformance.catalogue.scenario_loader import load_scenarios

        return load_scenarios(self.folders)

    def load_checks(self) -> None:
        """Import the checks, where no pytest collects them."""
        from conformance.catalogue.index import load_checks

        self.checks.update(load_checks(self.folders))

    def looks(self, requirements: Iterable[str]) -> list[Check]:
        """Where the judges of requirements look: their checks, or stand-ins for schema constraints."""
        return [look for id_ in requirements for look in self.catalogue.looks(id_)]

    def parse_selection(self, expression: str) -> Selection:
        """Parse an expression over this catalogue.

        Raises:
            UserError: it has a mistake.
        """
        from conformance.catalogue.selection import Vocabulary, parse_selection

        opt_ins = {word for one in self.scenarios.values() if one.opt_in for word in (one.opt_in, one.name)}
        words = Vocabulary.of(self.catalogue.requirements.values(), self.capabilities, opt_ins)
        return parse_selection(expression, words)

    def select(self, expression: str) -> frozenset[str]:
        """The ids of the requirements that an expression selects."""
        wanted, tagged = self.parse_selection(expression), self.tags()
        rows = self.catalogue.requirements
        return frozenset(id_ for id_, row in rows.items() if wanted(row, tagged.get(id_, frozenset())))

    def tags(self) -> dict[str, frozenset[str]]:
        """What `cap:` and `opt:` select each requirement by."""
        from conformance.catalogue.coverage import tags

        if not self.checks:  # judged by other processes, or not collected yet
            self.load_checks()
        return tags(self.looks(self.catalogue.requirements), self.scenarios, Context(model=UNNAMED))

    def capabilities_of(self) -> dict[str, tuple[str, ...]]:
        """The capabilities that each requirement is about, by its id."""
        return {
            id_: tuple(sorted(word.removeprefix("cap:") for word in words if word.startswith("cap:")))
            for id_, words in self.tags().items()
        }
