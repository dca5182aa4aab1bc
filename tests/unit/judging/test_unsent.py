"""What was planned and not sent is the reason why nothing was seen of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from plugin_samples import CountingServer

from conformance.commands.app import cli


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        pytest.param(("--max-requests", "3"), "over budget: 3 of 3 requests were sent", id="requests"),
        pytest.param(("--max-tokens", "20"), "of 20 tokens were spent", id="tokens"),
    ],
)
def test_over_budget_ends_cleanly_and_says_of_what(
    limits: tuple[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with CountingServer() as server:
        monkeypatch.setenv("REFERENCE_KEY", server.api_key)
        select = ["--select", "stream.done, tools.*, error.bad_json"]
        target = [server.base_url, "-m", "reference-chat", "--api-key-env", "REFERENCE_KEY"]
        done = CliRunner().invoke(cli, ["run", *target, *select, *limits, "--out", str(out)])
    assert done.exit_code == 4, done.output
    assert words in done.stderr
    results = json.loads((out / "results.json").read_text())
    assert (results["run"]["complete"], results["summary"]["result"]) == (False, "incomplete")
    assert words in results["run"]["endings"][0]
    unseen = [row["reason"] for row in results["requirements"] if row["verdict"] == "not_run"]
    assert unseen
    assert all(words in reason and " was not" in reason for reason in unseen if not reason.startswith("blocked"))
