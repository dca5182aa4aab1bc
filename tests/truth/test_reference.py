"""No false alarm: what the reference provider does right passes, and what it does not offer is not held against it."""

from __future__ import annotations

import pytest
import truth
from campaign import DUMB, bench, by_level, shown

from conformance.api.usage import sum_usage
from conformance.model import Basis, Level, Verdict
from conformance.reference.dialects import DIALECTS

WORDED = [name for name in DIALECTS if truth.path_of(name).is_file()]
PAIRS = [(dialect, model) for dialect in WORDED for model in truth.MODELS]


def rows():
    return bench().suites.catalogue.requirements


@pytest.mark.parametrize("model", truth.MODELS)
def test_the_openai_dialect_breaks_nothing(model):
    wrong = [one for one in truth.results("openai", model) if one.verdict in {Verdict.FAIL, Verdict.ERROR}]
    assert not wrong, [f"{one.requirement}: {one.crash or shown(one)}" for one in wrong]


@pytest.mark.parametrize(("dialect", "model"), PAIRS, ids=[f"{dialect}-{model}" for dialect, model in PAIRS])
def test_exactly_the_pinned_rows_do_not_pass(dialect, model):
    pinned = {
        id_: {name: value for name, value in row.items() if name != "why"}
        for id_, row in truth.load(dialect).get(model, {}).items()
    }
    assert truth.observe(dialect, model) == pinned, "if this is right: python tools/pin_faults.py, and review the diff"


def test_every_pinned_fail_says_why():
    silent = [
        f"{dialect}: {model}: {id_}"
        for dialect in WORDED
        for model, pinned in truth.load(dialect).items()
        for id_, row in pinned.items()
        if row["verdict"] == "fail" and not row.get("why")
    ]
    assert not silent


def test_a_model_without_wit_breaks_no_must():
    judged = bench().judge(bench().baseline(DUMB)[0])
    failed = by_level(judged.fails, lambda id_: rows()[id_].level.value)
    assert not failed.get("MUST"), "a verdict depends on the model's wit"


def test_each_row_passes_for_one_of_the_models():
    passed = {
        one.requirement for model in truth.MODELS for one in truth.results("openai", model) if one.verdict == "pass"
    }
    judged = {row.id for row in rows().values() if row.excluded is None and row.profile is None}
    assert sorted(judged - passed - truth.TIMED) == truth.unshown()


def test_levels_and_bases_are_words_of_the_model():
    assert {row.level for row in rows().values()} <= set(Level)
    assert {row.basis for row in rows().values()} <= set(Basis)


@pytest.mark.parametrize("model", truth.MODELS)
def test_a_full_run_is_cheap(model):
    recording, _ = bench().baseline(model)
    assert len(recording.exchanges) <= 110
    assert sum_usage(recording.exchanges)["total"] <= 12_000


@pytest.mark.parametrize("model", truth.MODELS)
def test_the_tokens_of_a_run_add_up(model):
    sums = sum_usage(bench().baseline(model)[0].exchanges)
    assert sums["prompt"] + sums["completion"] == sums["total"]
