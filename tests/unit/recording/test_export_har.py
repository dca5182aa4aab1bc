"""HAR export: what a browser's network panel needs, and what our own reader gets back of it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from report_samples import exchange, stream_body

from conformance.commands.app import cli
from conformance.model import Exchange, Facet, Request, Verdict
from conformance.recording import Secrets, read_recordings
from conformance.recording.export_har import to_har
from conformance.reference.server.serving import ReferenceServer

ENTRY = {"startedDateTime", "time", "request", "response", "cache", "timings"}
REQUEST = {"method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"}
RESPONSE = {
    "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize", "bodySize",
}  # fmt: skip


def there_and_back(one: Exchange, folder: Path) -> Exchange:
    file = folder / "x.har"
    file.write_bytes(to_har([one]).encode("utf-8", "backslashreplace"))
    (recording,) = read_recordings([file])
    return recording.exchanges[0]


def entry(one: Exchange) -> dict[str, Any]:
    (made,) = json.loads(to_har([one]))["log"]["entries"]
    return made


def test_the_file_has_what_har_1_2_requires() -> None:
    log = json.loads(to_har([exchange("1", b"{}"), exchange("2", stream_body(), stream=True)]))["log"]
    assert log["version"] == "1.2"
    assert set(log["creator"]) == {"name", "version"}
    for one in log["entries"]:
        assert set(one) >= ENTRY
        assert set(one["request"]) >= REQUEST
        assert set(one["response"]) >= RESPONSE
        assert set(one["response"]["content"]) >= {"size", "mimeType", "text"}
        assert sum(one["timings"].values()) == pytest.approx(one["time"])
        strange = [name for name in set(one) - ENTRY if not name.startswith("_") and name != "comment"]
        assert strange == [], "what HAR has no place for begins with an underscore"


@pytest.mark.parametrize(
    "body",
    [b"{}", b"", stream_body(), "\u2028 \U0001f600 \u200f".encode(), b"\xff\xfe\x00binary\x80", b'{"a":"\\ud800"}'],
    ids=["json", "empty", "stream", "strange text", "binary", "half a pair"],
)
def test_a_body_comes_back_byte_by_byte(tmp_path: Path, body: bytes) -> None:
    found = there_and_back(exchange("1", body), tmp_path)
    assert found.body == body


@pytest.mark.parametrize(
    "body", [b'{"model":"m"}', b"{not json", b"\xff\xfe", None], ids=["json", "text", "binary", "none"]
)
def test_a_request_comes_back_as_it_was_sent(tmp_path: Path, body: bytes | None) -> None:
    asked = Request(body=body, expects="completion")
    found = there_and_back(exchange("1", b"{}", request=asked), tmp_path)
    assert (found.request.body, found.request.method, found.url) == (
        body,
        "POST",
        "https://api.example/v1/chat/completions",
    )


def test_a_binary_body_is_base64_and_says_so() -> None:
    content = entry(exchange("1", b"\xff\x00"))["response"]["content"]
    assert base64.b64decode(content["text"]) == b"\xff\x00"
    assert (content["encoding"], content["size"]) == ("base64", 2)


def test_the_query_and_the_content_type_stand_where_browsers_look() -> None:
    sent = (("content-type", "text/plain"),)
    one = entry(exchange("1", b"{}", url="https://h/v1/models?limit=2&after=", sent_headers=sent))
    assert one["request"]["queryString"] == [{"name": "limit", "value": "2"}, {"name": "after", "value": ""}]
    assert one["request"]["postData"]["mimeType"] == "text/plain"
    assert one["response"]["content"]["mimeType"] == "application/json"


@pytest.mark.parametrize("started", [0.0, 1e300, -1e300, float("inf"), float("nan")], ids=str)
def test_any_clock_can_be_written(started: float) -> None:
    assert entry(exchange("1", b"{}", started_at=started))["startedDateTime"].startswith("1970-01-01T00:00:00")


def test_a_clock_that_was_lost_stays_lost(tmp_path: Path) -> None:
    lost = exchange("1", b"{}", lost=frozenset({Facet.CLOCK}))
    assert Facet.CLOCK in there_and_back(lost, tmp_path).lost
    assert Facet.CLOCK not in there_and_back(replace(lost, lost=frozenset(), started_at=1.79e9), tmp_path).lost


def test_an_exchange_without_an_answer_is_written_and_left_out_when_read(tmp_path: Path) -> None:
    file = tmp_path / "x.har"
    file.write_text(to_har([exchange("1", b"", status=None), exchange("2", b"{}")]))
    (recording,) = read_recordings([file])
    assert [one.id for one in recording.exchanges] == ["2"]
    assert "#1 is left out: it has no answer" in " ".join(recording.notes)


def verdicts(folder: Path) -> dict[str, tuple[str, list[str]]]:
    rows = json.loads((folder / "results.json").read_text())["requirements"]
    return {
        row["id"]: (row["verdict"], [finding["actual"] for finding in row["findings"]])
        for row in rows
        if row["verdict"] in {Verdict.PASS, Verdict.FAIL}
    }


def test_an_exported_recording_is_judged_as_the_recording_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ReferenceServer(faults=("finish-reason-end-turn", "usage-null-in-stream")) as server:
        monkeypatch.setenv("REFERENCE_KEY", server.api_key)
        target = [server.base_url, "--api-key-env", "REFERENCE_KEY", "-m", "reference-chat"]
        words = ["run", *target, "--select", "chat.finish_reason,streaming", "--out", str(tmp_path / "run")]
        assert CliRunner().invoke(cli, words).exit_code == 1
    har = tmp_path / "run.har"
    done = CliRunner().invoke(cli, ["har", str(tmp_path / "run" / "recording.jsonl"), "--out", str(har)])
    assert done.exit_code == 0, done.output
    assert server.api_key not in har.read_text()
    CliRunner().invoke(cli, ["judge", str(har), "--out", str(tmp_path / "again")])
    before, after = verdicts(tmp_path / "run"), verdicts(tmp_path / "again")
    shared = before.keys() & after.keys()
    assert len(shared) >= 10
    assert {id_: after[id_] for id_ in shared} == {id_: before[id_] for id_ in shared}
    assert "fail" in {verdict for verdict, _ in before.values()}


@pytest.mark.parametrize("what", ["nothing", "folder"], ids=str)
def test_what_cannot_be_exported_is_a_mistake_of_usage(tmp_path: Path, what: str) -> None:
    (tmp_path / "folder").mkdir()
    done = CliRunner().invoke(cli, ["har", str(tmp_path / what), "--out", str(tmp_path / "x.har")])
    assert done.exit_code == 2
    assert "error:" in done.stderr


def test_the_export_masks_nothing_anew_and_leaks_nothing() -> None:
    key = "sk-proj-0123456789abcdefghij"
    masked = Secrets((key,)).mask_exchange(exchange("1", f'{{"echo":"{key}"}}'.encode()))
    assert key not in to_har([masked])
