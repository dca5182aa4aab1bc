"""The catalogue is whole: every row is judged, every judge has a row, and what is sent is valid and affordable."""

from __future__ import annotations

import re

import pytest
from places import SHARED

from conformance.catalogue.context import Context
from conformance.catalogue.profiles import PLAIN
from conformance.catalogue.scenario import Scenario
from conformance.catalogue.suites import Suites
from conformance.inputs.endpoint import Endpoint
from conformance.model import Basis, Level
from conformance.planning.plan import make_plan
from conformance.planning.request_check import check_outgoing

MOST_REQUESTS = 240  # of an endpoint that refuses everything: every bundle is taken apart to its last part
"""Requests to one model under the plain profile, the probe included; raise it only with a reason.

So many go only to an endpoint that refuses whatever is tried together, where each thing is then tried alone.
"""

ID = re.compile(r"[a-z0-9][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)+")


def made() -> Suites:
    suites = Suites()
    suites.load_checks()
    return suites


TRIAL = made()
ROWS = TRIAL.catalogue.requirements
SCENARIOS = TRIAL.scenarios


def test_rows_and_judges_are_in_bijection():
    assert TRIAL.catalogue.faults() == []


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.id)
def test_a_row_is_written_with_care(row):
    assert ID.fullmatch(row.id), "ids are `area.slug` in the safe alphabet"
    assert row.statement.endswith("."), "a statement is a sentence"
    assert row.source.title, "a row names its source"
    assert row.basis is not Basis.PROVIDER_DOC or row.profile, "a promise belongs to a profile"
    assert (
        row.excluded or row.level is not Level.MUST or row.basis is not Basis.CLIENT_OBSERVED or row.breaks or row.why
    ), "a MUST that rests on clients says which ones break, or why"


@pytest.mark.parametrize("thinking", [False, True], ids=["plain", "thinking"])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda one: one.name)
def test_a_scenario_builds_a_valid_request(scenario: Scenario, thinking):
    request = scenario.build(Context("some/model", thinking=thinking))
    check_outgoing(request, scenario.name, scenario.source)
    assert b"$model" not in (request.body or b"")
    assert b"$limit" not in (request.body or b"")
    assert "$" not in request.path


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda one: one.name)
def test_a_scenario_is_written_with_care(scenario: Scenario):
    assert ID.fullmatch(scenario.name)
    assert scenario.purpose.endswith(".")


def test_every_capability_has_its_offer():
    offered = {one.offers for one in SCENARIOS.values() if one.offers}
    assert offered == set(TRIAL.capabilities)


def test_checks_name_scenarios_that_exist():
    named = {check.scenario for check in TRIAL.catalogue.checks.values() if check.scenario}
    assert not named - set(SCENARIOS)


def test_a_run_stays_affordable():
    plan = make_plan(SCENARIOS, Endpoint("some", "http://host/v1", models=("some/model",)), PLAIN)
    assert plan.maximum.requests <= MOST_REQUESTS


PROPOSALS = SHARED / "requirements.yaml"


@pytest.mark.skipif(not PROPOSALS.exists(), reason="the proposals are not beside the checkout")
def test_every_proposal_is_taken_up_merged_or_excluded():
    proposed = set(re.findall(r"^- id: (\S+)", PROPOSALS.read_text("utf-8"), re.MULTILINE))
    covered = {id_ for row in ROWS.values() for id_ in row.covers}
    assert proposed == covered
