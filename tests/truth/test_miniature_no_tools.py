"""A server that offers chats alone, and no tools: nothing false is said of it, and what it lacks is told as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli_runs import invoke
from miniature_no_tools import KEY, MODEL, Miniature

TRUE = {
    "capability.tools": "tools are taken and dropped",
    "error.envelope": "an unknown path is answered by the web framework, without `error`",
    "transport.unknown_path.body": "the same",
    "auth.challenge": "no WWW-Authenticate beside 401",
    "auth.scheme_case": "`bearer` is not taken for `Bearer`",
    "header.request_id": "no x-request-id",
    "header.preflight": "405 to a preflight",
    "header.cors": "no header for pages of another origin",
    "limit.headers": "no x-ratelimit headers",
    "reasoning.bad_effort": "any effort is taken",
    "transport.allow": "no Allow beside 405",
    "transport.gzip": "400 for a compressed body",
    "usage.details": "no details of the usage",
}
"""What this server does wrong, by the requirement that says so."""

ABSENT = {"completions": "POST /completions", "responses": "POST /responses", "embeddings": "POST /embeddings"}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("miniature") / "out"
    with Miniature() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINIATURE_KEY", KEY)
        done = invoke("run", server.url, "-m", MODEL, "--api-key-env", "MINIATURE_KEY", "--out", out)
    assert done.exit_code == 1, done.output
    found: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))
    return found


def rows(results: dict[str, Any], *verdicts: str) -> list[dict[str, Any]]:
    return [row for row in results["requirements"] if row["verdict"] in verdicts]


def test_exactly_what_it_does_wrong_fails(results: dict[str, Any]) -> None:
    failed = {row["id"]: [one["actual"] for one in row["findings"]] for row in rows(results, "fail", "error")}
    assert set(failed) == set(TRUE), failed


@pytest.mark.parametrize("area", ABSENT)
def test_an_operation_that_is_not_there_is_not_offered(area: str, results: dict[str, Any]) -> None:
    elsewhere = {"responses.wrong_key"}  # is asked at the first path that there is
    found = [row for row in rows(results, "not_run", "not_applicable", "inconclusive") if row["area"] == area]
    assert len(found) > 15
    for row in (one for one in found if one["id"] not in elsewhere):
        assert row["verdict"] == "not_applicable", row["id"]
        assert row["reason"].startswith("not offered: "), (row["id"], row["reason"])
        assert f"{ABSENT[area]} answered 404" in row["reason"], row["id"]
        assert row["unjudged"]["cause"] == "not_offered", row["id"]


def test_no_row_says_less_than_the_run_knows(results: dict[str, Any]) -> None:
    unsaid = [
        row["id"] for row in rows(results, "not_run", "not_applicable") if "no exchange is about" in row["reason"]
    ]
    assert unsaid == []


def test_what_a_refused_capability_hides_says_who_refused_it_in_which_words(results: dict[str, Any]) -> None:
    reasons = {row["id"]: row["reason"] for row in rows(results, "not_applicable")}
    assert "HTTP 400: This model reads text only." in reasons["vision.image_only"]
    assert "HTTP 400: 'response_format' is not supported by this model." in reasons["structured.length"]


def test_the_gate_counts_what_could_have_been_judged(results: dict[str, Any]) -> None:
    failed = {row["id"] for row in rows(results, "fail")}
    by = {row["id"]: row["unjudged"]["by"] for row in rows(results, "not_run") if row["unjudged"]["cause"] == "blocked"}
    open_ones = {one["requirement"] for one in results["summary"]["gate"]["open"]}
    assert all(by[one] in failed for one in open_ones), {one: by[one] for one in open_ones}
    assert open_ones <= {
        "tools.required", "tools.named", "tools.roundtrip", "tools.parameters.absent", "tools.no_name",
    }  # fmt: skip


def test_babble_is_no_call(results: dict[str, Any]) -> None:
    (row,) = [row for row in results["requirements"] if row["id"] == "tools.leak.markup"]
    assert row["verdict"] != "fail"
