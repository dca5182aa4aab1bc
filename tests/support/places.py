"""Where things lie: the checkout, what is pinned, and the material that may lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRUTH = ROOT / "tests" / "truth"
SHARED = ROOT.parent / "shared"
CORPUS = SHARED / "corpus"
