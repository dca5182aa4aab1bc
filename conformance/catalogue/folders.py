"""Where the parts of suites lie: one folder for each area, and one below `providers` for each provider."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PROVIDERS = "providers"


def part_folders(suite_dirs: Iterable[Path | str]) -> list[Path]:
    """The folders that may hold scenarios, checks and proofs: in the order of their names, each provider's in turn."""
    return [part for suite in suite_dirs for area in sorted(Path(suite).glob("*/")) for part in _parts(area)]


def provider_folders(suite_dirs: Iterable[Path | str]) -> list[Path]:
    """The folder of each provider: its profile.yaml, and the scenarios and checks of what it promises."""
    return [part for suite in suite_dirs for part in sorted((Path(suite) / PROVIDERS).glob("*/"))]


def _parts(area: Path) -> list[Path]:
    return sorted(area.glob("*/")) if area.name == PROVIDERS else [area]
