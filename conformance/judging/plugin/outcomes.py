"""pytest as the judge: one item per requirement and scope slot, collected offline, run over every exchange.

A check's arguments are placeholders: `pytest_pyfunc_call` hands the function to the folding, which runs it once per
exchange. The result travels in `report.user_properties` as the pair ("conformance", JSON), so that it survives xdist.
"""

from __future__ import annotations

import pytest

from conformance.gate.gate import judge_gate
from conformance.judging.plugin.options import SESSION, translate_errors
from conformance.judging.slots import SlotName
from conformance.model import CheckResult, Requirement, Verdict
from conformance.store.results_file import dump_verdict

PROPERTY = "conformance"
"""The name under which a result stands in `report.user_properties`."""


def judge_item(item: pytest.Item, row: Requirement, name: SlotName) -> None:
    """Judge a requirement in a slot, hand the result on with the item's report, and end as the gate says."""
    judging = item.config.stash[SESSION]
    result = translate_errors(lambda: judging.judge(row, name))
    item.user_properties.append((PROPERTY, dump_verdict(result)))
    word, note = judge_gate(judging.gate, row, result)
    conclude(row, result, word, note)


def conclude(row: Requirement, result: CheckResult, word: str, note: str) -> None:
    """Say in pytest's terms how the gate takes a result: return, fail, xfail or skip."""
    if result.crash:
        pytest.fail(f"the harness crashed:\n{result.crash}", pytrace=False)
    if word in {"fail", "stale"}:
        pytest.fail(describe_result(row, result, note), pytrace=False)
    if result.verdict is Verdict.FAIL:
        raise pytest.xfail.Exception(describe_result(row, result, note), pytrace=False)
    if result.verdict is not Verdict.PASS:
        pytest.skip(f"{result.verdict.value}: {result.reason}")


def describe_result(row: Requirement, result: CheckResult, note: str = "") -> str:
    """A result in words: the requirement, then a line for each finding."""
    found = (f"  exchange {f.exchange}, {f.at}: expected {f.expected}, got {f.actual}" for f in result.findings)
    return "\n".join([f"{row.id} ({row.level.value}): {row.statement}", *([note] if note else []), *found])
