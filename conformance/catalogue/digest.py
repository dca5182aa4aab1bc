"""What tells one version of the suites from another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from conformance.catalogue.body_schemas import body_schema_folders


def digest(suite_dirs: Sequence[Path]) -> str:
    """What tells one version of the suites from another: a hash over their files, and over the schemas that judge."""
    hashed = hashlib.sha256()
    for folder in (*suite_dirs, *body_schema_folders()):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".py", ".yaml", ".json"} and "__pycache__" not in path.parts:
                hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]
