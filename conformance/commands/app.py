"""The command line: parse, call one function, exit with its code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from conformance import __version__
from conformance.commands.options import BUDGET, CHOICE, GATE, OUT, PARALLEL, PATH, RESUME, TARGET
from conformance.errors import ExitCode, UserError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Group(click.Group):
    """Turns a user's mistake into two sentences and an exit code; never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            _complain(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            _complain(UserError("Interrupted.", "Nothing more is sent."))
            ctx.exit(ExitCode.UNREACHABLE)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # the reader of our output went away, as `head` does; nobody was told the outcome
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(ExitCode.HARNESS)
        except Exception as error:  # noqa: BLE001  # our own fault must not look like the endpoint's
            _own_fault(error)
            ctx.exit(ExitCode.HARNESS)


def _complain(error: UserError) -> None:
    from conformance.commands.console import complain

    complain(error)


def _own_fault(error: Exception) -> None:
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True)
    _complain(UserError(f"the harness itself failed: {type(error).__name__}", "Report it with the lines above."))


def _exit(code: int) -> NoReturn:
    click.get_current_context().exit(code)


@click.group(cls=Group, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="conformance")
def cli() -> None:
    """Tell the truth about endpoints that claim to speak the OpenAI API."""


@cli.command()
@TARGET
@CHOICE
@OUT
@RESUME
@BUDGET
@PARALLEL
@GATE
@click.option("--confirm", type=click.IntRange(1, 5), default=1, help="Fire failing scenarios so often in all.")
def run(**given: Any) -> None:
    """Capture, judge and report; without URL and config the embedded reference provider."""
    from conformance.commands.run import run as job

    _exit(job(**given))


@cli.command()
@TARGET
@CHOICE
@click.option("--probe", is_flag=True, help="Ask the endpoint for its models first, for a closer price.")
def plan(**given: Any) -> None:
    """Show what would be sent, and its price in requests and tokens."""
    from conformance.commands.plan import plan as job

    _exit(job(**given))


@cli.command()
@TARGET
@CHOICE
@OUT
@RESUME
@BUDGET
@PARALLEL
def capture(**given: Any) -> None:
    """Send and record; judge later."""
    from conformance.commands.capture import capture as job

    _exit(job(**given))


@cli.command()
@click.argument("recordings", nargs=-1, required=True, type=PATH)
@OUT
@GATE
@click.option("--select", metavar="EXPR", help="Judge only these areas, levels, capabilities or ids.")
@click.option("--suites", multiple=True, type=PATH, metavar="DIR", help="A folder of your own suites (repeatable).")
@click.option("--partial", is_flag=True, help="Judge what an interrupted recording holds.")
def judge(**given: Any) -> None:
    """Judge recordings: ours, VCR cassettes, HAR files, or folders of them."""
    from conformance.commands.judge import judge as job

    _exit(job(**given))


@cli.command()
@click.argument("folder", type=PATH)
def report(folder: Path) -> None:
    """Write the pages of a bundle again from its results and recording."""
    from conformance.commands.report import report as job

    _exit(job(folder))


@cli.command()
@click.argument("folders", nargs=-1, required=True, type=PATH)
@click.option(
    "--out", type=PATH, default=Path("compare.html"), show_default=True, help="The page; .json and .md beside it."
)
@click.option("--upstream", metavar="NAME", help="Tell what the other endpoints do differently from this one.")
@click.option("--over-time", is_flag=True, help="Order by time; tell what regressed and what was fixed, since when.")
@click.option(
    "--any-suites", is_flag=True, help="Compare runs of different suites too, marking what is not comparable."
)
def compare(**given: Any) -> None:
    """Put the reports of several runs side by side, the differences first."""
    from conformance.commands.compare import compare_folders

    _exit(compare_folders(given.pop("folders"), given.pop("out"), **given))


@cli.command()
@click.option("--dialect", default="openai", show_default=True, metavar="D", help="Whose way of speaking.")
@click.option("--fault", "faults", multiple=True, metavar="F", help="What to do wrong (repeatable).")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A free one if not given.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Seconds to wait before each answer.")
def serve(**given: Any) -> None:
    """Serve the reference provider until interrupted."""
    from conformance.commands.serve import serve as job

    _exit(job(**given))


@cli.group("known-failures", cls=Group)
def known_failures() -> None:
    """Look after the list of known failures."""


@known_failures.command()
@click.argument("folder", type=PATH)
@click.option("--file", type=PATH, required=True, help="The list; made where there is none.")
@click.option("--reason", default="not looked at yet", show_default=True, help="The reason of new entries.")
def update(folder: Path, file: Path, reason: str) -> None:
    """Write the list anew from a report: new failures come in, stale entries go."""
    from conformance.commands.known_failures import update_known_failures

    _exit(update_known_failures(folder, file, reason))


@cli.command("try")
@click.argument("scenario")
@TARGET
@click.option("--suites", multiple=True, type=PATH, metavar="DIR", help="A folder of your own suites (repeatable).")
def try_(scenario: str, **given: Any) -> None:
    """Fire one scenario; show the request, the events as they arrive, and what every check says of them."""
    from conformance.commands.try_ import try_one

    _exit(try_one(scenario, **given))


@cli.command()
@click.argument("requirement", metavar="ID")
@click.option("--suites", multiple=True, type=PATH, metavar="DIR", help="A folder of your own suites (repeatable).")
def explain(requirement: str, suites: tuple[Path, ...]) -> None:
    """Say what a requirement means, why it matters, who breaks, what to change, and how to run only it."""
    from conformance.commands.explain import explain as job

    _exit(job(requirement, suites))


@cli.command()
@click.argument("recording", type=PATH)
@click.option("--out", type=PATH, required=True, metavar="FILE", help="The HAR file to write.")
def har(recording: Path, out: Path) -> None:
    """Write a recording as HAR, for a browser's network panel."""
    from conformance.commands.har import export_har

    _exit(export_har(recording, out))


@cli.command("list")
@click.argument("what", type=click.Choice(["checks", "scenarios", "profiles", "capabilities", "faults", "dialects"]))
@click.option("--suites", multiple=True, type=PATH, metavar="DIR", help="A folder of your own suites (repeatable).")
def list_(what: str, suites: tuple[Path, ...]) -> None:
    """List checks, scenarios, profiles, capabilities, faults or dialects."""
    from conformance.commands.list_ import list_things

    _exit(list_things(what, suites))


def main() -> NoReturn:
    """The command `conformance`."""
    cli.main(prog_name="conformance")
    sys.exit(ExitCode.CONFORMANT)
