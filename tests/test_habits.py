"""How large things grow, that options keep their types, that prose is not parsed, what no committed file says."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from source_tree import ROOT, module_name, package_of, sources, under

PROSE = frozenset({"reason", "at", "note", "detail", "message"})
"""Members that hold words for people."""

PARSING = frozenset(
    {"startswith", "endswith", "split", "rsplit", "partition", "rpartition", "removeprefix", "match", "search",
     "fullmatch", "find", "findall", "index"}
)  # fmt: skip


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


def test_modules_are_small() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in sources(ROOT)}
    assert {path: lines for path, lines in lengths.items() if lines > 400} == {}
    assert statistics.median(lengths.values()) <= 150


def test_folders_hold_few_modules() -> None:
    sizes = Counter(path.parent.relative_to(ROOT).as_posix() for path in sources(ROOT, "conformance"))
    assert {folder: size for folder, size in sizes.items() if size > 24} == {}


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
