"""pytest as the judge: one item per requirement and scope slot, collected offline, run over every exchange.

A check's arguments are placeholders: `pytest_pyfunc_call` hands the function to the folding, which runs it once per
exchange. The result travels in `report.user_properties` as the pair ("conformance", JSON), so that it survives xdist.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from conformance.errors import UserError
from conformance.gate import FailOn, Gate, judge_gate
from conformance.judging import CONTEXT, check_of
from conformance.material import SlotName
from conformance.model import CheckResult, Requirement, Verdict
from conformance.trial import Trial
from conformance.wire.views import VIEWS

PROPERTY = "conformance"
"""The name under which a result stands in `report.user_properties`."""

_SLOT = "conformance_slot"
_RECORDINGS, _GATE = "conformance_recordings", "conformance_gate"
"""What a controller of xdist tells its workers."""

_UNFED = "conformance_unfed"
"""What a worker without a recording tells its controller."""

_NOTHING = "there is no recording to judge: give --conformance-recording PATH, or --conformance-url URL to capture one"
_TRIAL = pytest.StashKey[Trial]()
_HUNGRY = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group `conformance`."""
    group = parser.getgroup("conformance", "judge an endpoint that claims to speak the OpenAI API")
    add = group.addoption
    add("--conformance-recording", action="append", default=[], metavar="PATH", help="judge this recording or folder")
    add("--conformance-url", metavar="URL", help="capture this endpoint first")
    add("--conformance-model", action="append", default=[], metavar="NAME", help="a model to try (repeatable)")
    add("--conformance-profile", metavar="NAME", help="whose promises to judge; by host if not given")
    add("--conformance-api-key-env", metavar="VAR", help="the variable that holds the key")
    add("--conformance-out", metavar="DIR", help="where the captured recording goes")
    add("--conformance-suites", action="append", default=[], metavar="DIR", help="a folder of your own suites")
    add("--conformance-select", metavar="EXPR", help="judge only these: areas, levels, capabilities, ids")
    add("--conformance-partial", action="store_true", help="judge an incomplete recording")
    add("--conformance-fail-on", choices=[*FailOn], default="must", help="the level whose failures fail [must]")
    add("--conformance-known-failures", metavar="FILE", help="failures that you know of; stale ones fail")
    add("--conformance-list", metavar="FILE", help="with --collect-only: write the collected ids to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Set up the trial, for whoever judges: a process with a recording, a URL, or only a collection to show."""
    config.addinivalue_line("markers", "requirement(id): the requirement that a test judges")
    if not isinstance(config.stash.get(_TRIAL, None), Trial):
        config.stash[_TRIAL] = _translated(lambda: _trial(config))


def _trial(config: pytest.Config) -> Trial:
    """The trial that the options describe; a worker's recordings and gate come from its controller."""
    option = config.option
    given = getattr(config, "workerinput", {})
    endpoint, host = _endpoint(option.conformance_url)
    trial = Trial(
        endpoint=endpoint,
        host=host,
        models=tuple(option.conformance_model),
        profile=option.conformance_profile,
        recordings=tuple(Path(path) for path in given.get(_RECORDINGS, option.conformance_recording)),
        extra_suites=tuple(Path(path) for path in option.conformance_suites),
        partial=option.conformance_partial,
    )
    trial.gate = _gate(given.get(_GATE), option, trial)
    return trial


def _gate(told: str | None, option: Any, trial: Trial) -> Gate:
    """The gate that a controller told its worker of, or that the options describe."""
    from datetime import UTC, datetime

    fail_on, known = FailOn(option.conformance_fail_on), option.conformance_known_failures
    today = datetime.now(UTC).date()
    if told is None and not known:
        return Gate(fail_on, today=today)
    from conformance.gatefiles import load_known_failures, loads

    if told is not None:
        return loads(told)
    return Gate(fail_on, known=load_known_failures(Path(known), trial.catalogue.requirements), today=today)


def use_trial(config: pytest.Config, trial: Trial) -> None:
    """Judge with a trial made elsewhere (the command line does)."""
    config.stash[_TRIAL] = trial


def _endpoint(url: str | None) -> tuple[str, str]:
    """The endpoint's name, as a recording of it will say it, and its host."""
    if not url:
        return "endpoint", ""
    from conformance.config import endpoint_from_url

    endpoint = endpoint_from_url(url)
    return endpoint.name, endpoint.host


def _placeholder(name: str) -> Any:
    @pytest.fixture(name=name)
    def view() -> None:
        """A view that a check asks for; the folding fills it in."""

    return view


globals().update({f"placeholder_{name}": _placeholder(name) for name in VIEWS | CONTEXT})


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read recordings, profiles and rows before anything is collected by them: a mistake is told once."""
    trial, option = session.config.stash[_TRIAL], session.config.option
    if trial.recordings or option.conformance_url:
        _translated(trial.prepare)


# --- collection -------------------------------------------------------------------------------------------------------


class RequirementsFile(pytest.File):
    """A suite's requirements.yaml: its rows that schema constraints judge are items."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per row and slot."""
        trial = self.config.stash[_TRIAL]
        for row in _translated(lambda: trial.catalogue.requirements).values():
            if row.area == self.path.parent.name and row.id in trial.catalogue.constraints and row.profile is None:
                for name in _translated(lambda row=row: trial.slot_names(row)):
                    yield SchemaItem.from_parent(self, name=f"{row.id}[{_label(trial, name)}]", row=row, slot=name)


class SchemaItem(pytest.Item):
    """A requirement that constraints in schemas judge."""

    def __init__(self, *, row: Requirement, slot: SlotName, **other: Any) -> None:
        super().__init__(**other)
        self.row = row
        self.slot = slot

    def runtest(self) -> None:
        """Judge the requirement in its slot."""
        _judge(self, self.row, self.slot)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the row stands, for pytest's own messages."""
        return self.path, None, self.name


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the rows of suites, and nothing else that is YAML."""
    trial = parent.config.stash[_TRIAL]
    ours = file_path.name == "requirements.yaml" and file_path.parent.parent.resolve() in trial.suite_dirs
    return RequirementsFile.from_parent(parent, path=file_path) if ours else None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> list[pytest.Item] | None:
    """Drop checks without a slot: excluded, another profile's, or nothing in a foreign recording is about them."""
    check = check_of(obj)
    if check is None or not name.startswith("test_"):
        return None
    trial = collector.config.stash[_TRIAL]
    trial.checks[check.requirement] = check
    return None if _translated(lambda: trial.slot_names(_row(trial, check.requirement))) else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per slot."""
    check = check_of(metafunc.function)
    if check is not None:
        trial = metafunc.config.stash[_TRIAL]
        names = trial.slot_names(_row(trial, check.requirement))
        metafunc.fixturenames.append(_SLOT)
        metafunc.parametrize(_SLOT, names, ids=[_label(trial, name) for name in names])


def _row(trial: Trial, requirement: str) -> Requirement:
    rows = trial.catalogue.requirements
    if requirement not in rows:
        raise pytest.UsageError(f"@check({requirement!r}): no row in any requirements.yaml says what this is")
    return rows[requirement]


def _label(trial: Trial, name: SlotName) -> str:
    return name.labelled(with_endpoint=trial.several_endpoints)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let `-k` find an item by its requirement, area and level."""
    found = _judged_by(item)
    if found is not None:
        row, _ = found
        item.extra_keyword_matches |= {row.id, row.area, row.level.value}
        item.add_marker(pytest.mark.requirement(row.id))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect by --conformance-select."""
    expression = config.option.conformance_select
    if expression:
        trial = config.stash[_TRIAL]
        wanted = _translated(lambda: trial.selected(expression))
        kept = [item for item in items if (found := _judged_by(item)) is not None and found[0].id in wanted]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the collected ids where a controller asked for them; a worker without a recording keeps no item of ours."""
    config, ids = session.config, _collected(session)
    if config.option.conformance_list:
        Path(config.option.conformance_list).write_text("\n".join(ids), encoding="utf-8")
    if ids and hasattr(config, "workerinput") and not config.stash[_TRIAL].recordings:
        getattr(config, "workeroutput", {})[_UNFED] = True
        session.items[:] = [item for item in session.items if _judged_by(item) is None]


def _collected(session: pytest.Session) -> list[str]:
    """The requirements that the collected items judge."""
    ids = (found[0].id for item in session.items if (found := _judged_by(item)) is not None)
    return list(dict.fromkeys(ids))


def _judged_by(item: pytest.Item) -> tuple[Requirement, SlotName] | None:
    """The requirement and slot of an item of ours."""
    if isinstance(item, SchemaItem):
        return item.row, item.slot
    check = check_of(getattr(item, "obj", None))
    callspec = getattr(item, "callspec", None)
    if check is None or callspec is None:
        return None
    return _row(item.config.stash[_TRIAL], check.requirement), callspec.params[_SLOT]


# --- capture ----------------------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Capture what the collected items need; a process without a recording and a URL has nothing to judge."""
    found, config = _collected(session), session.config
    if found and not config.option.collectonly and not config.stash[_TRIAL].recordings:
        _capture(config, found)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under xdist the controller captures once and hands the path to its workers."""
    from conformance.gatefiles import dumps

    trial = node.config.stash[_TRIAL]
    if not trial.recordings and node.config.option.conformance_url:
        needed = _collected_elsewhere(node.config)
        if needed:
            _capture(node.config, needed)
    node.workerinput[_RECORDINGS] = [str(path) for path in trial.recordings]
    node.workerinput[_GATE] = dumps(trial.gate)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Remember that a worker had nothing to judge."""
    if getattr(node, "workeroutput", {}).get(_UNFED):
        node.config.stash[_HUNGRY] = True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End with a usage error where workers had nothing to judge."""
    if session.config.stash.get(_HUNGRY, False):
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say why workers judged nothing."""
    if config.stash.get(_HUNGRY, False):
        terminalreporter.write_line(f"ERROR: {_NOTHING}", red=True)


def _capture(config: pytest.Config, requirements: Iterable[str]) -> None:
    option, trial = config.option, config.stash[_TRIAL]
    if not option.conformance_url:
        raise pytest.UsageError(_NOTHING)
    from conformance.running import capture_for_pytest

    trial.recordings = (
        _translated(
            lambda: capture_for_pytest(
                option.conformance_url,
                models=trial.models,
                profile=trial.profile,
                api_key_env=option.conformance_api_key_env,
                out=option.conformance_out,
                trial=trial,
                requirements=frozenset(requirements),
            )
        ),
    )


def _collected_elsewhere(config: pytest.Config) -> list[str]:
    """What the same command collects, seen by a process of its own: the controller of xdist collects nothing."""
    import subprocess
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ids")
        again = [*map(str, config.invocation_params.args), "--collect-only", "-qq", "-n0", f"--conformance-list={path}"]
        command = [sys.executable, "-m", "pytest", *again]
        subprocess.run(command, cwd=config.invocation_params.dir, capture_output=True, check=False)  # noqa: S603
        return path.read_text(encoding="utf-8").split() if path.exists() else []


# --- judging ----------------------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Judge a check over every exchange of its slot instead of calling it."""
    found = _judged_by(pyfuncitem)
    if found is None:
        return None
    _judge(pyfuncitem, *found)
    return True


def _judge(item: pytest.Item, row: Requirement, name: SlotName) -> None:
    trial = item.config.stash[_TRIAL]
    result = _translated(lambda: trial.judge(row, name))
    item.user_properties.append((PROPERTY, json.dumps(asdict(result))))
    word, note = judge_gate(trial.gate, row, result)
    conclude(row, result, word, note)


def conclude(row: Requirement, result: CheckResult, word: str, note: str) -> None:
    """Say in pytest's terms how the gate takes a result: return, fail, xfail or skip."""
    if result.crash:
        pytest.fail(f"the harness crashed:\n{result.crash}", pytrace=False)
    if word in {"fail", "stale"}:
        pytest.fail(describe(row, result, note), pytrace=False)
    if result.verdict is Verdict.FAIL:
        raise pytest.xfail.Exception(describe(row, result, note), pytrace=False)
    if result.verdict is not Verdict.PASS:
        pytest.skip(f"{result.verdict.value}: {result.reason}")


def describe(row: Requirement, result: CheckResult, note: str = "") -> str:
    """A result in words: the requirement, then a line for each finding."""
    found = (f"  exchange {f.exchange}, {f.at}: expected {f.expected}, got {f.actual}" for f in result.findings)
    return "\n".join([f"{row.id} ({row.level.value}): {row.statement}", *([note] if note else []), *found])


def _translated(call: Any) -> Any:
    """Turn a user's mistake into pytest's own usage error."""
    try:
        return call()
    except UserError as error:
        raise pytest.UsageError(f"{error.message}\n{error.hint}".strip()) from error
