"""The source files of the product, and what they import: read as text, for the laws."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


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


def sources(root: Path, *folders: str) -> list[Path]:
    """The Python files of the product."""
    return sorted(path for folder in folders or ("conformance", "suites") for path in (root / folder).rglob("*.py"))


def package_of(name: str) -> str:
    """The package (or top module) of ours that a dotted name lies in, or an empty text."""
    return name.split(".")[1] if name.startswith("conformance.") else ""
