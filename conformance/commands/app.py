"""The command line: parse, call one function, exit with its code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from conformance import __version__
from conformance.commands.console import flush_output, prepare_streams, silence_output
from conformance.commands.options import (
    BUDGET,
    CAPTURE_OUTPUT,
    CAPTURE_WORK,
    CHOICE,
    DEMO_TARGET,
    GATE,
    JUDGE_CHOICE,
    JUDGE_OUTPUT,
    JUDGE_WORK,
    PATH,
    RUN_OUTPUT,
    RUN_WORK,
    SUITES,
    TARGET,
)
from conformance.errors import ExitCode, UserError, is_of_the_machine

if TYPE_CHECKING:
    from conformance.inputs.options import (
        BudgetOptions,
        ChoiceOptions,
        GateOptions,
        OutputOptions,
        TargetOptions,
        WorkOptions,
    )

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Group(click.Group):
    """Turns a user's mistake into two sentences and an exit code; never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it learns of secrets is known until it ends."""
        from conformance.secrets.known import learn_secrets, nothing_known
        from conformance.secrets.variables import keys_at_hand

        with nothing_known():
            learn_secrets(keys_at_hand(os.environ))
            return self._run(ctx)

    def _run(self, ctx: click.Context) -> Any:
        try:
            outcome = super().invoke(ctx)
            flush_output()
        except UserError as error:
            _complain(error)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            _complain(UserError("Interrupted.", "Nothing more is sent."))
            ctx.exit(ExitCode.UNREACHABLE)
        except click.exceptions.Exit:
            self._flush(ctx)
            raise
        except (click.ClickException, click.Abort):
            raise
        except BrokenPipeError:  # the reader of our output went away, as `head` does; nobody was told the outcome
            silence_output()
            ctx.exit(ExitCode.HARNESS)
        except OSError as error:
            if not is_of_the_machine(error):
                _own_fault(error)
                ctx.exit(ExitCode.HARNESS)
            self._full(ctx, error)
        except Exception as error:  # noqa: BLE001  # our own fault must not look like the endpoint's
            _own_fault(error)
            ctx.exit(ExitCode.HARNESS)
        return outcome

    def _flush(self, ctx: click.Context) -> None:
        """Write what a command said before it ended with its code."""
        try:
            flush_output()
        except BrokenPipeError:
            silence_output()
            ctx.exit(ExitCode.HARNESS)
        except OSError as error:
            self._full(ctx, error)

    @staticmethod
    def _full(ctx: click.Context, error: OSError) -> NoReturn:
        silence_output()
        message = f"The machine cannot go on: {(error.strerror or type(error).__name__).lower()}."
        _complain(UserError(message, "Free some space, or send the output elsewhere."))
        ctx.exit(ExitCode.UNREACHABLE)


def _complain(error: UserError) -> None:
    from conformance.commands.console import complain

    complain(error)


def _own_fault(error: Exception) -> None:
    import traceback

    from conformance.commands.console import note

    note("".join(traceback.format_exception(error)))
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
@RUN_OUTPUT
@BUDGET
@RUN_WORK
@GATE
def run(
    *,
    target: TargetOptions,
    choice: ChoiceOptions,
    output: OutputOptions,
    budget: BudgetOptions,
    work: WorkOptions,
    gate: GateOptions,
) -> None:
    """Capture, judge and report endpoints."""
    from conformance.commands.run import run as job

    _exit(job(target, choice, output, budget=budget, work=work, gate=gate))


@cli.command(context_settings={"allow_extra_args": True}, options_metavar="[OPTIONS of run]")
@DEMO_TARGET
@CHOICE
@RUN_OUTPUT
@BUDGET
@RUN_WORK
@GATE
@click.pass_context
def demo(
    ctx: click.Context,
    *,
    target: TargetOptions,
    choice: ChoiceOptions,
    output: OutputOptions,
    budget: BudgetOptions,
    work: WorkOptions,
    gate: GateOptions,
) -> None:
    """Capture, judge and report the embedded reference provider: a whole report without a key."""
    if ctx.args:
        raise UserError(
            f"`conformance demo` judges the embedded reference provider and takes no URL: {ctx.args[0]}",
            "`conformance run URL` judges an endpoint.",
        )
    from conformance.commands.demo import demo as job

    _exit(job(target, choice, output, budget=budget, work=work, gate=gate))


@cli.command()
@TARGET
@CHOICE
@click.option("--probe", is_flag=True, help="Ask the endpoint for its models first, for a closer price.")
def plan(*, target: TargetOptions, choice: ChoiceOptions, probe: bool) -> None:
    """Show what would be sent, and its price in requests and tokens."""
    from conformance.commands.plan import plan as job

    _exit(job(target, choice, probe=probe))


@cli.command()
@TARGET
@CHOICE
@CAPTURE_OUTPUT
@BUDGET
@CAPTURE_WORK
def capture(
    target: TargetOptions, choice: ChoiceOptions, output: OutputOptions, budget: BudgetOptions, work: WorkOptions
) -> None:
    """Send and record; judge later."""
    from conformance.commands.capture import capture_all as job

    _exit(job(target, choice, output, budget, work))


@cli.command()
@click.argument("recordings", nargs=-1, required=True, type=PATH)
@JUDGE_OUTPUT
@GATE
@JUDGE_WORK
@JUDGE_CHOICE
@click.option(
    "--mask-header", "masked", multiple=True, metavar="NAME", help="A header that holds a credential too (repeatable)."
)
@click.option("--partial", is_flag=True, help="Judge what an interrupted recording holds.")
def judge(
    *,
    recordings: tuple[Path, ...],
    output: OutputOptions,
    gate: GateOptions,
    work: WorkOptions,
    choice: ChoiceOptions,
    masked: tuple[str, ...],
    partial: bool,
) -> None:
    """Judge recordings: ours, cassettes, HAR files and traces of other tools, or folders of them."""
    from conformance.commands.judge import judge as job
    from conformance.secrets.known import learn_secrets

    learn_secrets(headers=masked)
    _exit(job(recordings, choice, output, work=work, gate=gate, partial=partial))


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
def compare(*, folders: tuple[Path, ...], out: Path, upstream: str | None, over_time: bool, any_suites: bool) -> None:
    """Put the reports of several runs side by side, the differences first."""
    from conformance.commands.compare import compare_folders

    _exit(compare_folders(folders, out, upstream=upstream, over_time=over_time, any_suites=any_suites))


@cli.command()
@click.option("--dialect", default="openai", show_default=True, metavar="D", help="Whose way of speaking.")
@click.option("--fault", "faults", multiple=True, metavar="F", help="What to do wrong (repeatable).")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A free one if not given.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Seconds to wait before each answer.")
@SUITES
def serve(*, dialect: str, faults: tuple[str, ...], host: str, port: int, delay: float, choice: ChoiceOptions) -> None:
    """Serve the reference provider until interrupted."""
    from conformance.commands.serve import serve as job

    _exit(job(dialect, faults, choice.suites, host=host, port=port, delay=delay))


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
@SUITES
def try_(scenario: str, target: TargetOptions, choice: ChoiceOptions) -> None:
    """Fire one scenario; show the request, the events as they arrive, and what every check says of them."""
    from conformance.commands.try_ import try_one

    _exit(try_one(scenario, target, choice.suites))


@cli.command()
@click.argument("requirement", metavar="ID")
@SUITES
def explain(requirement: str, choice: ChoiceOptions) -> None:
    """Say what a requirement means, why it matters, who breaks, what to change, and how to run only it."""
    from conformance.commands.explain import explain as job

    _exit(job(requirement, choice.suites))


@cli.command()
@click.argument("recording", type=PATH)
@click.option("--out", type=PATH, required=True, metavar="FILE", help="The HAR file to write.")
def har(recording: Path, out: Path) -> None:
    """Write a recording as HAR, for a browser's network panel."""
    from conformance.commands.har import export_har

    _exit(export_har(recording, out))


@cli.command("list")
@click.argument("what", type=click.Choice(["checks", "scenarios", "profiles", "capabilities", "faults", "dialects"]))
@SUITES
def list_(what: str, choice: ChoiceOptions) -> None:
    """List checks, scenarios, profiles, capabilities, faults or dialects."""
    from conformance.commands.list_ import list_things

    _exit(list_things(what, choice.suites))


def main() -> NoReturn:
    """The command `conformance`."""
    prepare_streams()
    cli.main(prog_name="conformance")
    sys.exit(ExitCode.CONFORMANT)
