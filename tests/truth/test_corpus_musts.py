"""No recorded answer of api.openai.com, in whichever form somebody keeps it, breaks a MUST."""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign import shown
from places import CORPUS

from conformance.catalogue.suites import Suites
from conformance.errors import UserError
from conformance.judging.slots import Material, slot_names
from conformance.model import Basis, CheckResult, Level, Requirement, Verdict
from conformance.recording import read_recordings

FOLDERS = sorted(folder for folder in CORPUS.glob("*") if folder.is_dir())
OPENAI = "api.openai.com"

pytestmark = pytest.mark.skipif(not FOLDERS, reason="no recorded traffic beside the checkout")


@pytest.fixture(scope="module")
def suites():
    loaded = Suites()
    loaded.load_checks()
    return loaded


def _failures(folder: Path, suites: Suites) -> list[tuple[Requirement, CheckResult]]:
    try:
        material = Material(list(read_recordings([folder])), suites)
    except UserError:
        pytest.skip(f"no recording of a known form in {folder.name}")
    names = [name for name in material.names if name.endpoint == OPENAI]
    found = []
    for row in suites.catalogue.judged("openai"):
        if row.basis is not Basis.PROVIDER_DOC:
            slots = [name for name in slot_names(row, names) if material.applies(row, name)]
            found += [(row, material.judge(row, name)) for name in slots]
    return [(row, one) for row, one in found if one.verdict in {Verdict.FAIL, Verdict.ERROR}]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_must_fails(folder, suites):
    failed = [
        f"{row.id}: {one.crash or shown(one)}"
        for row, one in _failures(folder, suites)
        if row.level is Level.MUST or one.verdict is Verdict.ERROR
    ]
    assert not failed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_model_has_a_name_that_was_asked_for(folder, suites):
    assert not [shown(one) for row, one in _failures(folder, suites) if row.id == "chat.model.prefix"]
