"""One item per requirement and scope slot, collected offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.checks.check import check_of
from conformance.judging.plugin.options import SESSION, choice_options, translate_errors
from conformance.judging.plugin.outcomes import judge_item
from conformance.judging.session import JudgingSession
from conformance.judging.slots import SlotName
from conformance.model import Requirement

_SLOT = "conformance_slot"

UNFED = "conformance_unfed"
"""What a worker without a recording tells its controller."""


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Read recordings, profiles and rows before anything is collected by them: a mistake is told once."""
    judging, option = session.config.stash[SESSION], session.config.option
    if judging.recordings or option.conformance_url:
        translate_errors(judging.prepare)


class RequirementsFile(pytest.File):
    """A suite's requirements.yaml: its rows that schema constraints judge are items."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per row and slot."""
        judging = self.config.stash[SESSION]
        for row in translate_errors(lambda: judging.suites.catalogue.requirements).values():
            if (
                row.area == self.path.parent.name
                and row.id in judging.suites.catalogue.constraints
                and row.profile is None
            ):
                for name in translate_errors(lambda row=row: judging.slot_names(row)):
                    yield SchemaItem.from_parent(self, name=f"{row.id}[{_label(judging, name)}]", row=row, slot=name)


class SchemaItem(pytest.Item):
    """A requirement that constraints in schemas judge."""

    def __init__(self, *, row: Requirement, slot: SlotName, **other: Any) -> None:
        super().__init__(**other)
        self.row = row
        self.slot = slot

    def runtest(self) -> None:
        """Judge the requirement in its slot."""
        judge_item(self, self.row, self.slot)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the row stands, for pytest's own messages."""
        return self.path, None, self.name


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the rows of suites, and nothing else that is YAML."""
    judging = parent.config.stash[SESSION]
    ours = file_path.name == "requirements.yaml" and file_path.parent.parent.resolve() in judging.suites.folders
    return RequirementsFile.from_parent(parent, path=file_path) if ours else None


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> list[pytest.Item] | None:
    """Drop checks without a slot: excluded, another profile's, or nothing in a foreign recording is about them."""
    check = check_of(obj)
    if check is None or not name.startswith("test_"):
        return None
    judging = collector.config.stash[SESSION]
    judging.suites.checks[check.requirement] = check
    return None if translate_errors(lambda: judging.slot_names(_row(judging, check.requirement))) else []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per slot."""
    check = check_of(metafunc.function)
    if check is not None:
        judging = metafunc.config.stash[SESSION]
        names = judging.slot_names(_row(judging, check.requirement))
        metafunc.fixturenames.append(_SLOT)
        metafunc.parametrize(_SLOT, names, ids=[_label(judging, name) for name in names])


def _row(judging: JudgingSession, requirement: str) -> Requirement:
    rows = judging.suites.catalogue.requirements
    if requirement not in rows:
        raise pytest.UsageError(f"@check({requirement!r}): no row in any requirements.yaml says what this is")
    return rows[requirement]


def _label(judging: JudgingSession, name: SlotName) -> str:
    return name.labelled(with_endpoint=judging.several_endpoints)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let `-k` find an item by its requirement, area and level."""
    found = target_of(item)
    if found is not None:
        row, _ = found
        item.extra_keyword_matches |= {row.id, row.area, row.level.value}
        item.add_marker(pytest.mark.requirement(row.id))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect by --conformance-select."""
    expression = choice_options(config).select
    if expression:
        judging = config.stash[SESSION]
        wanted = translate_errors(lambda: judging.suites.select(expression))
        kept = [item for item in items if (found := target_of(item)) is not None and found[0].id in wanted]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the collected ids where a controller asked for them; a worker without a recording keeps no item of ours."""
    config, ids = session.config, collected_ids(session)
    if config.option.conformance_list:
        Path(config.option.conformance_list).write_text("\n".join(ids), encoding="utf-8")
    if ids and hasattr(config, "workerinput") and not config.stash[SESSION].recordings:
        getattr(config, "workeroutput", {})[UNFED] = True
        session.items[:] = [item for item in session.items if target_of(item) is None]


def collected_ids(session: pytest.Session) -> list[str]:
    """The requirements that the collected items judge."""
    ids = (found[0].id for item in session.items if (found := target_of(item)) is not None)
    return list(dict.fromkeys(ids))


def target_of(item: pytest.Item) -> tuple[Requirement, SlotName] | None:
    """The requirement and slot of an item of ours."""
    if isinstance(item, SchemaItem):
        return item.row, item.slot
    check = check_of(getattr(item, "obj", None))
    callspec = getattr(item, "callspec", None)
    if check is None or callspec is None:
        return None
    return _row(item.config.stash[SESSION], check.requirement), callspec.params[_SLOT]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Judge a check over every exchange of its slot instead of calling it."""
    found = target_of(pyfuncitem)
    if found is None:
        return None
    judge_item(pyfuncitem, *found)
    return True
