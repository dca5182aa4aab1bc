"""The models that the reference provider serves, and what each of them can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SAMPLING = (
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
)
_FULL = (
    *_SAMPLING,
    "n",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
)
_FEATURES = ("tools", "json_mode", "structured_outputs", "logprobs")


@dataclass(frozen=True)
class ModelCard:
    """One served model."""

    id: str
    created: int
    kind: str = "chat"  # chat | embedding
    obeys: bool = True  # follows instructions and calls tools of its own accord
    thinks: bool = False
    features: tuple[str, ...] = _FEATURES
    parameters: tuple[str, ...] = _FULL
    modalities: tuple[str, ...] = ("text", "image")
    context_length: int = 1_048_576  # tokens
    max_output_length: int = 32_768  # tokens
    prompt_price: str = "0.000001"  # USD per token
    completion_price: str = "0.000002"

    def entry(self) -> dict[str, Any]:
        """The four fields of a model object."""
        return {"id": self.id, "object": "model", "created": self.created, "owned_by": "reference"}

    def metadata(self) -> dict[str, Any]:
        """The model object with its capability metadata."""
        output = ("embeddings",) if self.kind == "embedding" else ("text",)
        return {
            **self.entry(),
            "name": self.id.replace("-", " ").title(),
            "supported_features": list(self.features),
            "supported_parameters": list(self.parameters),
            "input_modalities": list(self.modalities),
            "output_modalities": list(output),
            "context_length": self.context_length,
            "max_output_length": self.max_output_length,
            "pricing": {"prompt": self.prompt_price, "completion": self.completion_price},
        }

    def offers(self, feature: str) -> bool:
        """Whether the model has the feature, by its metadata name."""
        return feature in self.features


_CARDS = (
    ModelCard("reference-chat", 1_760_000_000),
    ModelCard(
        "reference-thinker",
        1_760_000_100,
        thinks=True,
        features=(*_FEATURES, "reasoning"),
        parameters=(*_FULL, "reasoning_effort"),
    ),
    ModelCard("reference-dumb", 1_760_000_200, obeys=False),
    ModelCard(
        "reference-text",
        1_760_000_300,
        features=(),
        parameters=_SAMPLING,
        modalities=("text",),
        context_length=8_192,
        max_output_length=4_096,
    ),
    ModelCard(
        "reference-embedding",
        1_760_000_400,
        kind="embedding",
        features=(),
        parameters=("dimensions", "encoding_format"),
        modalities=("text",),
        context_length=8_192,
        max_output_length=1,
    ),
)

MODELS: Mapping[str, ModelCard] = {card.id: card for card in _CARDS}
"""Every served model, by id, in the order of the list."""
