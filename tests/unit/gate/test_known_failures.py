"""The list of known failures: read, kept in step with reports, and the walk-through of docs/ci.md as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from places import ROOT
from report_samples import SPEC

from conformance.commands.app import cli
from conformance.errors import UserError
from conformance.gate.gate import FailOn, Gate, KnownFailure, KnownFailures, judge_gate
from conformance.gate.known_failures import load_known_failures, update_entries
from conformance.gate.options import dump_gate, load_gate
from conformance.model import Basis, CheckResult, Footer, Header, Level, Recording, Requirement, Results, Verdict
from conformance.report.results.build import build
from conformance.store import results_file

IDS = ("chat.finish_reason", "stream.done.last")
ROW = Requirement("chat.finish_reason", Level.MUST, Basis.OPENAI_SPEC, "It says why.", SPEC, area="chat")
FAIL, PASS = Verdict.FAIL, Verdict.PASS


def listed(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


ENTRY = "- requirement: chat.finish_reason\n  reason: our upstream's word\n  since: 2026-11-20\n"


def test_a_list_is_read_with_dates_as_people_write_them(tmp_path: Path) -> None:
    file = listed(tmp_path / "k.yaml", f"{ENTRY}  model: large\n  link: https://t/1\n  expires: 2027-02-01\n")
    (entry,) = load_known_failures(file, IDS).entries
    assert entry == KnownFailure(
        "chat.finish_reason", "our upstream's word", "2026-11-20", "large", "https://t/1", date(2027, 2, 1)
    )


@pytest.mark.parametrize("text", ["", "[]", "# nothing yet\n"], ids=["empty", "no entries", "a comment"])
def test_an_empty_list_knows_nothing(tmp_path: Path, text: str) -> None:
    assert load_known_failures(listed(tmp_path / "k.yaml", text), IDS).entries == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            ENTRY.replace("finish_reason", "finish_reson"),
            "k.yaml:1:16: no requirement `chat.finish_reson`; did you mean",
        ),
        (f"{ENTRY}  expires: 2027-02-30\n", "k.yaml:4:12: `2027-02-30` is no day of the calendar"),
        (f"{ENTRY}  expires: soon\n", "must be a date as YYYY-MM-DD"),
        ("- requirement: chat.finish_reason\n", "`reason` is missing"),
        (f"{ENTRY}  modle: x\n", "unknown key `modle`; did you mean `model`?"),
        ("requirement: x\n", "must be a list"),
    ],
    ids=["typo", "no day", "no date", "no reason", "unknown key", "no list"],
)
def test_a_mistake_in_the_list_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        load_known_failures(listed(tmp_path / "k.yaml", text), IDS)
    assert told in error.value.message


@pytest.mark.parametrize(
    ("verdict", "expires", "word", "note"),
    [
        (FAIL, None, "known", "known since 2026-11-20: why"),
        (PASS, None, "stale", "passes now: remove it from k.yaml"),
        (FAIL, date(2026, 11, 19), "stale", "expired on 2026-11-19: remove it from k.yaml or renew it"),
        (FAIL, date(2026, 11, 20), "known", "known since"),
    ],
    ids=["fails", "passes", "expired", "its last day"],
)
def test_what_is_known_stale_or_expired(verdict: Verdict, expires: date | None, word: str, note: str) -> None:
    known = KnownFailures((KnownFailure(ROW.id, "why", "2026-11-20", expires=expires),), "k.yaml")
    gate = Gate(known=known, today=date(2026, 11, 20))
    told = judge_gate(gate, ROW, CheckResult(ROW.id, "m", verdict))
    assert told[0] == word
    assert note in told[1]


def test_a_gate_goes_to_another_process_and_comes_back() -> None:
    known = KnownFailures((KnownFailure(ROW.id, "why", "2026-11-20", "m", expires=date(2027, 1, 2)),), "k.yaml")
    pairs = frozenset({(ROW.id, "m")})
    gate = Gate(
        FailOn.SHOULD, strict_inconclusive=True, known=known, baseline=pairs, today=date(2026, 11, 20), flaky=pairs
    )
    assert load_gate(dump_gate(gate)) == gate
    assert load_gate(dump_gate(Gate())) == Gate()


# --- update -----------------------------------------------------------------------------------------------------------


def results(
    *verdicts: tuple[str, str, Verdict], known: tuple[KnownFailure, ...] = (), today: date | None = None
) -> Results:
    rows = {
        id_: Requirement(id_, Level.MUST, Basis.OPENAI_SPEC, "It does.", SPEC, area="chat") for id_, _, _ in verdicts
    }
    header = Header("a", "https://a/v1", models=("m",), created=1_795_000_000.0, suites="s")
    found = [CheckResult(id_, model, verdict, 1) for id_, model, verdict in verdicts]
    gate = Gate(known=KnownFailures(known), today=today)
    return build([Recording(header, (), Footer())], found, rows, [], gate=gate)


def known(id_: str = IDS[0], model: str | None = None, expires: date | None = None) -> KnownFailure:
    return KnownFailure(id_, "PROJ-1", "2026-01-01", model, "https://t/1", expires)


def test_new_failures_come_in() -> None:
    kept, new = update_entries((), results((IDS[0], "m", FAIL), (IDS[1], "m", PASS)), "later")
    assert kept == []
    assert new == [KnownFailure(IDS[0], "later", "2026-11-18", "m")]


def test_what_passes_goes_and_the_rest_stays() -> None:
    entries = known(IDS[0]), known(IDS[1])
    kept, new = update_entries(entries, results((IDS[0], "m", PASS), (IDS[1], "m", FAIL), known=entries), "x")
    assert (kept, new) == ([entries[1]], [])


def test_what_was_not_judged_stays() -> None:
    entries = (known(IDS[0]),)
    assert update_entries(entries, results((IDS[1], "m", PASS), known=entries), "x") == ([entries[0]], [])


def test_an_entry_for_every_model_is_narrowed_to_those_that_still_fail() -> None:
    entries = (known(),)
    run = results((IDS[0], "mended", PASS), (IDS[0], "broken", FAIL), known=entries)
    kept, new = update_entries(entries, run, "x")
    assert kept == []
    assert new == [known(model="broken")]
    again = results((IDS[0], "mended", PASS), (IDS[0], "broken", FAIL), known=tuple(new))
    assert again.summary["gate"]["met"], "the list that was written opens the gate"


def test_an_expired_entry_is_left_for_a_person_to_decide() -> None:
    entries = (known(expires=date(2026, 1, 2)),)
    run = results((IDS[0], "m", FAIL), known=entries, today=date(2026, 11, 20))
    assert update_entries(entries, run, "x") == ([entries[0]], [])


def bundle(folder: Path, made: Results) -> str:
    folder.mkdir()
    (folder / "results.json").write_text(results_file.dump_results(made))
    return str(folder)


def update(folder: str, file: Path) -> str:
    done = CliRunner().invoke(cli, ["known-failures", "update", folder, "--file", str(file), "--reason", "PROJ-17"])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_writes_a_list_that_can_be_read_again(tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    told = update(bundle(tmp_path / "a", results((IDS[0], "m", FAIL))), file)
    assert "1 added, 0 removed, 0 kept" in told
    assert yaml.safe_load(file.read_text()) == [
        {"requirement": IDS[0], "reason": "PROJ-17", "since": "2026-11-18", "model": "m"}
    ]
    assert "0 added, 1 removed, 0 kept" in update(bundle(tmp_path / "b", results((IDS[0], "m", PASS))), file)
    assert load_known_failures(file, IDS).entries == ()


def test_a_report_of_a_part_leaves_the_other_entries_alone(tmp_path: Path) -> None:
    file = listed(tmp_path / "known.yaml", f"{ENTRY}  expires: 2026-01-01\n")
    told = update(bundle(tmp_path / "a", results((IDS[1], "m", FAIL))), file)
    assert "1 added, 0 removed, 1 kept" in told
    assert "chat.finish_reason expired on 2026-01-01" in told
    assert [one.requirement for one in load_known_failures(file, IDS).entries] == list(IDS)


# --- docs/ci.md -------------------------------------------------------------------------------------------------------


def commands() -> list[str]:
    """The commands of the walk-through, without their comments."""
    block = re.search(r"```console\n(.+?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
    assert block
    lines = [line[2:].partition("  #")[0].strip() for line in block[1].splitlines() if line.startswith("$ ")]
    return [line for line in lines if not line.startswith(("echo", "export"))]


def test_the_walk_through_of_the_docs_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from conformance.reference.server.serving import ReferenceServer

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STAGING_KEY", "sk-reference-0123456789abcdef")
    serve, *steps = commands()
    fault = re.search(r"--fault (\S+)", serve)
    assert fault
    codes = []
    for number, faults in enumerate([(fault[1],)] * 3 + [()] * 2):
        with ReferenceServer(faults=faults) as server:
            assert steps[number].split()[0] == "conformance"
            words = steps[number].replace("http://127.0.0.1:43121/v1", server.base_url).replace('"', "").split()[1:]
            selected = ["--select", "chat.finish_reason"] if words[0] == "run" else []
            codes.append(CliRunner().invoke(cli, [*words, *selected]).exit_code)
    assert codes == [1, 0, 0, 1, 0]
    assert "remove it from known.yaml" in (tmp_path / "after" / "summary.md").read_text().replace("\\", "")
    assert (tmp_path / "known.yaml").read_text() == "[]\n"


# --- tools/ci/run.sh and action.yml -----------------------------------------------------------------------------------


def script(folder: Path, **env: str) -> tuple[subprocess.CompletedProcess[str], str]:
    outputs = folder / "outputs"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(
        ["bash", str(ROOT / "tools" / "ci" / "run.sh")],
        env={"PATH": path, "HOME": str(folder), "GITHUB_OUTPUT": str(outputs), **env},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return found, outputs.read_text() if outputs.exists() else ""


def test_the_script_keeps_the_exit_code_for_the_last_step(tmp_path: Path) -> None:
    from conformance.reference.server.serving import ReferenceServer

    with ReferenceServer(faults=("finish-reason-end-turn",)) as server:
        env = {"IN_URL": server.base_url, "IN_MODELS": "reference-chat", "IN_KEY_ENV": "KEY_OF_MINE"}
        more = {"KEY_OF_MINE": server.api_key, "IN_SELECT": "chat.finish_reason", "IN_OUT": "bundle"}
        done, outputs = script(tmp_path, **env, **more)
    assert (done.returncode, outputs) == (0, "exit-code=1\n"), done.stderr
    assert (tmp_path / "bundle" / "summary.md").is_file()
    assert server.api_key not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("env", "code"),
    [
        ({}, 2),
        ({"IN_URL": " "}, 2),
        ({"IN_URL": "--help"}, 2),
        ({"IN_CONFIG": "nowhere.yaml"}, 2),
        ({"IN_URL": "http://127.0.0.1:9/v1"}, 2),
    ],
    ids=["no url", "a blank url", "an option for a url", "no config", "no key"],
)
def test_the_script_never_says_0_of_a_mistake(tmp_path: Path, env: dict[str, str], code: int) -> None:
    done, outputs = script(tmp_path, **env)
    assert outputs == f"exit-code={code}\n", done.stderr


def test_without_github_the_script_ends_with_the_code_itself(tmp_path: Path) -> None:
    assert script(tmp_path, GITHUB_OUTPUT="")[0].returncode == 2


def test_every_input_of_the_action_reaches_the_script() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    steps = {step.get("name"): step for step in action["runs"]["steps"]}
    given = set(steps["Run"]["env"])
    assert given == set(re.findall(r"IN_[A-Z_]+", (ROOT / "tools" / "ci" / "run.sh").read_text()))
    used = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text()))
    assert used == set(action["inputs"])
    assert steps["Gate"]["if"] == "always()"
    assert not any("api-key" in str(step.get("with", "")) for step in steps.values()), "keys come by env"


def test_an_entry_added_today_has_todays_date() -> None:
    made = results((IDS[0], "m", FAIL))
    undated = Results(**{**vars(made), "run": {**made.run, "created": ""}})
    assert update_entries((), undated, "x")[1][0].since == datetime.now(UTC).date().isoformat()
