"""index.html: one self-contained page. Everything is escaped by default, and what cannot be seen is made visible."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance import text
from conformance.model import Results, Verdict
from conformance.report.evidence.collect import Evidence
from conformance.report.evidence.timeline import WIDTH, milliseconds, timeline
from conformance.report.formats.html import page
from conformance.report.results.left_out import say_left_out

_TEMPLATES = Path(__file__).parent / "templates"


def render(results: Results, evidence: Mapping[str, Evidence], *, tests_page: str = "") -> str:
    """The page of one run.

    Args:
        results: The run.
        evidence: The bytes of the exchanges that the results cite.
        tests_page: The name of pytest-html's page beside it, empty where there is none.
    """
    style, script = read("style.css"), read("script.js")
    areas = page.areas_of(results, evidence)
    columns, matrix = page.matrix_of(results)
    held = [identity for identity in results.exchanges if identity in evidence]
    evidence = {identity: evidence[identity] for identity in held}
    shown: str = (
        environment()
        .get_template("index.html")
        .render(
            results=results,
            summary=results.summary,
            answer=page.answer(results),
            left_out=say_left_out(results.run.get("left_out", {})),
            abouts=page.abouts(results),
            causes=page.causes_of(results),
            areas=areas,
            fixes=page.fixes_of(results, areas),
            columns=columns,
            matrix=matrix,
            capabilities=page.capability_names(results),
            evidence=evidence,
            tests_page=tests_page,
            style=style,
            script=script,
            policy=policy(style, script),
            verdicts=[verdict.value for verdict in Verdict],
            timeline_width=WIDTH,
        )
    )
    return shown


def read(name: str) -> str:
    """A template file as text."""
    return (_TEMPLATES / name).read_text(encoding="utf-8").strip()


def policy(style: str, script: str) -> str:
    """A Content-Security-Policy that lets in our own style and script, by their hashes, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def environment() -> Any:
    """Jinja2 with autoescape, our filters, and invisible characters made visible."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        slug=text.slug,
        link=text.link,
        cut=text.cut,
        words=lambda value: str(value).replace("_", " "),
        duration=milliseconds,
        timeline=timeline,
        ours=Markup,  # our own style and script, nothing else
    )
    return environment


def _shown(value: Any) -> Any:
    """What every expression of a template passes through: text gets its invisible characters made visible."""
    return text.visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
