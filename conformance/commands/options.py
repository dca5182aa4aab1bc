"""The options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

PATH = click.Path(path_type=Path)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add


TARGET = _options(
    click.argument("url", required=False),
    click.option("--model", "-m", "models", multiple=True, metavar="M", help="A model to try (repeatable)."),
    click.option("--api-key-env", metavar="VAR", help="The variable that holds the key [OPENAI_API_KEY]."),
    click.option("--profile", metavar="P", help="Whose promises to judge; by the URL's host if not given."),
    click.option("--config", type=PATH, metavar="FILE", help="Endpoints and models, instead of a URL."),
    click.option("--insecure", is_flag=True, help="Do not verify TLS certificates."),
    click.option("--label", default="", metavar="TEXT", help="What this run is of, such as version=1.2."),
)
CHOICE = _options(
    click.option("--select", metavar="EXPR", help="Only these areas, levels, capabilities or ids."),
    click.option("--quick", is_flag=True, help="Only the quick scenarios: at most 15 requests."),
    click.option("--suites", multiple=True, type=PATH, metavar="DIR", help="A folder of your own suites (repeatable)."),
)
OUT = _options(
    click.option("--out", type=PATH, metavar="DIR", help="Where the bundle goes [reports/<endpoint>-<time>]."),
    click.option("--overwrite", is_flag=True, help="Replace an earlier bundle in --out."),
)
PARALLEL = click.option(
    "--parallel", type=click.IntRange(1, 256), default=20, show_default=True, help="Endpoints captured at a time."
)
RESUME = click.option("--resume", is_flag=True, help="Go on with what was broken off in --out: send only the rest.")
BUDGET = _options(
    click.option("--max-requests", type=click.IntRange(1), metavar="N", help="Requests that a run may send [400]."),
    click.option("--max-tokens", type=click.IntRange(1), metavar="N", help="Tokens that it may spend [100000]."),
    click.option("--max-seconds", type=click.FloatRange(0.001), metavar="S", help="Time that it may take [3600]."),
    click.option("--max-per-minute", type=click.FloatRange(0.001), metavar="N", help="Requests in a minute [any]."),
)
GATE = _options(
    click.option("--fail-on", type=click.Choice(["must", "should", "never"]), default="must", show_default=True),
    click.option("--strict-inconclusive", is_flag=True, help="What could not be judged fails the gate too."),
    click.option("--known-failures", type=PATH, metavar="FILE", help="Failures that you know of; stale ones fail."),
    click.option("--baseline", type=PATH, metavar="RESULTS", help="Gate only what failed since that results.json."),
    click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON instead of the summary."),
    click.option("--jobs", "-j", type=click.IntRange(1, 64), default=1, help="Processes to judge with."),
)
