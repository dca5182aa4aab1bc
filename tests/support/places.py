"""Where things lie: the checkout, what is pinned, and the material that may lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TRUTH = ROOT / "tests" / "truth"
SHARED = ROOT.parent / "shared"
CORPUS = SHARED / "corpus"
OPENAI_SHAPED = (
    "ai-gateway",
    "anthropic",
    "chatlas",
    "ellmer",
    "fantasy",
    "langchaingo",
    "llm",
    "logfire",
    "mirascope",
    "openllmetry",
    "openllmetry-js",
    "pydantic-ai",
    "ruby_llm",
)
"""The folders of the corpus that hold exchanges of this API, in every form in which they lie."""
