"""Running pytest as the judge, apart from the user's own pytest configuration and plugins."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conformance.errors import ExitCode, UserError, exit_code_of
from conformance.judging.gc_pause import infrequent_gc
from conformance.judging.isolation import isolate_children
from conformance.judging.plugin.options import use_session
from conformance.judging.plugin.outcomes import PROPERTY
from conformance.judging.session import JudgingSession
from conformance.model import CheckResult
from conformance.resources import suites_dir
from conformance.store.results_file import load_verdict


class NothingLeft(UserError):
    """Nothing of the recordings is what the selected requirements look at."""


@dataclass
class _Collector:
    """Takes the results from the reports as they come, from this process or from workers."""

    session: JudgingSession
    results: list[CheckResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Hand the session to the plugin."""
        use_session(config, self.session)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the result that a report carries."""
        if report.when == "call":
            self.results += [load_verdict(str(value)) for name, value in report.user_properties if name == PROPERTY]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be collected."""
        if report.failed:
            self.problems.append(f"{report.nodeid}: {str(report.longrepr).strip().splitlines()[-1]}")


def run_pytest(
    session: JudgingSession, *, html: Path | None = None, select: str | None = None, jobs: int = 1
) -> list[CheckResult]:
    """Judge a session's recordings by its suites.

    Args:
        session: what is judged.
        html: where pytest-html writes the test log.
        select: an expression; other requirements are not judged.
        jobs: processes to spread over.

    Raises:
        UserError: a suite cannot be collected, the log cannot be written, or pytest itself failed.
    """
    folders = [str(folder) for folder in session.suites.folders]
    own = ["-c", str(suites_dir() / "pytest.ini"), f"--rootdir={suites_dir()}", "-q", "--no-header", "--tb=short"]
    plugins = ["-p", "conformance.judging.plugin", "-p", "no:cacheprovider", "-p", "no:junitxml"]
    arguments = [*folders, *own, *plugins, *_options(session, select)]
    if html is not None:
        arguments += [
            "-p",
            "pytest_metadata.plugin",
            "-p",
            "pytest_html.plugin",
            f"--html={html}",
            "--self-contained-html",
        ]
    if jobs > 1:
        arguments += ["-p", "xdist.plugin", f"-n{jobs}"]
    collector, said = _Collector(session), io.StringIO()
    try:
        with _isolated(), infrequent_gc(), contextlib.redirect_stdout(said):
            code = pytest.main(arguments, plugins=[collector])
    except OSError as error:  # a check's own errors end as verdicts; this is the disk
        if html is not None:
            html.unlink(missing_ok=True)
        why = error.strerror or type(error).__name__
        raise UserError(
            f"The report cannot be written: {why}.", "Free some space or name another --out.", exit_code_of(error)
        ) from None
    _complain(code, collector, said.getvalue())
    return collector.results


def _options(session: JudgingSession, select: str | None) -> list[str]:
    """What workers need to make the same session."""
    options = [f"--conformance-recording={path}" for path in session.recordings]
    options += [f"--conformance-suites={path}" for path in session.suites.extra]
    options += ["--conformance-partial"] if session.partial else []
    return options + ([f"--conformance-select={select}"] if select else [])


@contextlib.contextmanager
def _isolated() -> Iterator[None]:
    """Neither the user's options nor other packages' plugins take part; no key is at hand, here or in a worker."""
    with isolate_children():
        os.environ.pop("PYTEST_ADDOPTS", None)
        os.environ.pop("PYTEST_PLUGINS", None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        yield


def _complain(code: int | pytest.ExitCode, collector: _Collector, said: str) -> None:
    if collector.problems:
        raise UserError("a suite cannot be collected:\n" + "\n".join(collector.problems[:5]), "Mend it and run again.")
    if code == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise NothingLeft(
            "nothing is left to judge", "Look at --select; `conformance list checks` shows what there is."
        )
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        last = "\n".join(said.strip().splitlines()[-15:])
        raise UserError(f"pytest ended with {code!r}:\n{last}", "This is a fault of the harness.", ExitCode.HARNESS)
