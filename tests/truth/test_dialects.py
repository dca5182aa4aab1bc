"""The three documented providers: their dialects keep every promise, and each promise can be seen broken."""

from __future__ import annotations

from dataclasses import replace

import promises
import pytest
import truth
from campaign import CHAT, THINKER, bench, shown

from conformance.model import Basis, Exchange, Verdict
from conformance.reference.dialects import DIALECTS

DOCUMENTED = ("llmbase", "yuhuanstudio", "flexai")
LITERAL = tuple(f"{name}-literal" for name in DOCUMENTED)


def promised(profile):
    rows = bench().suites.catalogue.requirements.values()
    return {row.id for row in rows if row.profile == profile and row.excluded is None}


@pytest.mark.parametrize("dialect", [*DOCUMENTED, *LITERAL])
def test_every_dialect_is_pinned(dialect):
    assert dialect in DIALECTS
    assert truth.path_of(dialect).is_file(), "python tools/pin_faults.py, and say why of each fail"


@pytest.mark.parametrize("dialect", DOCUMENTED)
def test_a_dialect_keeps_its_promises(dialect):
    verdicts = {one.requirement: one for model in (CHAT, THINKER) for one in truth.results(dialect, model)}
    wrong = [one for id_, one in verdicts.items() if id_ in promised(dialect) and one.verdict is Verdict.FAIL]
    assert not wrong, [f"{one.requirement}: {shown(one)}" for one in wrong]


@pytest.mark.parametrize("dialect", DOCUMENTED)
def test_every_promise_is_judged(dialect):
    judged = {
        one.requirement
        for model in truth.MODELS
        for one in truth.results(dialect, model)
        if one.verdict in {Verdict.PASS, Verdict.FAIL}
    }
    assert not sorted(promised(dialect) - judged)


@pytest.mark.parametrize("dialect", LITERAL)
def test_what_is_printed_is_not_enough(dialect):
    assert bench(dialect).judge(bench(dialect).baseline()[0]).fails


@pytest.mark.parametrize("breach", promises.BREACHES, ids=lambda one: one.requirement)
def test_a_breach_of_a_promise_is_found(breach):
    failed = promises.failure(breach)
    assert failed is not None
    assert breach.says in shown(failed)


def test_every_promise_can_be_broken():
    rows = bench().suites.catalogue.requirements.values()
    every = {row.id for row in rows if row.basis is Basis.PROVIDER_DOC and row.excluded is None}
    assert every == {one.requirement for one in promises.BREACHES}


DEEPSEEK = {
    "is_available": True,
    "balance_infos": [
        {"currency": "CNY", "total_balance": "110.00", "granted_balance": "10.00", "topped_up_balance": "100.00"}
    ],
}
LITELLM = (("x-litellm-call-id", "1"), ("x-litellm-version", "1.109.1"))


def with_litellm_headers(exchange: Exchange) -> Exchange:
    return replace(exchange, response_headers=(*exchange.response_headers, *LITELLM))


@pytest.mark.parametrize(
    ("requirement", "dialect", "scenario", "edit"),
    [
        pytest.param("deepseek.balance", "llmbase", "balance.spend", promises.value(lambda _: DEEPSEEK), id="deepseek"),
        pytest.param("litellm.headers", "openai", None, with_litellm_headers, id="litellm"),
    ],
)
def test_a_kept_promise_passes(requirement, dialect, scenario, edit):
    recording, _ = bench(dialect).baseline()
    bent = tuple(
        edit(one) if scenario is None or (one.scenario == scenario and one.step != 1) else one
        for one in recording.exchanges
    )
    header = replace(recording.header, profile=requirement.partition(".")[0])
    judged = bench(dialect).judge(replace(recording, exchanges=bent, header=header))
    assert requirement in judged.of(Verdict.PASS)


@pytest.mark.parametrize("profile", DOCUMENTED)
def test_contradictions_cite_both_sides(profile):
    found = bench().suites.profiles[profile].contradictions
    assert len(found) >= 9
    assert all(side.says and side.source for one in found for side in one.statements)
