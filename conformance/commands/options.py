"""The options that commands share: what click reads fills the dataclasses of `inputs.options`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from conformance.errors import UserError

PATH = click.Path(path_type=Path)
Decorator = Callable[[Any], Any]


def _fill(argument: str, kind: str, *parameters: Decorator) -> Decorator:
    """Add parameters to a command, and hand their values to its function as one dataclass, by the name `argument`.

    `kind` names the dataclass in `inputs.options`, which is imported when a command runs: `--help` needs none.
    """

    def add(function: Any) -> Any:
        names = {one.name for one in _parameters_of(*parameters)}

        @functools.wraps(function)
        def collect(**flat: Any) -> Any:
            from conformance.inputs import options

            own = {name: flat.pop(name) for name in names}
            return function(**flat, **{argument: getattr(options, kind)(**own)})

        return functools.reduce(lambda made, one: one(made), reversed(parameters), collect)

    return add


def _parameters_of(*parameters: Decorator) -> list[click.Parameter]:
    """What click makes of decorators."""

    def bare() -> None: ...

    for one in parameters:
        one(bare)
    found: list[click.Parameter] = getattr(bare, "__click_params__", [])
    return found


def _existing(_: click.Context, __: click.Parameter, folders: tuple[Path, ...]) -> tuple[Path, ...]:
    for folder in folders:
        if not folder.is_dir():
            raise UserError(
                f"{folder}: there is no such folder", "--suites takes a folder that holds <area>/test_*.py."
            )
    return folders


SECONDS = click.FloatRange(0.001)

_URL = click.argument("url", required=False)
_MODEL = click.option("--model", "-m", "models", multiple=True, metavar="M", help="A model to try (repeatable).")
_KEY = click.option("--api-key-env", metavar="VAR", help="The variable that holds the key [OPENAI_API_KEY].")
_HEADER = click.option(
    "--header",
    "secret_headers",
    multiple=True,
    metavar="NAME=VAR",
    help="A header with the value of the variable VAR, a secret as the key is (repeatable).",
)
_PROFILE = click.option("--profile", metavar="P", help="Whose promises to judge; by the URL's host if not given.")
_CONFIG = click.option("--config", type=PATH, metavar="FILE", help="Endpoints and models, instead of a URL.")
_INSECURE = click.option("--insecure", is_flag=True, help="Do not verify TLS certificates.")
_LABEL = click.option("--label", default="", metavar="TEXT", help="What this run is of, such as version=1.2.")
_TIMEOUT = click.option("--timeout", type=SECONDS, metavar="SECONDS", help="Time that one exchange may take [180].")

_SELECT = click.option("--select", metavar="EXPR", help="Only these areas, levels, capabilities or ids.")
_QUICK = click.option("--quick", is_flag=True, help="Only the quick scenarios: at most 15 requests.")
_SUITES = click.option(
    "--suites",
    multiple=True,
    type=PATH,
    metavar="DIR",
    callback=_existing,
    help="A folder of your own suites; its Python code runs (repeatable).",
)

_OUT = click.option("--out", type=PATH, metavar="DIR", help="Where the bundle goes [reports/<endpoint>-<time>].")
_OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace an earlier bundle in --out.")
_RESUME = click.option("--resume", is_flag=True, help="Go on with what was broken off in --out: send only the rest.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON instead of the summary.")

_PARALLEL = click.option(
    "--parallel", type=click.IntRange(1, 256), default=20, show_default=True, help="Endpoints captured at a time."
)
_JOBS = click.option("--jobs", "-j", type=click.IntRange(1, 64), default=1, help="Processes to judge with.")
_CONFIRM = click.option(
    "--confirm", type=click.IntRange(1, 5), default=1, help="Fire failing scenarios so often in all."
)

TARGET = _fill("target", "TargetOptions", _URL, _MODEL, _KEY, _HEADER, _PROFILE, _CONFIG, _INSECURE, _LABEL, _TIMEOUT)
DEMO_TARGET = _fill("target", "TargetOptions", _MODEL, _PROFILE, _LABEL, _TIMEOUT)
CHOICE = _fill("choice", "ChoiceOptions", _SELECT, _QUICK, _SUITES)
JUDGE_CHOICE = _fill("choice", "ChoiceOptions", _SELECT, _SUITES)
SUITES = _fill("choice", "ChoiceOptions", _SUITES)
RUN_OUTPUT = _fill("output", "OutputOptions", _OUT, _OVERWRITE, _RESUME, _JSON)
CAPTURE_OUTPUT = _fill("output", "OutputOptions", _OUT, _OVERWRITE, _RESUME)
JUDGE_OUTPUT = _fill("output", "OutputOptions", _OUT, _OVERWRITE, _JSON)
BUDGET = _fill(
    "budget",
    "BudgetOptions",
    click.option("--max-requests", type=click.IntRange(1), metavar="N", help="Requests that a run may send [400]."),
    click.option("--max-tokens", type=click.IntRange(1), metavar="N", help="Tokens that it may spend [100000]."),
    click.option("--max-seconds", type=SECONDS, metavar="S", help="Time that it may take [3600]."),
    click.option("--max-per-minute", type=SECONDS, metavar="N", help="Requests in a minute [any]."),
)
GATE = _fill(
    "gate",
    "GateOptions",
    click.option("--fail-on", type=click.Choice(["must", "should", "never"]), default="must", show_default=True),
    click.option("--strict-inconclusive", is_flag=True, help="What could not be judged fails the gate too."),
    click.option("--known-failures", type=PATH, metavar="FILE", help="Failures that you know of; stale ones fail."),
    click.option("--baseline", type=PATH, metavar="RESULTS", help="Gate only what failed since that results.json."),
)
RUN_WORK = _fill("work", "WorkOptions", _PARALLEL, _JOBS, _CONFIRM)
CAPTURE_WORK = _fill("work", "WorkOptions", _PARALLEL)
JUDGE_WORK = _fill("work", "WorkOptions", _JOBS)
