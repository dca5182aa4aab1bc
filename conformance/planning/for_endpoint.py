"""What is sent to an endpoint, by what is chosen of the suites."""

from __future__ import annotations

from conformance.catalogue.profiles import Profile, profile_for
from conformance.catalogue.suites import Suites
from conformance.inputs.endpoint import Endpoint
from conformance.inputs.options import ChoiceOptions
from conformance.planning.plan import Plan, make_plan


def plan_for(endpoint: Endpoint, choice: ChoiceOptions, suites: Suites | None = None) -> Plan:
    """Plan what is sent to an endpoint.

    Raises:
        UserError: an unknown profile, a mistake in the selection or in a suite.
    """
    suites = suites or Suites(choice.suites)
    profile = profile_for(endpoint.profile, endpoint.host, suites.profiles)
    if choice.select is None:
        return make_plan(suites.scenarios, endpoint, profile, quick=choice.quick)
    suites.load_checks()
    needed = needed_scenarios(suites, suites.select(choice.select), profile)
    selection = suites.parse_selection(choice.select)
    return make_plan(suites.scenarios, endpoint, profile, select=selection, quick=choice.quick, needed=needed)


def needed_scenarios(suites: Suites, requirements: frozenset[str], profile: Profile) -> set[str]:
    """The scenarios of a profile's plan that show something to the judges of these requirements."""
    from conformance.catalogue.context import UNNAMED, Context
    from conformance.catalogue.coverage import cover

    sent = {name: one for name, one in suites.scenarios.items() if one.profile in {None, profile.name}}
    return cover(suites.looks(sorted(requirements)), sent, Context(model=UNNAMED))
