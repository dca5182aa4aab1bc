"""The laws of docs/architecture.md: who imports whom, who may know an API, and through which door."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from source_tree import ROOT, imports, module_name, package_of, sources, under

from conformance.reference import faults

NETWORK = (
    "httpx2", "httpx", "httpcore2", "h11", "h2", "anyio", "asyncio", "socket", "socketserver", "select", "selectors",
    "ssl", "http.client", "http.server", "urllib.request", "aiohttp", "requests", "urllib3", "starlette", "uvicorn",
)  # fmt: skip
IMPURE = ("time", "datetime", "random", "secrets", "uuid", "os", "platform", "socket")

ORDER = (
    "errors", "text", "resources", "model", "wire", "secrets", "inputs", "store", "api", "checks", "catalogue",
    "planning", "recording", "capture", "clients", "gate", "judging", "report", "commands",
)  # fmt: skip
"""The pipeline: a package imports only what stands before it, and its own."""
STARTS_THE_REFERENCE = ("conformance.capture", "conformance.commands", "conformance.judging.plugin")


@dataclass(frozen=True)
class Law:
    """Modules under `who` (but not under `but`) import nothing under `forbids`, save what lies under `allows`.

    `breach` is a module and a line in it that the law must catch.
    """

    id: str
    who: tuple[str, ...]
    forbids: tuple[str, ...]
    breach: tuple[str, str]
    but: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()


LAWS = (
    Law("network-lives-in-capture-and-reference", ("conformance", "suites"), NETWORK,
        ("conformance.checks.expectations", "import asyncio"),
        but=("conformance.capture", "conformance.reference.server")),
    Law("one-module-imports-the-http-client", ("conformance", "suites"), ("httpx2", "httpx", "httpcore2", "h11"),
        ("conformance.capture.driver", "import httpx2"), but=("conformance.capture.transport",)),
    Law("pytest-lives-in-judging", ("conformance",), ("pytest", "_pytest", "xdist", "pytest_html"),
        ("conformance.planning.plan", "import pytest"),
        but=("conformance.judging.plugin", "conformance.judging.runner")),
    Law("click-and-rich-live-where-people-look", ("conformance",), ("click", "rich"),
        ("conformance.gate.gate", "import click"),
        but=("conformance.commands", "conformance.report.formats.terminal", "conformance.capture.progress")),
    Law("compression-is-undone-in-one-module", ("conformance",), ("zlib", "gzip"),
        ("conformance.model.exchange", "import zlib"), but=("conformance.wire.compression", "conformance.reference")),
    Law("suites-import-what-authors-may-use", ("suites",), ("conformance",),
        ("suites.streaming.test_done", "from conformance.recording.reader import read_recording"),
        allows=("conformance.checks", "conformance.api", "conformance.model", "conformance.catalogue",
                "conformance.wire", "conformance.reference.faults")),
    Law("the-reference-knows-nothing-of-the-harness", ("conformance.reference",), ("conformance",),
        ("conformance.reference.api.chat", "from conformance.api.answer import Answer"),
        allows=("conformance.errors", "conformance.text", "conformance.resources", "conformance.model",
                "conformance.reference")),
    Law("few-start-the-reference", ("conformance",), ("conformance.reference",),
        ("conformance.report.results.build", "from conformance.reference.server.app import create_app"),
        but=("conformance.reference", *STARTS_THE_REFERENCE)),
    Law("wire-api-checks-and-folding-are-pure",
        ("conformance.wire", "conformance.api", "conformance.checks", "conformance.judging.folding"), IMPURE,
        ("conformance.api.chat.folding", "from time import monotonic")),
)  # fmt: skip


OF_AN_API = (
    "/chat/completions", "/completions", "/embeddings", "/responses", "/models", "[DONE]", "choices", "messages",
    "finish_reason", "tool_calls", "response_format", "stream_options", "include_usage", "max_tokens",
    "max_completion_tokens", "max_output_tokens", "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens",
    "output_tokens", "chatcmpl",
)  # fmt: skip
"""Paths and members of payloads: what is known of an API."""

KNOWS_AN_API = (
    "conformance.api", "conformance.reference", "conformance.checks.heuristics",
    "conformance.model.request",  # the defaults of a request: what stands by default is left out of a recording
)  # fmt: skip


def breaches(law: Law, root: Path) -> list[str]:
    """Every import of the tree that breaks the law, as `file:line imports name`."""
    found = []
    for path in sources(root):
        module = module_name(path, root)
        if not under(module, law.who) or under(module, law.but):
            continue
        for line, name in imports(ast.parse(path.read_text("utf-8")), module, path.stem == "__init__"):
            if under(name, law.forbids) and not under(name, law.allows):
                found.append(f"{path.relative_to(root)}:{line} imports {name}")
    return found


def words_of_an_api(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and word of every literal of a module, docstrings aside, that holds a word of an API."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    words = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in OF_AN_API))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in told:
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            yield from ((node.lineno, found[0]) for found in words.finditer(text))


def climbs(root: Path) -> list[str]:
    """Every import that goes up the order, as `file:line imports name`; the order is an index, without exceptions."""
    found = []
    for path in sources(root, "conformance"):
        module = module_name(path, root)
        own = package_of(module)
        if own in {"", "__main__", "reference"}:
            continue
        for line, name in imports(ast.parse(path.read_text("utf-8")), module, path.stem == "__init__"):
            other = package_of(name)
            if other in ORDER and ORDER.index(other) > ORDER.index(own):
                found.append(f"{path.relative_to(root)}:{line} imports {name}")
    return found


def test_nobody_imports_upward() -> None:
    assert climbs(ROOT) == []


def test_an_import_upward_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "conformance/api/answer.py"
    path.parent.mkdir(parents=True)
    path.write_text("def late() -> None:\n    from conformance.report import bundle\n", "utf-8")
    assert climbs(tmp_path) == ["conformance/api/answer.py:2 imports conformance.report.bundle"]


def test_every_package_stands_in_the_order() -> None:
    names = {package_of(module_name(path, ROOT)) for path in sources(ROOT, "conformance")}
    assert names - {"", "__main__", "reference"} <= {*ORDER}


def test_no_module_imports_itself_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {}
    for path in sources(ROOT, "conformance"):
        module = module_name(path, ROOT)
        found = imports(ast.parse(path.read_text("utf-8")), module, path.stem == "__init__")
        arrows[module] = {name for _, name in found if name.startswith("conformance.")}
    modules = set(arrows)
    graph = {one: {owner(name, modules) for name in names} - {one, ""} for one, names in arrows.items()}
    assert circle_in(graph) == []


def owner(name: str, modules: set[str]) -> str:
    """The module that an imported name lies in."""
    return name if name in modules else next((one for one in [name.rpartition(".")[0]] if one in modules), "")


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The modules of a circle, or nothing."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                path.pop()
                done.add(node)
            elif node in path:
                return [*path[path.index(node) :], node]
            elif node not in done:
                path.append(node)
                stack += [(node, True), *((after, False) for after in graph.get(node, ()))]
    return []


def test_a_circle_is_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_only_the_api_knows_its_paths_and_members() -> None:
    known = [
        f"{path.relative_to(ROOT)}:{line} {word}"
        for path in sources(ROOT, "conformance")
        if not under(module_name(path, ROOT), KNOWS_AN_API)
        for line, word in words_of_an_api(ast.parse(path.read_text("utf-8")))
    ]
    assert known == []


def test_a_word_of_an_api_is_caught() -> None:
    lines = [
        '"""Knows max_tokens."""', "def read(body):", '    """Its choices."""', '    return body["choices"]',
        'URL = f"{base}/chat/completions"', 'DONE = b"data: [DONE]"',
    ]  # fmt: skip
    found = [*words_of_an_api(ast.parse("\n".join(lines)))]
    assert sorted(found) == [(4, "choices"), (5, "/chat/completions"), (6, "[DONE]")]


def test_the_top_of_the_package_holds_five_modules() -> None:
    names = {path.name for path in (ROOT / "conformance").glob("*.py")}
    assert names == {"__init__.py", "__main__.py", "errors.py", "text.py", "resources.py"}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_law_holds(law: Law) -> None:
    assert breaches(law, ROOT) == []


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.id)
def test_law_catches_a_breach(law: Law, tmp_path: Path) -> None:
    module, line = law.breach
    path = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True)
    path.write_text(f"def late() -> None:\n    {line}\n", "utf-8")
    assert [found.split(" ")[0] for found in breaches(law, tmp_path)] == [f"{path.relative_to(tmp_path)}:2"]


def test_faults_of_suites_come_through_one_door() -> None:
    door = {f"conformance.reference.faults.{name}" for name in faults.__all__}
    found = {
        name
        for path in sorted((ROOT / "suites").glob("*/faults*.py"))
        for _, name in imports(ast.parse(path.read_text("utf-8")), path.stem, is_package=False)
        if name.startswith("conformance.")
    }
    assert found
    assert found <= door


def test_faults_are_loaded_when_asked_for() -> None:
    code = (
        "import sys, conformance.reference.server.app as app; app.create_app(); "
        "print([name for name in sys.modules if 'faults.loader' in name or '_conformance_faults_' in name])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
