"""No blind check: each fault trips exactly what is pinned, and each requirement is tripped by something."""

from __future__ import annotations

import mutations
import pins
import pytest
from campaign import bench, shown

from conformance.reference.faults import FAULTS

PINNED = pins.load()
REGENERATE = "if this is right: python tools/pin_faults.py, and review the diff"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_trips_exactly_what_is_pinned(fault):
    assert fault in PINNED, f"not pinned yet: python tools/pin_faults.py {fault}"
    observed, pinned = pins.observe(fault, PINNED[fault]), PINNED[fault]
    if pinned.get("caught") is False and observed.get("caught") is not False:
        pytest.fail(f"{fault} is caught now, and listed as uncaught: {observed}; {REGENERATE}")
    assert observed == pinned, REGENERATE


def test_no_entry_outlives_its_fault():
    assert not set(PINNED) - set(FAULTS)


def test_uncaught_faults_say_why():
    assert not [name for name in pins.uncaught(PINNED) if len(PINNED[name].get("reason", "")) < 10]


def test_a_finding_tells_a_stranger_what_to_mend():
    unclear = [
        f"{name}: {entry['says']}"
        for name, entry in PINNED.items()
        if "says" in entry and ("expected ;" in entry["says"] or "; got ;" in entry["says"])
    ]
    assert not unclear


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda one: one.name)
def test_a_mutation_trips_its_requirement(mutation):
    recording = mutations.mutated(mutation)
    failed = bench().judge(recording).fails
    assert mutation.requirement in failed
    assert mutation.says in shown(failed[mutation.requirement])


def test_every_requirement_is_tripped_by_a_fault_or_a_mutation():
    rows = bench().suites.catalogue.requirements.values()
    judged = {row.id for row in rows if row.excluded is None and row.profile is None}  # promises have their own proof
    tripped = pins.tripped(PINNED.values()) | {one.requirement for one in mutations.MUTATIONS}
    assert not sorted(judged - tripped), (
        "nothing shows that these can fail: add a fault, or a row to tests/support/mutations.py"
    )
