"""The comparison of runs: columns, differences first, scores, gateways, time, and what strangers put into it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner
from places import ROOT
from report_samples import HOSTILE, hostile, requirement

from conformance.commands.app import cli
from conformance.errors import UserError
from conformance.gate.gate import Gate
from conformance.model import (
    Advertised,
    Basis,
    CapabilityResult,
    CheckResult,
    Finding,
    Footer,
    Header,
    Level,
    Location,
    Observed,
    Recording,
    Results,
    Scope,
    Verdict,
)
from conformance.report.compare import formats
from conformance.report.compare.comparison import Comparison
from conformance.report.compare.matrix import compare, differs
from conformance.report.results.build import build
from conformance.store import results_file

SCHEMA = ROOT / "schemas" / "harness" / "comparison.schema.json"
ROWS = {
    row.id: row
    for row in (
        requirement("chat.id"),
        requirement("stream.done.last"),
        requirement("stream.usage", Level.SHOULD),
        requirement("errors.allow", Level.SHOULD, Basis.HTTP_STANDARD, scope=Scope.ENDPOINT),
        requirement("promises.balance", Level.MUST, Basis.PROVIDER_DOC),
    )
}


def run(
    name: str = "a",
    *verdicts: tuple[str, str, Verdict],
    created: float = 1_790_000_000.0,
    suites: str = "s1",
    label: str = "",
    rows: dict = ROWS,
    offers: tuple[CapabilityResult, ...] = (),
    timing: dict | None = None,
) -> Results:
    """Results of one endpoint: (requirement, model, verdict) each; a failure has one finding."""
    finding = Finding("one thing", "another", Location.event(3), "")
    found = [
        CheckResult(id_, model, verdict, 1, findings=(finding,) if verdict is Verdict.FAIL else (), endpoint=name)
        for id_, model, verdict in verdicts
    ]
    models = tuple(dict.fromkeys(model for _, model, _ in verdicts if model))
    header = Header(name, f"https://{name}.example/v1", models=models, created=created, suites=suites, label=label)
    known = {id_: row for id_, row in rows.items() if id_ in {one[0] for one in verdicts}}
    recorded = Recording(header, (), Footer())
    return build([recorded], found, known, offers, gate=Gate(), timing=timing or {})


def written(results: Results) -> Results:
    """Results as they come back from their file."""
    return results_file.from_json(json.loads(results_file.dump_results(results)))


def compared(*runs: Results, **more: object) -> Comparison:
    return compare([(f"reports/{number}", one) for number, one in enumerate(runs)], **more)


PASS, FAIL = Verdict.PASS, Verdict.FAIL
GOOD = run("up", ("chat.id", "m", PASS), ("stream.usage", "m", PASS), ("errors.allow", "", PASS))
BAD = run("gw", ("chat.id", "m", FAIL), ("stream.usage", "m", FAIL), ("errors.allow", "", PASS))


def offer(endpoint: str, observed: Observed, model: str = "m") -> CapabilityResult:
    return CapabilityResult("tools", "Tool calls", model, Advertised.YES, observed, endpoint=endpoint)


def test_what_differs_comes_first_and_the_weightiest_of_it_first() -> None:
    rows = formats.comparison_to_json(compared(GOOD, BAD))["requirements"]
    assert [(row["id"], row["differs"]) for row in rows] == [
        ("chat.id", True), ("stream.usage", True), ("errors.allow", False),
    ]  # fmt: skip


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {PASS, FAIL}), ids=str)
def test_what_was_not_decided_is_no_difference(verdict: Verdict) -> None:
    made = compared(run("a", ("chat.id", "m", PASS)), run("b", ("chat.id", "m", verdict)))
    assert made.differences == ()


def test_scores_are_by_level_and_area_and_promises_stand_apart() -> None:
    promising = run("b", ("chat.id", "m", PASS), ("promises.balance", "m", FAIL))
    scores = {name: [one.words for one in row] for name, row in compared(GOOD, promising).scores.items()}
    assert scores["MUST"] == ["1/1", "1/1"]
    assert scores["SHOULD"] == ["2/2", "·"]
    assert scores["promises"] == ["·", "0/1"]
    assert scores["area stream"] == ["1/1", "·"]
    assert "area promises" not in scores


def test_every_model_of_a_run_is_a_column_and_rows_of_the_endpoint_stand_in_each() -> None:
    made = compared(run("a", ("chat.id", "m-1", PASS), ("chat.id", "m-2", FAIL), ("errors.allow", "", FAIL)))
    assert [column.title for column in made.columns] == ["a · m-1", "a · m-2"]
    cells = {row.requirement.id: [cell.verdict for cell in row.cells] for row in made.rows}
    assert cells == {"chat.id": [PASS, FAIL], "errors.allow": [FAIL, FAIL]}


def test_two_endpoints_in_one_bundle_keep_their_own_rows() -> None:
    found = [
        CheckResult("chat.id", "m", PASS, 1, endpoint="one"),
        CheckResult("chat.id", "m", FAIL, 1, endpoint="two"),
        CheckResult("errors.allow", "", FAIL, 1, endpoint="one"),
        CheckResult("errors.allow", "", PASS, 1, endpoint="two"),
        CheckResult("errors.allow", "", FAIL, 1, endpoint="three"),
    ]
    recordings = [Recording(Header(name, f"https://{name}/v1", suites="s1"), (), Footer()) for name in ("one", "two")]
    timing = {"m": {"longest gap": "5 ms"}}
    bundle = build(recordings, found, ROWS, [offer("two", Observed.WORKS)], gate=Gate(), timing=timing)
    made = compare([("both", bundle)])
    assert [column.title for column in made.columns] == ["one · m", "two · m", "three"]
    cells = {row.requirement.id: [cell.verdict for cell in row.cells] for row in made.rows}
    assert cells["chat.id"] == [PASS, FAIL, None]
    assert cells["errors.allow"] == [FAIL, PASS, FAIL]
    assert [cell and cell.observed for cell in made.capabilities["Tool calls"]] == [None, Observed.WORKS, None]
    assert made.timings == {}, "a time that may be either's is nobody's"


def test_times_and_tokens_stand_under_their_own_column() -> None:
    slow = run("b", ("chat.id", "m", PASS), timing={"m": {"longest gap": "9.0 ms", "tokens out": "7"}})
    assert compared(GOOD, slow).timings == {"longest gap": ("·", "9.0 ms"), "tokens out": ("·", "7")}


def test_capabilities_are_one_row_each() -> None:
    rows = (("chat.id", "m", PASS),)
    made = compared(run("a", *rows, offers=(offer("a", Observed.WORKS),)), run("b", *rows))
    assert [cell and cell.observed for cell in made.capabilities["Tool calls"]] == [Observed.WORKS, None]
    assert differs(made.capabilities["Tool calls"])


def test_a_gateway_is_told_what_it_changed() -> None:
    rows = (("chat.id", "m", PASS), ("stream.usage", "m", FAIL))
    upstream = run("up", *rows, offers=(offer("up", Observed.WORKS),))
    gateway = run("gw", ("chat.id", "m", FAIL), ("stream.usage", "m", PASS), offers=(offer("gw", Observed.REFUSED),))
    made = compared(gateway, upstream, upstream="up")
    assert {(one.requirement.id, one.kind) for one in made.gateway} == {
        ("chat.id", "broken by the gateway"), ("stream.usage", "mended by the gateway"),
    }  # fmt: skip
    assert {one.after.endpoint for one in made.gateway} == {"gw"}
    (lost,) = made.gateway_capabilities
    assert (lost.was, lost.now) == (Observed.WORKS, Observed.REFUSED)
    assert "Capabilities that the gateway changed" in formats.render_html(made)
    assert "through the gateway" in formats.render_markdown(made)


def test_a_gateway_is_compared_model_by_model() -> None:
    upstream = run("up", ("chat.id", "small", PASS), ("chat.id", "large", FAIL))
    gateway = run("gw", ("chat.id", "large", FAIL), ("chat.id", "other", FAIL))
    assert compared(upstream, gateway, upstream="up").gateway == ()
    with pytest.raises(UserError, match="shares a model"):
        compared(upstream, run("gw", ("chat.id", "other", FAIL)), upstream="up")


def test_an_unknown_upstream_is_told_with_the_known_ones() -> None:
    with pytest.raises(UserError) as told:
        compared(GOOD, BAD, upstream="nobody")
    assert told.value.hint == "Endpoints: up, gw."


def test_over_time_says_what_regressed_and_was_fixed_since_when() -> None:
    def at(day: int, verdict: Verdict, label: str) -> Results:
        return run("a", ("chat.id", "m", verdict), created=1_790_000_000.0 + day * 86400, label=label)

    runs = at(3, PASS, "v4"), at(0, PASS, "v1"), at(1, FAIL, "v2"), at(2, Verdict.INCONCLUSIVE, "v3")
    made = compared(*runs, over_time=True)
    assert [column.label for column in made.columns] == ["v1", "v2", "v3", "v4"]
    assert [(one.kind, one.before.label, one.after.run) for one in made.changes] == [
        ("regressed", "v1", "v2"), ("fixed", "v2", "v4"),
    ]  # fmt: skip
    assert compared(*runs).changes == ()


def test_over_time_keeps_endpoints_apart() -> None:
    assert compared(GOOD, BAD, over_time=True).changes == ()


def test_different_suites_are_refused_by_both_names() -> None:
    with pytest.raises(UserError, match=r"different suites \(reports/0: s1; reports/1: s2\)") as told:
        compared(GOOD, run("b", ("chat.id", "m", PASS), suites="s2"))
    assert "--any-suites" in told.value.hint


def test_different_suites_are_compared_when_told_and_what_cannot_be_is_marked() -> None:
    reworded = {"chat.id": requirement("chat.id", statement="It does something else.")}
    other = run("up", ("chat.id", "m", FAIL), suites="s2", rows=reworded, created=1_800_000_000.0)
    made = compared(GOOD, other, any_suites=True, over_time=True)
    assert "different suites" in made.notes[0]
    cells = {row.requirement.id: row.cells[1] for row in made.rows}
    assert (cells["chat.id"].word, cells["chat.id"].comparable) == ("fail, by another wording", False)
    assert (cells["stream.usage"].word, cells["stream.usage"].comparable) == ("not in this run", False)
    assert made.scores == {}, "no row is known to both in the same words"
    assert [one.words for one in made.changes] == ["regressed (the suites changed too)"]
    page, text = formats.render_html(made), formats.render_markdown(made)
    assert "cell c-absent" in page
    assert "cell c-fail other" in page
    assert re.search(r"^> .+different suites.+\n\n\|", text, re.MULTILINE), "a table needs a blank line before it"


def test_one_column_is_nothing_to_compare() -> None:
    with pytest.raises(UserError, match="nothing to compare"):
        compared(GOOD)


# --- pages ------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("columns", [2, 40])
def test_the_page_holds_a_cell_for_every_requirement_and_column_each_leading_to_its_evidence(columns: int) -> None:
    runs = [run(f"e{number}", ("chat.id", "m", FAIL if number % 2 else PASS)) for number in range(columns)]
    shown = formats.render_html(compared(*runs))
    links = [attrs["href"] for tag, attrs in Page(shown).tags if tag == "a"]
    assert [link for link in links if "#r-" in link] == [
        f"reports/{number}/index.html#r-chat.id" for number in range(columns)
    ]
    assert len(shown) < 400_000


def test_the_json_is_what_its_schema_says() -> None:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    promising = run("b", ("promises.balance", "m", FAIL), offers=(offer("b", Observed.WORKS),))
    for made in (
        compared(GOOD, BAD, upstream="up", over_time=True),
        compared(GOOD, promising),
        compare([("x", written(hostile()[0])), ("y", written(hostile()[0]))]),
    ):
        document = json.loads(json.dumps(formats.comparison_to_json(made)))
        assert [str(error) for error in validator.iter_errors(document)] == []


def test_hostile_strings_change_nothing_but_the_text_shown() -> None:
    results = written(hostile()[0])
    made = compare(
        [(f"x\udcff/{HOSTILE}".replace("\ud800", ""), results), ("javascript:alert(1)", results)], over_time=True
    )
    tags = Page(formats.render_html(made)).tags
    assert sum(tag == "script" for tag, _ in tags) == 1
    assert not any(tag == "img" or any(name.startswith("on") for name in attrs) for tag, attrs in tags)
    addresses = [attrs["href"] for tag, attrs in tags if "href" in attrs]
    assert not [address for address in addresses if re.match(r"(?i)\s*(javascript|https?):", address)]
    text = formats.render_markdown(made)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


# --- the command ------------------------------------------------------------------------------------------------------


def bundle(folder: Path, results: Results) -> Path:
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(results_file.dump_results(results))
    return folder


@pytest.mark.parametrize("out", ["pages/c.html", "pages/c.json", "pages/c.md", "pages"], ids=str)
def test_the_command_writes_three_pages_whose_links_are_relative_to_them(tmp_path: Path, out: str) -> None:
    folders = [str(bundle(tmp_path / "r" / name, results)) for name, results in (("a", GOOD), ("b", BAD))]
    done = CliRunner().invoke(cli, ["compare", *folders, "--out", str(tmp_path / out)])
    assert done.exit_code == 0, done.output
    name = "c" if "." in out else "compare"
    assert {path.name for path in (tmp_path / "pages").iterdir()} == {f"{name}.html", f"{name}.json", f"{name}.md"}
    assert "../r/a/index.html#r-chat.id" in (tmp_path / "pages" / f"{name}.html").read_text()
    assert "2 of 3 requirements differ over 2 columns" in done.stdout


def test_the_command_tells_nothing_raw(tmp_path: Path) -> None:
    evil = "m\x1b[31m\u202e"
    runs = [run("a", ("chat.id", evil, verdict), created=1e9 + n) for n, verdict in enumerate((PASS, FAIL))]
    folders = [str(bundle(tmp_path / str(number), one)) for number, one in enumerate(runs)]
    done = CliRunner().invoke(cli, ["compare", *folders, "--over-time", "--out", str(tmp_path / "c.html")])
    assert done.exit_code == 0, done.output
    assert "regressed: chat.id" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_a_folder_without_results_is_a_mistake_of_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["compare", str(tmp_path), str(tmp_path)])
    assert done.exit_code == 2
    assert "error:" in done.stderr
