"""The endpoints that options name."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.errors import ExitCode, UserError
from conformance.inputs.endpoint import Limits, Timeouts
from conformance.inputs.options import BudgetOptions, TargetOptions
from conformance.inputs.targets import resolve_targets

URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("seconds", "fitted"),
    [
        (180, Timeouts()),
        (5, Timeouts(connect=5, first_byte=5, idle=5, total=5)),
        (45, Timeouts(connect=10, first_byte=45, idle=30, total=45)),
        (540, Timeouts(connect=10, first_byte=180, idle=90, total=540)),
    ],
)
def test_waits_fit_into_the_whole_and_grow_with_it(seconds: float, fitted: Timeouts) -> None:
    assert Timeouts().fit(seconds) == fitted


def test_waits_of_a_config_keep_their_share(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        f"endpoints: [{{name: a, url: '{URL}', timeouts: {{first_byte: 20, total: 40}}}}, {{name: b, url: '{URL}'}}]"
    )
    endpoints, base = resolve_targets(TargetOptions(config=path, timeout=360), BudgetOptions())
    assert base == Path("reports")
    assert [one.timeouts for one in endpoints] == [
        Timeouts(connect=10, first_byte=180, idle=270, total=360),
        Timeouts(connect=10, first_byte=120, idle=60, total=360),
    ]


def test_limits_that_are_not_given_stay() -> None:
    (endpoint,), base = resolve_targets(
        TargetOptions(url=URL, label="x"), BudgetOptions(max_requests=7, max_seconds=2.5)
    )
    assert base is None
    assert (endpoint.limits, endpoint.timeouts, endpoint.label) == (Limits(requests=7, seconds=2.5), Timeouts(), "x")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (TargetOptions(), "no endpoint was named"),
        (TargetOptions(url=" "), "the URL is empty"),
        (TargetOptions(url=URL, config=Path("c.yaml")), "both a URL and --config were given"),
        (TargetOptions(config=Path("c.yaml"), insecure=True), "both --insecure and --config were given"),
    ],
)
def test_mistakes_are_told(target: TargetOptions, message: str) -> None:
    with pytest.raises(UserError) as caught:
        resolve_targets(target, BudgetOptions())
    assert (caught.value.message, caught.value.exit_code) == (message, ExitCode.USAGE)
