"""The digest of the suites changes with what judges, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.catalogue.digest import digest


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    suites, schemas = tmp_path / "suites", tmp_path / "schemas"
    for path in (
        suites / "chat/test_chat.py",
        suites / "chat/faults.py",
        suites / "chat/faults_streamed.py",
        suites / "providers/acme/profile.yaml",
        schemas / "openai/chunk.schema.json",
        schemas / "other/answer.schema.json",
        schemas / "harness/results.schema.json",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("before")
    return suites, schemas


@pytest.mark.parametrize(
    ("edited", "changes"),
    [
        ("suites/chat/test_chat.py", True),
        ("suites/providers/acme/profile.yaml", True),
        ("schemas/openai/chunk.schema.json", True),
        ("schemas/other/answer.schema.json", True),
        ("suites/chat/faults.py", False),
        ("suites/chat/faults_streamed.py", False),
        ("schemas/harness/results.schema.json", False),
    ],
)
def test_the_digest_changes_with_what_judges(
    folders: tuple[Path, Path], tmp_path: Path, edited: str, changes: bool
) -> None:
    suites, schemas = folders
    before = digest([suites], schemas)
    (tmp_path / edited).write_text("after")
    assert (digest([suites], schemas) != before) is changes
