"""The laws of docs/architecture.md: who imports whom, how large things grow, what no committed file says."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conformance.reference import faults

ROOT = Path(__file__).resolve().parent.parent
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


def under(name: str, roots: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the roots or lies below one."""
    return any(name == root or name.startswith(root + ".") for root in roots)


def module_name(path: Path, root: Path) -> str:
    """The dotted name of a file of the tree."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.Module, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a module imports, late imports included, relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


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


def sources(root: Path, *folders: str) -> list[Path]:
    """The Python files of the product."""
    return sorted(path for folder in folders or ("conformance", "suites") for path in (root / folder).rglob("*.py"))


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its docstring and decorators."""
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str)
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0)


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function of the package, with the place where it begins."""
    for path in sources(ROOT, "conformance"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def package_of(name: str) -> str:
    """The package (or top module) of ours that a dotted name lies in, or an empty text."""
    return name.split(".")[1] if name.startswith("conformance.") else ""


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


def test_modules_are_small() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in sources(ROOT)}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
    assert statistics.median(lengths.values()) <= 150


CROWDED = {"conformance/reference/faults": 30}
"""Folders of more than 24 modules: a number here may only fall, as faults move beside the checks that they prove."""


def test_folders_hold_few_modules() -> None:
    sizes = Counter(path.parent.relative_to(ROOT).as_posix() for path in sources(ROOT, "conformance"))
    assert {folder: size for folder, size in sizes.items() if size > 24} == CROWDED


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


def test_functions_are_short() -> None:
    lengths = {place: own_lines(node) for place, node in functions()}
    assert {place: lines for place, lines in lengths.items() if lines > 60} == {}
    assert statistics.median(lengths.values()) <= 10
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= 50


def test_every_function_is_annotated() -> None:
    bare = []
    for place, node in functions():
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        wanted = [arg for arg in given if arg is not None and arg.arg not in {"self", "cls"}]
        if node.returns is None or any(arg.annotation is None for arg in wanted):
            bare.append(place)
    assert bare == []


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(ROOT)
        if not under(module_name(path, ROOT), ("conformance.commands", "conformance.report.formats.terminal"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def committed() -> list[Path]:
    """The files that git knows."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]


def registry_hosts() -> set[str]:
    """The hosts of package indexes that this machine is set up with; none of them belongs in the repository."""
    answer = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, check=False)
    urls = re.findall(r"https?://[^\s'\"]+", answer.stdout.decode())
    return {host for url in urls if (host := urlsplit(url).hostname)} | {"pypi" + ".org", "python" + "hosted.org"}


def test_no_committed_file_names_a_machine_path_or_a_registry() -> None:
    folders = "work|root|home/[a-z]+|Users/[A-Za-z]+|tmp/bash"
    words = [rf"(?<![\w.\-/}}])/(?:{folders})/", r"--(?:extra-)?index-" + "url", "--hash" + "=sha"]
    pattern = re.compile("|".join([*words, *map(re.escape, sorted(registry_hosts()))]))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in committed()
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
