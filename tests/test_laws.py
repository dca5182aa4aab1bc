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

PROSE = frozenset({"reason", "at", "note", "detail", "message"})
"""Members that hold words for people."""

PARSING = frozenset(
    {"startswith", "endswith", "split", "rsplit", "partition", "rpartition", "removeprefix", "match", "search",
     "fullmatch", "find", "findall", "index"}
)  # fmt: skip
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


def words_of_an_api(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and word of every literal of a module, docstrings aside, that holds a word of an API."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    words = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in OF_AN_API))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and id(node) not in told:
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            yield from ((node.lineno, found[0]) for found in words.finditer(text))


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


def test_modules_are_small() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in sources(ROOT)}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
    assert statistics.median(lengths.values()) <= 150


def test_folders_hold_few_modules() -> None:
    sizes = Counter(path.parent.relative_to(ROOT).as_posix() for path in sources(ROOT, "conformance"))
    assert {folder: size for folder, size in sizes.items() if size > 24} == {}


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


UNTYPED = re.compile(r"\*\*(about|given|options|how)\b|\b(given|about|how|options): (Mapping|dict)\[str, Any\]")
"""Options that travel without their types."""


def untyped_options(root: Path) -> list[str]:
    """The places where options travel as a mapping; click's own hand-over in commands/options.py aside."""
    return [
        f"{path.relative_to(root)}:{number}"
        for path in sources(root, "conformance")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if UNTYPED.search(line)
        or (package_of(module_name(path, root)) in {"commands", "inputs", "gate"} and _takes_any(line))
        if module_name(path, root) != "conformance.commands.options"
    ]


def _takes_any(line: str) -> bool:
    return re.search(r"\*\*\w+: Any\b", line) is not None


def test_options_keep_their_types() -> None:
    assert untyped_options(ROOT) == []


@pytest.mark.parametrize(
    "line",
    ["def run(**given: Any) -> int: ...", "def run(given: Mapping[str, Any]) -> int: ...", "def run(**x: Any): ...",
     "    how: dict[str, Any] = {}", "    call(**about)"],
)  # fmt: skip
def test_options_without_types_are_caught(line: str, tmp_path: Path) -> None:
    path = tmp_path / "conformance/commands/run.py"
    path.parent.mkdir(parents=True)
    path.write_text(line + "\n", "utf-8")
    assert untyped_options(tmp_path) == ["conformance/commands/run.py:1"]


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


def _prose_parsed(tree: ast.AST) -> Iterator[int]:
    """Lines that take words for people apart: `x.reason.startswith(…)`, `re.match(…, x.at)`, `"…" in x.note`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PARSING:
            looked_at = [*ast.walk(node.func.value), *(arg for given in node.args for arg in ast.walk(given))]
            if any(isinstance(one, ast.Attribute) and one.attr in PROSE for one in looked_at):
                yield node.lineno
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            words = any(isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value for one in sides)
            if words and any(isinstance(one, ast.Attribute) and one.attr in PROSE for one in sides):
                yield node.lineno


@pytest.mark.parametrize(
    "breach",
    ['x.reason.startswith("blocked")', 'x.at.lower().split(" ")', "pattern.match(row.note)", 'f.at == "status"',
     '"over budget" in footer.reason', "re.search(a, b.detail)"],
)  # fmt: skip
def test_the_law_sees_prose_that_is_parsed(breach: str) -> None:
    assert list(_prose_parsed(ast.parse(breach)))


def test_prose_is_not_parsed() -> None:
    """What the endpoint itself says is its data, not our prose: `ErrorResponse` reads its own `message`."""
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources(ROOT, "conformance")
        if path.relative_to(ROOT).parts[1] != "reference" and path != ROOT / "conformance/api/errors.py"
        for line in _prose_parsed(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []
