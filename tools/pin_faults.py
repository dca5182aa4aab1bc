"""Write the pins of tests/truth anew: what each fault trips, and what does not pass without any. Review the diff."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from conformance.reference.dialects import DIALECTS

SUPPORT = Path(__file__).resolve().parent.parent / "tests" / "support"
WORKERS = max(2, os.cpu_count() or 2)


def _observe(fault: str) -> dict[str, Any]:
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # connections are broken on purpose
    sys.path.insert(0, str(SUPPORT))
    pins = import_module("pins")
    entry: dict[str, Any] = pins.observe(fault, pins.load().get(fault, {}))
    return entry


def _truth(job: tuple[str, str]) -> dict[str, Any]:
    sys.path.insert(0, str(SUPPORT))
    rows: dict[str, Any] = import_module("truth").observe(*job)
    return rows


def pin_dialects(pool: Executor) -> None:
    """Pin every dialect that has an expected file, and `openai`."""
    truth = import_module("truth")
    truth.FOLDER.mkdir(exist_ok=True)
    for dialect in sorted({"openai", *(path.stem for path in truth.FOLDER.glob("*.yaml"))} & set(DIALECTS)):
        found = pool.map(_truth, [(dialect, model) for model in truth.MODELS])
        pins = {model: rows for model, rows in zip(truth.MODELS, found, strict=True) if rows}
        truth.path_of(dialect).write_text(truth.dump(dialect, pins), encoding="utf-8")


def main(names: Sequence[str]) -> int:
    """Pin all faults and dialects, or only the faults named; returns the exit code."""
    sys.path.insert(0, str(SUPPORT))
    pins = import_module("pins")
    known: dict[str, dict[str, Any]] = pins.load()
    before = set(pins.uncaught(known))
    chosen = [name for name in pins.FAULTS if not names or name in names]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        if not names:
            pin_dialects(pool)
        known |= dict(zip(chosen, pool.map(_observe, chosen, chunksize=8), strict=True))
    entries = {name: known[name] for name in pins.FAULTS if name in known}
    pins.save(entries)
    now = set(pins.uncaught(entries))
    print(f"{len(entries)} faults, {len(now)} uncaught; newly caught: {len(before - now)}")
    for name in sorted(now - before):
        print(f"newly uncaught: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
