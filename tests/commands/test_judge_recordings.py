"""Other people's recordings, judged from the command line: what is judged, of whom, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_runs import invoke, told

from conformance.catalogue.suites import Suites
from conformance.commands.judge import folder_names
from conformance.judging.slots import Material
from conformance.recording.discovery import read_recordings

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1770000000,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello.", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
}
JSON = {"Content-Type": ["application/json"], "Date": ["Thu, 01 Jan 2026 10:00:00 GMT"]}
UNTYPED = {"error": {"message": "No such key.", "code": "invalid_api_key", "param": None}}


def chat(
    answer: Any = CHAT,
    *,
    host: str = "h.example",
    status: Any = 200,
    headers: dict[str, list[str]] = JSON,
    says: str = "Say hello.",
) -> dict[str, Any]:
    asked = json.dumps({"model": "m", "messages": [{"role": "user", "content": says}]})
    request = {"method": "POST", "uri": f"https://{host}/v1/chat/completions", "headers": {}, "body": asked}
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return {"request": request, "response": {"status": status, "headers": headers, "body": {"string": text}}}


def got(path: str, answer: str, status: int = 200, date: str = "", *, kind: str = "application/json") -> dict[str, Any]:
    request = {"method": "GET", "uri": f"https://h.example{path}", "headers": {}, "body": None}
    headers = {"Content-Type": [kind], **({"Date": [date]} if date else {})}
    return {"request": request, "response": {"status": status, "headers": headers, "body": {"string": answer}}}


def cassette(path: Path, *interactions: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"interactions": list(interactions)}))
    return path


def results(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return document


def verdicts(folder: Path) -> dict[str, str]:
    return {row["id"]: row["verdict"] for row in results(folder)["requirements"]}


def failed(folder: Path) -> set[str]:
    return {id_ for id_, verdict in verdicts(folder).items() if verdict == "fail"}


def test_a_go_cassette_is_judged(tmp_path: Path) -> None:
    """R1."""
    one = chat()
    body = {name: value for name, value in CHAT.items() if name != "choices"}
    one["response"] = {"body": json.dumps(body), "headers": JSON, "status": "200 OK", "code": 200}
    done = invoke("judge", cassette(tmp_path / "c.yaml", one), "--out", tmp_path / "out")
    assert (done.exit_code, "chat.choices" in failed(tmp_path / "out")) == (1, True)


def test_a_cassette_of_ruby_is_judged(tmp_path: Path) -> None:
    """R2."""
    one = chat()
    one["request"] |= {"method": "post", "body": {"encoding": "UTF-8", "string": one["request"]["body"]}}
    one["response"] |= {"status": {"code": 200, "message": "OK"}, "body": {"string": json.dumps(CHAT).encode()}}
    text = yaml.safe_dump({"http_interactions": [one], "recorded_with": "VCR 6.4.0"})
    (tmp_path / "c.yml").write_text(text.replace("!!binary", "!binary"))
    done = invoke("judge", tmp_path / "c.yml", "--out", tmp_path / "out")
    assert (done.exit_code, verdicts(tmp_path / "out")["chat.choices"]) == (0, "pass")


def test_what_was_left_out_is_counted_with_the_reason_everywhere(tmp_path: Path) -> None:
    """R4."""
    rows = [chat(), chat(), *[chat(status=None)] * 10]
    done = invoke("judge", cassette(tmp_path / "c.yaml", *rows), "--out", tmp_path / "out")
    said = "10 of 12 exchanges were left out: 10 because it has no HTTP status"
    assert said in " ".join(done.stdout.split())
    assert said in (tmp_path / "out" / "index.html").read_text()
    assert "10 of 12 exchanges were left out" in (tmp_path / "out" / "summary.md").read_text()
    examples = ["c.yaml#3", "c.yaml#4", "c.yaml#5"]
    reasons = [{"reason": "it has no HTTP status", "count": 10, "examples": examples}]
    assert results(tmp_path / "out")["run"]["left_out"] == {"count": 10, "of": 12, "reasons": reasons}


def test_a_recording_of_which_all_was_left_out_says_so(tmp_path: Path) -> None:
    rows = [*[chat(status=None)] * 12, got("/favicon.ico", "no", 404)]
    done = invoke("judge", cassette(tmp_path / "c.yaml", *rows), "--out", tmp_path / "out")
    message, _ = told(done)
    assert (done.exit_code, "13 of 13 exchanges were left out: 12 because it has no HTTP status" in message) == (
        4,
        True,
    )
    assert "GET /favicon.ico at h.example" in message
    assert not (tmp_path / "out").exists()


def test_nothing_left_out_is_not_mentioned(tmp_path: Path) -> None:
    done = invoke("judge", cassette(tmp_path / "c.yaml", chat()), "--out", tmp_path / "out")
    assert (done.exit_code, "left out" in done.stdout, "left_out" in results(tmp_path / "out")["run"]) == (
        0,
        False,
        False,
    )


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(got("/favicon.ico", "<html>", 404, kind="text/html"), id="favicon"),
        pytest.param(got("/metrics", "up 1", 200, kind="text/plain"), id="metrics"),
    ],
)
def test_what_is_no_path_of_the_api_is_not_judged(tmp_path: Path, stranger: dict[str, Any]) -> None:
    """R7."""
    done = invoke("judge", cassette(tmp_path / "c.yaml", chat(), stranger), "--out", tmp_path / "out")
    assert (done.exit_code, "error.json" in verdicts(tmp_path / "out")) == (0, False)
    assert results(tmp_path / "out")["run"]["left_out"]["reasons"][0]["examples"] == [
        f"GET {stranger['request']['uri'].removeprefix('https://h.example')} at h.example"
    ]
    assert list(results(tmp_path / "out")["exchanges"]) == ["1"]


def test_an_operation_that_is_not_known_has_no_rows(tmp_path: Path) -> None:
    """R11."""
    error = {"error": {"message": "No.", "type": "image_generation_user_error", "param": None, "code": None}}
    images = chat(error, status=400)
    images["request"] |= {"uri": "https://h.example/v1/images/edits", "body": "--boundary"}
    done = invoke("judge", cassette(tmp_path / "c.yaml", chat(), images), "--out", tmp_path / "out")
    assert (done.exit_code, "error.type.word" in verdicts(tmp_path / "out")) == (0, False)


@pytest.mark.parametrize("id_", ["<X_REQUEST_ID>", "REDACTED"])
def test_what_a_recorder_replaced_is_not_the_endpoints(tmp_path: Path, id_: str) -> None:
    """R10: in headers, in members, and between exchanges."""
    answer = {**CHAT, "id": id_, "created": 0, "system_fingerprint": id_}
    rows = [chat(answer, headers=JSON | {"X-Request-Id": [id_]}, says=says) for says in ("Say hello.", "Say bye.")]
    done = invoke("judge", cassette(tmp_path / "c.yaml", *rows), "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stdout
    assert not failed(tmp_path / "out") & {"header.request_id.unique", "chat.id.unique", "chat.created", "chat.id"}


def test_ids_that_the_endpoint_repeats_are_still_found(tmp_path: Path) -> None:
    headers = JSON | {"X-Request-Id": ["req_1"]}
    second = {**CHAT, "id": "chatcmpl-2"}
    path = cassette(tmp_path / "c.yaml", chat(headers=headers), chat(second, headers=headers))
    invoke("judge", path, "--out", tmp_path / "out")
    assert "header.request_id.unique" in failed(tmp_path / "out")


def _list(*ids: str) -> str:
    rows = [{"id": id_, "object": "model", "created": 1, "owned_by": "x"} for id_ in ids]
    return json.dumps({"object": "list", "data": rows})


@pytest.mark.parametrize(
    ("dates", "stable"),
    [
        (("Thu, 01 Jan 2026 10:00:00 GMT", "Mon, 01 Jun 2026 10:00:00 GMT"), None),
        (("Thu, 01 Jan 2026 10:00:00 GMT", "Thu, 01 Jan 2026 10:20:00 GMT"), "fail"),
        (("", ""), None),
    ],
    ids=["half a year", "twenty minutes", "no dates"],
)
def test_lists_are_compared_within_an_hour(tmp_path: Path, dates: tuple[str, str], stable: str | None) -> None:
    """R12."""
    first = [got("/v1/models", _list("m", "m-2"), date=dates[0]), chat()]
    cassette(tmp_path / "in" / "january.yaml", *first)
    cassette(tmp_path / "in" / "june.yaml", got("/v1/models", _list("m-3", "m-4"), date=dates[1]))
    invoke("judge", tmp_path / "in", "--out", tmp_path / "out")
    found = verdicts(tmp_path / "out").get("models.stable")
    assert (found == "fail") is (stable == "fail")


def test_lists_of_one_file_are_compared(tmp_path: Path) -> None:
    rows = [got("/v1/models", _list("m"), date="Thu, 01 Jan 2026 10:00:00 GMT")]
    rows += [got("/v1/models", _list("n"), date="Mon, 01 Jun 2026 10:00:00 GMT")]
    invoke("judge", cassette(tmp_path / "c.yaml", *rows), "--out", tmp_path / "out")
    assert "models.stable" in failed(tmp_path / "out")


# --- several hosts ------------------------------------------------------------------------------------------------


def test_every_host_has_a_bundle_of_its_own_and_they_are_compared(tmp_path: Path) -> None:
    """R6."""
    hosts = ("A.example", "b.example")
    path = cassette(
        tmp_path / "c.yaml", *(chat(UNTYPED, status=401, host=host) for host in hosts), chat(host="b.example")
    )
    done = invoke("judge", path, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert {one.name for one in (tmp_path / "out").iterdir() if one.is_dir()} == {"a.example", "b.example"}
    for host, count in (("a.example", 1), ("b.example", 2)):
        folder = tmp_path / "out" / host
        assert {one.name for one in folder.iterdir()} >= {"results.json", "index.html", "summary.md", "junit.xml"}
        assert results(folder)["endpoint"]["name"] == host
        assert (results(folder)["summary"]["requests"], "error.type" in failed(folder)) == (count, True)
        assert host in (folder / "summary.md").read_text()
    assert "b.example/index.html" in (tmp_path / "out" / "compare.html").read_text()
    assert "a.example" in done.stdout


def test_the_worst_host_counts(tmp_path: Path) -> None:
    healthy = cassette(tmp_path / "healthy.yaml", chat(host="a.example"), chat(host="b.example"))
    assert invoke("judge", healthy, "--out", tmp_path / "fine").exit_code == 0
    broken = cassette(tmp_path / "broken.yaml", chat(host="a.example"), chat({}, host="b.example"))
    assert invoke("judge", broken, "--out", tmp_path / "bad").exit_code == 1


def test_one_host_stays_one_bundle(tmp_path: Path) -> None:
    path = cassette(tmp_path / "c.yaml", chat(), chat({**CHAT, "id": "chatcmpl-2"}))
    assert invoke("judge", path, "--out", tmp_path / "out").exit_code == 0
    assert not [one for one in (tmp_path / "out").iterdir() if one.is_dir()]


def test_a_file_of_which_nothing_is_judged_names_no_endpoint(tmp_path: Path) -> None:
    cassette(tmp_path / "c" / "a.yaml", got("/about.html", "<p>Us.</p>", kind="text/html"))
    cassette(tmp_path / "c" / "b.yaml", chat(host="b.example"))
    assert invoke("judge", tmp_path / "c", "--out", tmp_path / "out").exit_code == 0
    about = results(tmp_path / "out")["endpoint"]
    assert (about["name"], about["base_urls"]) == ("b.example", ["https://b.example/v1"])


def test_the_profile_that_judged_is_named(tmp_path: Path) -> None:
    path = cassette(tmp_path / "c.yaml", chat(host="openrouter.ai"), chat(host="b.example"))
    assert invoke("judge", path, "--select", "chat.id", "--out", tmp_path / "out").exit_code == 0
    named = [results(tmp_path / "out" / host)["endpoint"]["profile"] for host in ("openrouter.ai", "b.example")]
    assert named == ["openrouter", "openai"]


def test_two_ports_of_a_host_are_two_endpoints(tmp_path: Path) -> None:
    hosts = ("localhost:8000", "localhost:8080", "localhost:443")
    path = cassette(tmp_path / "c.yaml", *(chat(host=host) for host in hosts), chat({}, host="localhost:8080"))
    assert invoke("judge", path, "--out", tmp_path / "out").exit_code == 1
    folders = sorted(one for one in (tmp_path / "out").iterdir() if one.is_dir())
    assert [one.name for one in folders] == ["localhost", "localhost-8000", "localhost-8080"]
    named = [json.loads((one / "results.json").read_text())["endpoint"]["name"] for one in folders]
    assert named == ["localhost", "localhost:8000", "localhost:8080"]
    assert [verdicts(one)["chat.id"] for one in folders] == ["pass", "pass", "fail"]


def test_a_port_takes_no_host_its_profile(tmp_path: Path) -> None:
    (recording,) = read_recordings([cassette(tmp_path / "c.yaml", chat(host="openrouter.ai:8443"))])
    material = Material([recording], Suites())
    (endpoint,) = material.endpoints
    assert (endpoint, material.profile(endpoint).name) == ("openrouter.ai:8443", "openrouter")


def test_machines_are_told_of_every_host(tmp_path: Path) -> None:
    path = cassette(tmp_path / "c.yaml", chat(host="a.example"), chat(host="b.example"))
    done = invoke("judge", path, "--out", tmp_path / "out", "--json")
    document = json.loads(done.stdout)
    assert [run["endpoint"]["name"] for run in document["runs"]] == ["a.example", "b.example"]
    assert document["comparison"] == str(tmp_path / "out" / "compare.html")


def test_hosts_are_judged_by_workers_as_by_one_process(tmp_path: Path) -> None:
    path = cassette(tmp_path / "c.yaml", chat(host="a.example"), chat({}, host="b.example"))
    options = ["--select", "chat.choices or chat.id", "--out"]
    assert invoke("judge", path, *options, tmp_path / "one").exit_code == 1
    assert invoke("judge", path, *options, tmp_path / "two", "-j", 2).exit_code == 1
    for host in ("a.example", "b.example"):
        assert verdicts(tmp_path / "one" / host) == verdicts(tmp_path / "two" / host)


def test_a_host_of_which_the_selection_leaves_nothing_has_no_folder(tmp_path: Path) -> None:
    one = got("/v1/models", _list("m"))
    path = cassette(tmp_path / "c.yaml", one, chat(host="b.example"))
    assert invoke("judge", path, "--select", "chat.choices", "--out", tmp_path / "out").exit_code == 0
    assert [child.name for child in (tmp_path / "out").iterdir()] == ["b.example"]


def test_an_earlier_bundle_of_a_host_is_not_overwritten_unasked(tmp_path: Path) -> None:
    path = cassette(tmp_path / "c.yaml", chat(host="a.example"), chat(host="b.example"))
    assert invoke("judge", path, "--out", tmp_path / "out").exit_code == 0
    assert "earlier bundle" in told(invoke("judge", path, "--out", tmp_path / "out"))[0]
    assert invoke("judge", path, "--out", tmp_path / "out", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("api.openai.com", "api.openai.com"),
        ("Acme (recorded as localhost)", "acme-recorded-as-localhost"),
        ("../../etc", "etc"),
        ("..", "endpoint"),
        ("::1", "1"),
        ("\u202ehost\x00", "host"),
        ("x" * 500, "x" * 100),
        ("compare.html", "compare.html-2"),
    ],
)
def test_folders_are_named_from_the_safe_alphabet(endpoint: str, name: str) -> None:
    assert folder_names([endpoint]) == [name]


def test_no_two_hosts_share_a_folder() -> None:
    assert folder_names(["a b", "a-b", "A.B", "a b"]) == ["a-b", "a-b-2", "a.b", "a-b-3"]
