"""No false alarm on the yardstick itself: recorded traffic of api.openai.com breaks no MUST, and framing is not blind.

Runs where the recorded traffic lies beside the checkout; what is expected of it is in expected/corpus.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import yaml
from campaign import shown
from places import CORPUS, OPENAI_SHAPED, TRUTH

from conformance.api.views import applies
from conformance.catalogue.suites import Suites
from conformance.judging.slots import Material, slot_names
from conformance.model import Basis, CheckResult, Level, Requirement, Verdict
from conformance.recording import read_recordings

FOLDERS = [CORPUS / name for name in OPENAI_SHAPED]
OPENAI = "api.openai.com"
EXPECTED = yaml.safe_load((TRUTH / "expected" / "corpus.yaml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.skipif(
    not all(folder.is_dir() for folder in FOLDERS), reason="no recorded traffic beside the checkout"
)


@dataclass
class Row:
    """One requirement over all models of OpenAI."""

    row: Requirement
    results: list[CheckResult] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """Exchanges that passed or failed."""
        return sum(one.judged for one in self.results)

    @property
    def failed(self) -> list[CheckResult]:
        """What failed, by model."""
        return [one for one in self.results if one.verdict is Verdict.FAIL]


@pytest.fixture(scope="module")
def material():
    suites = Suites()
    suites.load_checks()
    recordings = list(read_recordings(FOLDERS))
    return Material(recordings, suites)


@pytest.fixture(scope="module")
def rows(material):
    names = [name for name in material.names if name.endpoint == OPENAI]
    found = {
        row.id: Row(row) for row in material.suites.catalogue.judged("openai") if row.basis is not Basis.PROVIDER_DOC
    }
    for one in found.values():
        slots = [name for name in slot_names(one.row, names) if material.applies(one.row, name)]
        one.results = [material.judge(one.row, name) for name in slots]
    return found


def test_nothing_crashes(rows):
    crashes = [one.crash for row in rows.values() for one in row.results if one.verdict is Verdict.ERROR]
    assert not crashes, crashes[0]


def test_no_must_fails(rows):
    failed = [f"{row.row.id}: {shown(one)}" for row in rows.values() for one in row.failed]
    must = [words for words in failed if rows[words.partition(":")[0]].row.level is Level.MUST]
    assert not must


def test_other_failures_are_justified(rows):
    failed = {row.row.id for row in rows.values() if row.failed and row.row.level is not Level.MUST}
    assert failed == set(EXPECTED["justified"] or {})


def test_each_row_says_how_much_it_judged(rows, capsys):
    with capsys.disabled():
        print(f"\nexchanges of {OPENAI} that each row judged:")  # noqa: T201
        for id_, row in sorted(rows.items()):
            print(f"  {row.judged:5d}  {id_}")  # noqa: T201
    assert sum(row.judged for row in rows.values()) > 1000


def test_framing_musts_see_nearly_every_stream(rows, material):
    streams = sum(
        exchange.request.expects == "stream" and exchange.ok and applies(exchange, "stream")
        for exchange in material.endpoints[OPENAI]
    )
    assert streams == EXPECTED["streams"]
    blind = []
    for id_, row in rows.items():
        check = material.suites.catalogue.checks.get(id_)
        if check is None or row.row.level is not Level.MUST or check.when or check.scenario or check.stopped:
            continue
        lost = all(one.reason.startswith("the recording does not hold") for one in row.results)
        if check.view in {"framing", "stream"} and row.judged < 0.95 * streams and not lost:
            blind.append(f"{id_} judges {row.judged} of {streams}")
    assert blind == EXPECTED["blind"]


def test_musts_that_nothing_witnesses_say_so(rows):
    silent = {id_ for id_, row in rows.items() if row.row.level is Level.MUST and not row.judged}
    unmarked = sorted(id_ for id_ in silent if not rows[id_].row.unwitnessed)
    assert unmarked == EXPECTED["unmarked"], "mark the row `unwitnessed: true`, or take it off the list"
    assert not [id_ for id_, row in rows.items() if row.row.unwitnessed and row.judged]
