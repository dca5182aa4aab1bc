"""What the reference provider's dialects get for verdicts: observed now, and as pinned in expected/<dialect>.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from campaign import CHAT, DUMB, TEXT, THINKER, bench, shown, stable
from places import TRUTH

from conformance.model import CheckResult, Verdict

FOLDER = TRUTH / "expected"
MODELS = (CHAT, THINKER, DUMB, TEXT)
TIMED = {"stream.incremental", "stream.beside", "transport.beside"}
"""Requirements that are never pinned for a dialect.

One is judged by arrival times, and may be inconclusive on a busy machine. The others need several requests under way at
once, and campaigns send one after the other; test_miniature_servers.py shows that they pass.
"""

Pins = dict[str, dict[str, dict[str, str]]]


def path_of(dialect: str) -> Path:
    """Where the pins of a dialect lie."""
    return FOLDER / f"{dialect}.yaml"


def load(dialect: str) -> Pins:
    """The pinned rows by model and requirement: every row that is not `pass`."""
    path = path_of(dialect)
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}


def results(dialect: str, model: str) -> tuple[CheckResult, ...]:
    """Every verdict of one dialect's model."""
    made = bench(dialect)
    return made.judge(made.baseline(model)[0]).results


def observe(dialect: str, model: str) -> dict[str, dict[str, str]]:
    """The rows of one model that do not pass now, with the reason, or for a fail with what the finding says."""
    return {
        one.requirement: {"verdict": one.verdict.value, "reason": _reason(one)}
        for one in sorted(results(dialect, model), key=lambda one: one.requirement)
        if one.verdict is not Verdict.PASS and one.requirement not in TIMED
    }


def _reason(one: CheckResult) -> str:
    return shown(one) if one.findings else " ".join(stable(one.reason).split())


def unshown() -> list[str]:
    """The rows that pass for no model of the openai dialect: nothing that is sent shows them."""
    pinned = load("openai")
    return sorted(set.intersection(*(set(pinned.get(model, {})) for model in MODELS)))


def dump(dialect: str, pins: dict[str, Any]) -> str:
    """The file's text, `why` kept from what was pinned before."""
    before = load(dialect)
    for model, rows in pins.items():
        for id_, row in rows.items():
            why = before.get(model, {}).get(id_, {}).get("why")
            if why:
                row["why"] = why
    head = (
        f"# Every row that does not pass for the dialect {dialect}; written by `python tools/pin_faults.py`.\n"
        "# A `fail` must say `why`: what the documents of that provider state.\n"
    )
    return head + yaml.safe_dump(pins, sort_keys=False, allow_unicode=True, width=140)
