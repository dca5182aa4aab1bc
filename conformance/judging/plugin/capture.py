"""Capture what the collected items need; under xdist the controller captures once and hands the path to its workers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from conformance.api.registry import operations
from conformance.judging.isolation import isolate_children
from conformance.judging.plugin.collection import UNFED, collected_ids
from conformance.judging.plugin.options import (
    GATE,
    ONLY,
    RECORDINGS,
    SESSION,
    budget_options,
    output_options,
    target_options,
    translate_errors,
)

_NOTHING = "there is no recording to judge: give --conformance-recording PATH, or --conformance-url URL to capture one"
_HUNGRY = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Capture what the collected items need; a process without a recording and a URL has nothing to judge.

    From then on the process only judges, and no key stands in its environment until pytest ends.
    """
    found, config = collected_ids(session), session.config
    if found and not config.option.collectonly and not config.stash[SESSION].recordings:
        _capture(config, found)
    put_back = contextlib.ExitStack()
    put_back.enter_context(isolate_children(_named(config)))
    config.add_cleanup(put_back.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under xdist the controller captures once and hands the path to its workers."""
    from conformance.gate.options import dump_gate

    judging = node.config.stash[SESSION]
    if not judging.recordings and node.config.option.conformance_url:
        needed = _collected_elsewhere(node.config)
        if needed:
            _capture(node.config, needed)
    node.workerinput[RECORDINGS] = [str(path) for path in judging.recordings]
    node.workerinput[ONLY] = judging.only
    node.workerinput[GATE] = dump_gate(judging.gate)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Remember that a worker had nothing to judge."""
    if getattr(node, "workeroutput", {}).get(UNFED):
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
    if config.option.conformance_url is None:
        raise pytest.UsageError(_NOTHING)
    from conformance.capture.to_file import capture_for_pytest
    from conformance.inputs.targets import resolve_url

    def capture() -> Path:
        endpoint = resolve_url(target_options(config), budget_options(config), operations())
        out, suites = output_options(config).out, judging.suites
        return capture_for_pytest(endpoint, out=out, suites=suites, requirements=frozenset(requirements))

    judging = config.stash[SESSION]
    judging.recordings = (translate_errors(capture),)


def _named(config: pytest.Config) -> list[str]:
    named = config.option.conformance_api_key_env
    return [named] if named else []


def _collected_elsewhere(config: pytest.Config) -> list[str]:
    """What the same command collects, seen by a process of its own: the controller of xdist collects nothing."""
    import subprocess
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ids")
        again = [*map(str, config.invocation_params.args), "--collect-only", "-qq", "-n0", f"--conformance-list={path}"]
        command = [sys.executable, "-m", "pytest", *again]
        with isolate_children(_named(config)):
            subprocess.run(command, cwd=config.invocation_params.dir, capture_output=True, check=False)  # noqa: S603
        return path.read_text(encoding="utf-8").split() if path.exists() else []
